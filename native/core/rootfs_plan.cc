// SPDX-License-Identifier: Apache-2.0
// The host side: everything of the host that a container gets is opened here, once, by descriptor.
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>

#include "mountfd.h"
#include "rootfs.h"

namespace secure::rootfs {

namespace {

struct Standard {
  const char* path;
  unsigned major, minor;
};
// runtime-spec, config-linux.md "Default Devices".
constexpr std::array<Standard, 6> kDevices{{{"/dev/null", 1, 3}, {"/dev/zero", 1, 5}, {"/dev/full", 1, 7},
                                            {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}}};

Result<Fd> clone_device(const spec::Device& node) {
  SECURE_LET(fd, open_nofollow(AT_FDCWD, node.path, O_PATH));
  struct stat st {};
  if (::fstat(fd.get(), &st) < 0) return fail(Stage::rootfs, "DEVICE_FAILED", errno, "look at " + node.path);
  mode_t type = node.type == 'b' ? S_IFBLK : S_IFCHR;
  if ((st.st_mode & S_IFMT) != type || st.st_rdev != makedev(static_cast<unsigned>(node.major), static_cast<unsigned>(node.minor)))
    return fail(Stage::rootfs, "DEVICE_FAILED", ENODEV,
                node.path + " of the host is not device " + std::to_string(node.major) + ":" + std::to_string(node.minor));
  SECURE_LET(mount, mountfd::clone(fd.get(), "", false));
  SECURE_TRY(mountfd::set_attributes(mount.get(), {MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0}, false, node.path));
  return mount;
}

Result<Planned> plan_bind(Planned planned, bool resolved) {
  const auto& mount = *planned.mount;
  if (mount.source.empty() || mount.source[0] != '/')
    return fail(Stage::mount, "CONFIG_INVALID", 0, "the source of the bind on " + mount.destination + " must be an absolute path");
  // O_PATH, so that a FIFO or a device cannot block or act; the clone below is of exactly this inode. A plan's sources
  // were resolved when it was decided: a link on the way now is one that was put there since (CVE-2017-1002101).
  std::uint64_t resolve = RESOLVE_NO_MAGICLINKS;
  if (resolved) resolve |= RESOLVE_NO_SYMLINKS;
  int fd = sys_openat2(AT_FDCWD, mount.source.c_str(), O_PATH, 0, resolve);
  if (fd < 0)
    return fail(Stage::mount, errno == ENOENT ? "MOUNT_SOURCE_MISSING" : "MOUNT_FAILED", errno, "open the bind source " + mount.source,
                errno == ENOENT ? "create it first: a missing source is never made for you" : "");
  Fd source(fd);
  struct stat st {};
  if (::fstat(source.get(), &st) < 0) return fail(Stage::mount, "MOUNT_FAILED", errno, "look at " + mount.source);
  planned.source_is_directory = S_ISDIR(st.st_mode);
  SECURE_LET(tree, mountfd::clone(source.get(), "", planned.options.recursive_bind));
  unsigned long propagation = MS_PRIVATE;
  if (planned.options.propagation != 0) propagation = planned.options.propagation;
  SECURE_TRY(mountfd::set_propagation(tree.get(), propagation, true, mount.source));
  planned.source = std::move(tree);
  return planned;
}

}  // namespace

Result<std::vector<Planned>> plan_mounts(const spec::Spec& spec) {
  std::vector<Planned> out;
  for (const auto& mount : spec.mounts) {
    Planned planned;
    planned.mount = &mount;
    SECURE_LET(options, mount_options::parse(mount.options));
    planned.options = std::move(options);
    if (mount.type == "bind" || planned.options.bind) {
      planned.options.bind = true;
      SECURE_LET(bind, plan_bind(std::move(planned), spec.secure.has_value()));
      planned = std::move(bind);
    }
    out.push_back(std::move(planned));
  }
  return out;
}

Result<std::vector<Device>> plan_devices(const spec::Spec& spec, bool own_userns) {
  std::vector<Device> out;
  auto add = [&](const spec::Device& node) -> Status {
    Device device;
    device.path = node.path;
    device.node = node;
    // mknod(2) is refused inside a user namespace: the host's node is bound instead.
    if (own_userns && (node.type == 'c' || node.type == 'b' || node.type == 'u')) {
      SECURE_LET(source, clone_device(node));
      device.source = std::move(source);
    }
    out.push_back(std::move(device));
    return Ok{};
  };
  for (const auto& d : kDevices) {
    bool listed = false;
    for (const auto& node : spec.devices) listed = listed || node.path == d.path;
    if (!listed) SECURE_TRY(add(spec::Device{d.path, 'c', d.major, d.minor, 0666, 0, 0}));
  }
  for (const auto& node : spec.devices) SECURE_TRY(add(node));
  return out;
}

Result<Covers> plan_covers() {
  Covers out;
  SECURE_LET(null, clone_device(spec::Device{"/dev/null", 'c', 1, 3, 0666, 0, 0}));
  SECURE_TRY(mountfd::set_attributes(null.get(), {MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, 0}, false, "/dev/null"));
  out.null.mount = std::move(null);
  SECURE_LET(empty, mountfd::create("tmpfs", "tmpfs", {{"size", "4k"}, {"nr_inodes", "1"}, {"mode", "0555"}},
                                    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  out.empty.mount = std::move(empty);
  return out;
}

}  // namespace secure::rootfs
