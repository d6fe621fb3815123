// SPDX-License-Identifier: Apache-2.0
#include "mountfd.h"

#include <sys/mount.h>
#include <sys/syscall.h>

namespace secure::mountfd {

namespace {

// The file system context is readable: each read(2) gives one message, "e text" for errors.
std::string explain(int fs) {
  std::string out;
  char line[512];
  for (;;) {
    ssize_t n = ::read(fs, line, sizeof line);
    if (n <= 0) return out;
    std::string_view text(line, static_cast<std::size_t>(n));
    if (text.size() > 2 && text[1] == ' ') text.remove_prefix(2);
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    out += out.empty() ? " (" : "; ";
    out += text;
  }
}

Error explained(int fs, int err, std::string what) {
  std::string why = explain(fs);
  if (!why.empty()) what += why + ")";
  return fail(Stage::mount, "MOUNT_FAILED", err, std::move(what));
}

Status set_options(int fs, const FsOptions& options, const std::string& what) {
  for (const auto& [key, value] : options) {
    int rc = value.empty() ? ::fsconfig(fs, FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0)
                           : ::fsconfig(fs, FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0);
    if (rc == 0) continue;
    const int e = errno;
    std::string why = explain(fs);
    // A flag of mount(2) alone. File systems that count versions always do since Linux 6.1.
    if (key == "iversion") continue;
    return fail(Stage::mount, "MOUNT_FAILED", e, "set option " + key + (value.empty() ? "" : "=" + value) + " of " + what + (why.empty() ? "" : why + ")"));
  }
  return Ok{};
}

}  // namespace

Status reconfigure(int target, const FsOptions& options, const std::string& what) {
  Fd fs(::fspick(target, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC));
  if (!fs.valid()) return fail(Stage::mount, "MOUNT_FAILED", errno, "pick the file system of " + what);
  SECURE_TRY(set_options(fs.get(), options, what));
  if (::fsconfig(fs.get(), FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) < 0) return explained(fs.get(), errno, "change the file system of " + what);
  return Ok{};
}

Result<Fd> create(const std::string& fstype, const std::string& source, const FsOptions& options,
                  std::uint64_t attributes) {
  Fd fs(::fsopen(fstype.c_str(), FSOPEN_CLOEXEC));
  if (!fs.valid()) return fail(Stage::mount, "MOUNT_FAILED", errno, "open file system type " + fstype);
  if (!source.empty() && ::fsconfig(fs.get(), FSCONFIG_SET_STRING, "source", source.c_str(), 0) < 0)
    return explained(fs.get(), errno, "set the source of " + fstype);
  SECURE_TRY(set_options(fs.get(), options, fstype));
  if (::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    int e = errno;
    return explained(fs.get(), e, "create " + fstype);
  }
  Fd mount(::fsmount(fs.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
  if (!mount.valid()) {
    int e = errno;
    return explained(fs.get(), e, "mount " + fstype);
  }
  return mount;
}

Result<Fd> clone(int dirfd, const std::string& path, bool recursive, bool nofollow) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  if (recursive) flags |= AT_RECURSIVE;
  if (nofollow) flags |= AT_SYMLINK_NOFOLLOW;
  if (path.empty()) flags |= AT_EMPTY_PATH;
  Fd mount(::open_tree(dirfd, path.c_str(), flags));
  if (!mount.valid())
    return fail(Stage::mount, errno == ENOENT ? "NOT_FOUND" : "MOUNT_FAILED", errno, "clone the mount at " + (path.empty() ? "a descriptor" : path));
  return mount;
}

Status set_attributes(int mount, const Attributes& attributes, bool recursive, const std::string& what) {
  if (attributes.set == 0 && attributes.clear == 0 && attributes.propagation == 0) return Ok{};
  mount_attr attr{};
  attr.attr_set = attributes.set;
  attr.attr_clr = attributes.clear;
  attr.propagation = attributes.propagation;
  if (::mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U), &attr, sizeof attr) < 0)
    return fail(Stage::mount, "MOUNT_FAILED", errno, "set the mount attributes of " + what,
                errno == EPERM ? "a mount that came with a user namespace keeps its ro, nosuid, nodev, noexec and access-time flags: cannot clear locked flags"
                : errno == EINVAL ? "only what is a mount point has attributes, and nosymfollow needs Linux 5.14" : "");
  return Ok{};
}

Status idmap(int mount, int userns, bool recursive, const std::string& what) {
  mount_attr attr{};
  attr.attr_set = MOUNT_ATTR_IDMAP;
  attr.userns_fd = static_cast<std::uint64_t>(userns);
  if (::mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U), &attr, sizeof attr) < 0) {
    if (errno == EINVAL)
      return fail(Stage::mount, "IDMAP_UNSUPPORTED", EINVAL, "map the ids of " + what,
                  "its file system does not support id-mapped mounts (NFS and overlay do not)");
    return fail(Stage::mount, "MOUNT_FAILED", errno, "map the ids of " + what);
  }
  return Ok{};
}

Status set_propagation(int mount, unsigned long propagation, bool recursive, const std::string& what) {
  mount_attr attr{};
  attr.propagation = propagation;
  if (::mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U), &attr, sizeof attr) < 0)
    return fail(Stage::mount, "MOUNT_FAILED", errno, "set the propagation of " + what);
  return Ok{};
}

Status attach(int mount, int target, const std::string& what) {
  if (::move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
    return fail(Stage::mount, "MOUNT_FAILED", errno, "attach " + what);
  return Ok{};
}

}  // namespace secure::mountfd
