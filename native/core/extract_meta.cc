// SPDX-License-Identifier: Apache-2.0
#include "extract_meta.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "extract_tree.h"

namespace secure::extract {

namespace {

constexpr std::string_view kCapability = "security.capability";

Status set_xattrs(int fd, const tar::Entry& entry) {
  for (const auto& [name, value] : entry.xattrs) {
    if (!xattr_allowed(name, entry.type)) continue;
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) continue;
    const int err = errno;
    const std::string doing = "set the attribute " + tar::quoted(name) + " of";
    // The kernel checks the shape of capabilities and the length of names.
    if (err == EINVAL || err == ERANGE || err == E2BIG)
      return tar::invalid(doing + " " + tar::quoted(entry.path) + ": the kernel refuses its value");
    return io_error(err, doing, entry.path);
  }
  return Ok{};
}

// In a user namespace the kernel takes only the ids that are mapped there (EINVAL). Which one it was, a second call tells.
Error owner_error(int err, const tar::Entry& entry, bool uid_fits) {
  if (err != EINVAL) return io_error(err, "set the owner of", entry.path);
  const std::string id = std::string(uid_fits ? "group " : "user ") + std::to_string(uid_fits ? entry.gid : entry.uid);
  return fail(Stage::image, "ID_UNMAPPED", err, tar::quoted(entry.path) + " belongs to " + id + ", which this user namespace does not have",
              std::string("give the user a larger range in ") + (uid_fits ? "/etc/subgid" : "/etc/subuid"));
}

}  // namespace

bool xattr_allowed(std::string_view name, tar::Type type) {
  if (name.find('\0') != std::string_view::npos) return false;
  if (name == kCapability) return type == tar::Type::file;
  if (type != tar::Type::file && type != tar::Type::directory) return false;
  return name.starts_with("user.") && name.size() > 5 && !name.starts_with("user.overlay.");
}

Status apply_meta(int fd, const tar::Entry& entry) {
  if (::fchown(fd, entry.uid, entry.gid) < 0) {
    const int err = errno;
    return owner_error(err, entry, ::fchown(fd, entry.uid, static_cast<gid_t>(-1)) == 0);
  }
  if (::fchmod(fd, entry.mode) < 0) return io_error(errno, "set the mode of", entry.path);
  SECURE_TRY(set_xattrs(fd, entry));
  const timespec stamp{entry.mtime, static_cast<long>(entry.mtime_nsec)};
  const timespec both[2] = {stamp, stamp};
  if (::futimens(fd, both) < 0) return io_error(errno, "set the time of", entry.path);
  return Ok{};
}

Status apply_link_meta(int dir, const char* name, const tar::Entry& entry) {
  if (::fchownat(dir, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) < 0) {
    const int err = errno;
    return owner_error(err, entry, ::fchownat(dir, name, entry.uid, static_cast<gid_t>(-1), AT_SYMLINK_NOFOLLOW) == 0);
  }
  const timespec stamp{entry.mtime, static_cast<long>(entry.mtime_nsec)};
  const timespec both[2] = {stamp, stamp};
  if (::utimensat(dir, name, both, AT_SYMLINK_NOFOLLOW) < 0) return io_error(errno, "set the time of", entry.path);
  return Ok{};
}

}  // namespace secure::extract
