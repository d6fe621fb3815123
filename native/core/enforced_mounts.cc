// SPDX-License-Identifier: Apache-2.0
// Mounts of the container as its kernel has them, and descriptors that lead out of it. Paths are opened beneath /proc/PID/root
// with O_PATH: nothing of the container's is followed out of it, read, or waited for.
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "enforced_parts.h"

namespace secure::enforced {

namespace {

constexpr std::size_t kShown = 8;  // offenders named in full; the rest is counted
constexpr unsigned kMountId = 0x1000;  // STATX_MNT_ID, Linux 5.8

struct Place {
  Fd fd;
  struct statx st {};
  int err = 0;
};

Place open_inside(int root, const std::string& path, bool follow) {
  Place place;
  place.fd = Fd(sys_openat2(root, path.c_str(), O_PATH | (follow ? 0U : static_cast<unsigned>(O_NOFOLLOW)), 0,
                            RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
  if (!place.fd.valid()) place.err = errno;
  else if (::statx(place.fd.get(), "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | kMountId, &place.st) < 0) place.err = errno;
  return place;
}

bool read_only(const Place& place) {
  struct statfs fs {};
  return ::fstatfs(place.fd.get(), &fs) == 0 && (static_cast<unsigned long>(fs.f_flags) & 1UL) != 0;  // ST_RDONLY
}

// Only a tmpfs is read, so that no file system of the container's own is asked for its entries.
bool empty_tmpfs(const Place& place) {
  struct statfs fs {};
  if (::fstatfs(place.fd.get(), &fs) < 0 || fs.f_type != TMPFS_MAGIC) return false;
  Fd dir(::openat(place.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  DIR* stream = dir.valid() ? ::fdopendir(dir.get()) : nullptr;
  if (stream == nullptr) return false;
  (void)dir.release();
  bool empty = true;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") empty = false;
  }
  ::closedir(stream);
  return empty;
}

bool masked(const Place& place) {
  if ((place.st.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) return false;
  if (S_ISCHR(place.st.stx_mode)) return place.st.stx_rdev_major == 1 && place.st.stx_rdev_minor == 3;  // /dev/null
  return S_ISDIR(place.st.stx_mode) && read_only(place) && empty_tmpfs(place);
}

std::string summary(const std::vector<std::string>& bad, const std::string& good) {
  if (bad.empty()) return good;
  std::vector<std::string> head(bad.begin(), bad.begin() + static_cast<std::ptrdiff_t>(std::min(bad.size(), kShown)));
  return join(head) + (bad.size() > kShown ? " and " + std::to_string(bad.size() - kShown) + " more" : "");
}

template <typename Test>
void prove_paths(int root, const char* name, const std::vector<std::string>& paths, const char* evidence, Test holds,
                 std::vector<Control>& out) {
  std::vector<std::string> bad;
  std::size_t absent = 0;
  for (const auto& path : paths) {
    const Place place = open_inside(root, path, false);
    if (place.err == ENOENT || place.err == ENOTDIR) ++absent;
    else if (place.err != 0 || !holds(place)) bad.push_back(path);
  }
  Control control{name, "", bad.empty() && !paths.empty(), "", evidence, false};
  if (!paths.empty()) control.planned = std::to_string(paths.size()) + " paths";
  control.actual = summary(bad, std::to_string(paths.size() - absent) + " in force, " + std::to_string(absent) + " do not exist");
  if (!bad.empty()) control.actual = "not: " + control.actual;
  out.push_back(std::move(control));
}

const MountLine* find_mount(const std::vector<MountLine>& mounts, std::uint64_t id) {
  for (const auto& mount : mounts)
    if (mount.id == id) return &mount;
  return nullptr;
}

// The flags that a mount's options ask for; as in mount(8) the last word on each counts.
std::vector<std::string> wanted_flags(const spec::Mount& mount) {
  static constexpr const char* kPairs[][2] = {{"ro", "rw"}, {"nosuid", "suid"}, {"nodev", "dev"}, {"noexec", "exec"},
                                              {"nosymfollow", "symfollow"}};
  std::vector<std::string> out;
  for (const auto& [on, off] : kPairs) {
    bool set = false;
    for (const auto& option : mount.options) set = option == on || option == std::string("r") + on ? true : option == off ? false : set;
    if (set) out.emplace_back(on);
  }
  return out;
}

void prove_flags(int root, const spec::Spec& plan, const std::vector<MountLine>& mounts, std::vector<Control>& out) {
  std::vector<std::string> bad;
  for (const auto& wanted : plan.mounts) {
    const auto flags = wanted_flags(wanted);
    if (flags.empty()) continue;
    const Place place = open_inside(root, wanted.destination, true);
    const MountLine* mount = place.err == 0 ? find_mount(mounts, place.st.stx_mnt_id) : nullptr;
    std::vector<std::string> lacking;
    for (const auto& flag : flags)
      if (mount == nullptr || !mount->has(flag)) lacking.push_back(flag);
    if (mount == nullptr) bad.push_back(wanted.destination + ": no mount found");
    else if (!lacking.empty()) bad.push_back(wanted.destination + " lacks " + join(lacking, ","));
  }
  out.push_back({"mounts", plan.mounts.empty() ? "" : "flags of " + std::to_string(plan.mounts.size()) + " mounts", bad.empty(),
                 summary(bad, "all flags as planned"), "/proc/PID/mountinfo", false});
}

// A writable mount outside /dev must take no set-user-id program and no device node. A single bound file holds neither.
void prove_writable(int root, const std::vector<MountLine>& mounts, std::vector<Control>& out) {
  std::vector<std::string> bad;
  std::size_t writable = 0;
  for (const auto& mount : mounts) {
    if (mount.read_only() || mount.point == "/dev") continue;
    ++writable;
    if (mount.has("nosuid") && mount.has("nodev")) continue;
    const Place place = open_inside(root, mount.point, false);
    if (place.err == 0 && !S_ISDIR(place.st.stx_mode)) continue;
    if (mount.type == "devpts" && mount.has("nosuid")) continue;
    bad.push_back(mount.point + " lacks " + (mount.has("nosuid") ? "nodev" : mount.has("nodev") ? "nosuid" : "nosuid,nodev"));
  }
  out.push_back({"writable-mounts", "", bad.empty(), summary(bad, std::to_string(writable) + " writable, all nosuid and nodev"),
                 "/proc/PID/mountinfo", false});
}

// A descriptor on a mount that the container does not have leads out of it (CVE-2024-21626). The first three are the
// log's or the terminal's; pipes, sockets and anonymous files have no mount to leave through.
void prove_descriptors(const Subject& subject, const std::vector<MountLine>& mounts, std::vector<Control>& out) {
  Control control{"descriptors", "0, 1 and 2 at most from outside", std::nullopt, "cannot be read", "/proc/PID/fd, fdinfo mnt_id", false};
  Fd dir(::openat(subject.proc.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* stream = dir.valid() ? ::fdopendir(dir.get()) : nullptr;
  if (stream == nullptr) return out.push_back(std::move(control));
  std::size_t count = 0;
  std::vector<std::string> bad;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    ++count;
    char target[PATH_MAX];
    const ssize_t n = ::readlinkat(dir.get(), name.c_str(), target, sizeof target);
    if (n <= 0 || target[0] != '/' || std::atoi(name.c_str()) <= 2) continue;
    const std::string path(target, static_cast<std::size_t>(n));
    if (path.starts_with("/memfd:")) continue;
    const std::string info = read_text(subject, "fdinfo/" + name);
    const std::size_t at = info.find("mnt_id:");
    if (at == std::string::npos) continue;  // closed in the meantime
    if (find_mount(mounts, std::strtoull(info.c_str() + at + 7, nullptr, 10)) == nullptr) bad.push_back(name + " -> " + path);
  }
  (void)dir.release();
  ::closedir(stream);
  control.in_force = bad.empty();
  control.actual = std::to_string(count) + " open; " + (bad.empty() ? "none leads out" : "outside: " + summary(bad, ""));
  out.push_back(std::move(control));
}

}  // namespace

void prove_mounts(const Subject& subject, std::vector<Control>& out) {
  const auto mounts = parse_mountinfo(read_text(subject, "mountinfo"));
  Fd root(::openat(subject.proc.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto& plan = *subject.plan;

  const Place top = open_inside(root.get(), "/", true);
  const MountLine* mount = top.err == 0 ? find_mount(mounts, top.st.stx_mnt_id) : nullptr;
  Control rootfs{"rootfs", plan.root_readonly ? "read-only" : "", mount != nullptr && mount->read_only(), "not found",
                 "/proc/PID/mountinfo /", false};
  if (mount != nullptr) rootfs.actual = mount->type + " " + join(mount->flags, ",").substr(0, 200);
  out.push_back(std::move(rootfs));

  prove_paths(root.get(), "masked-paths", plan.masked_paths, "/dev/null or an empty read-only tmpfs on top of each", masked, out);
  prove_paths(root.get(), "readonly-paths", plan.readonly_paths, "statfs ST_RDONLY beneath /proc/PID/root", read_only, out);
  prove_flags(root.get(), plan, mounts, out);
  prove_writable(root.get(), mounts, out);
  prove_descriptors(subject, mounts, out);
}

}  // namespace secure::enforced
