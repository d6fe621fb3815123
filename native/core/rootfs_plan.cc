// SPDX-License-Identifier: Apache-2.0
// The host side: devices and covers of the host that a container gets, opened here, once, by descriptor.
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "mountfd.h"
#include "rootfs.h"
#include "userns.h"

namespace secure::rootfs {

namespace {

struct Standard {
  const char* path;
  unsigned major, minor;
};
// runtime-spec, config-linux.md "Default Devices".
constexpr std::array<Standard, 6> kDevices{{{"/dev/null", 1, 3}, {"/dev/zero", 1, 5}, {"/dev/full", 1, 7},
                                            {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}}};

dev_t number(const spec::Device& node) { return makedev(static_cast<unsigned>(node.major), static_cast<unsigned>(node.minor)); }
mode_t type(const spec::Device& node) { return node.type == 'b' ? S_IFBLK : S_IFCHR; }

Result<Fd> clone_node(int fd, const std::string& path) {
  SECURE_LET(mount, mountfd::clone(fd, "", false));
  // Out of the host's peer group: a container has no part in what is mounted there, and CRIU cannot restore that it has.
  SECURE_TRY(mountfd::set_attributes(mount.get(), {MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, MS_PRIVATE}, false, path));
  return mount;
}

Result<Fd> clone_device(const spec::Device& node) {
  SECURE_LET(fd, open_nofollow(AT_FDCWD, node.path, O_PATH));
  struct stat st {};
  if (::fstat(fd.get(), &st) < 0) return fail(Stage::rootfs, "DEVICE_FAILED", errno, "look at " + node.path);
  if ((st.st_mode & S_IFMT) != type(node) || st.st_rdev != number(node))
    return fail(Stage::rootfs, "DEVICE_FAILED", ENODEV,
                node.path + " of the host is not device " + std::to_string(node.major) + ":" + std::to_string(node.minor));
  return clone_node(fd.get(), node.path);
}

// A node that the host does not have, or has with another owner or mode: made on a file system of the host's user namespace, where
// mknod(2) is allowed, that nothing but this mount ever shows.
Result<Fd> make_device(const spec::Device& node, const spec::Spec& spec) {
  const auto uid = userns::to_host(spec.uid_mappings, node.uid), gid = userns::to_host(spec.gid_mappings, node.gid);
  if (!uid || !gid) return fail(Stage::config, "CONFIG_INVALID", 0, "/linux/devices: the owner of " + node.path + " is not mapped in the user namespace");
  SECURE_LET(stage, mountfd::create("tmpfs", "tmpfs", {{"size", "4k"}, {"nr_inodes", "2"}, {"mode", "0700"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
  const mode_t before = ::umask(0);
  const int made = ::mknodat(stage.get(), "node", type(node) | node.mode, number(node));
  const int e = errno;
  (void)::umask(before);
  if (made < 0) return fail(Stage::rootfs, "DEVICE_FAILED", e, "make the device " + node.path);
  SECURE_LET(fd, open_nofollow(stage.get(), "node", O_PATH));
  if (::fchownat(fd.get(), "", *uid, *gid, AT_EMPTY_PATH) < 0) return fail(Stage::rootfs, "DEVICE_FAILED", errno, "give " + node.path + " its owner");
  auto mount = clone_node(fd.get(), node.path);
  if (!mount) mount.error().hint = "before Linux 6.15 a user namespace gets the host's own devices only, with their owner and mode";
  return mount;
}

bool is_default(const std::string& path) {
  return std::any_of(kDevices.begin(), kDevices.end(), [&](const auto& one) { return path == one.path; });
}

// Option: the host's node where it is the same thing, since that costs nothing.
Result<Fd> device_source(const spec::Device& node, const spec::Spec& spec) {
  if (is_default(node.path)) return clone_device(node);
  struct stat st {};
  const bool same = ::lstat(node.path.c_str(), &st) == 0 && (st.st_mode & S_IFMT) == type(node) && st.st_rdev == number(node) &&
                    (st.st_mode & 07777) == node.mode && userns::to_host(spec.uid_mappings, node.uid) == st.st_uid &&
                    userns::to_host(spec.gid_mappings, node.gid) == st.st_gid;
  if (same) return clone_device(node);
  auto made = make_device(node, spec);
  // Where none can be made the host's own will do, as in runc and crun.
  if (!made && made.error().code != "CONFIG_INVALID")
    if (auto host = clone_device(node)) return host;
  return made;
}

// A bind there brings its own nodes, most often the host's: none of them may be changed.
bool brings_devices(const spec::Spec& spec) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(), [](const spec::Mount& mount) {
    return mount.destination == "/dev" && (mount.type == "bind" || std::any_of(mount.options.begin(), mount.options.end(), [](const auto& option) {
      return option == "bind" || option == "rbind";
    }));
  });
}

}  // namespace

Result<std::vector<Device>> plan_devices(const spec::Spec& spec, bool own_userns) {
  std::vector<Device> out;
  if (brings_devices(spec)) return out;
  auto add = [&](const spec::Device& node) -> Status {
    Device device;
    device.path = node.path;
    device.node = node;
    // mknod(2) is refused inside a user namespace: a node of the host is bound instead.
    if (own_userns && node.type != 'p') {
      SECURE_LET(source, device_source(node, spec));
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
  // /dev/ptmx is always the container's own.
  for (const auto& node : spec.devices)
    if (node.path != "/dev/ptmx") SECURE_TRY(add(node));
  return out;
}

Result<Covers> plan_covers(const spec::Spec& spec) {
  Covers out;
  if (spec.masked_paths.empty()) return out;
  SECURE_LET(null, clone_device(spec::Device{"/dev/null", 'c', 1, 3, 0666, 0, 0}));
  SECURE_TRY(mountfd::set_attributes(null.get(), {MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, 0}, false, "/dev/null"));
  out.null.mount = std::move(null);
  SECURE_LET(empty, mountfd::create("tmpfs", "tmpfs", {{"size", "4k"}, {"nr_inodes", "1"}, {"mode", "0555"}},
                                    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  out.empty.mount = std::move(empty);
  return out;
}

}  // namespace secure::rootfs
