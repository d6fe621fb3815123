// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <array>

#include "mountfd.h"
#include "rootfs.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452  // Linux 6.6
#endif

namespace secure::rootfs {

namespace {

mode_t node_type(char type) {
  if (type == 'b') return S_IFBLK;
  return type == 'p' ? S_IFIFO : S_IFCHR;
}

// `plain`: what is made in the directory belongs to whoever makes it, root.
Status make_node(int dir, bool plain, const std::string& name, const Device& device) {
  const spec::Device& node = device.node;
  dev_t rdev = makedev(static_cast<unsigned>(node.major), static_cast<unsigned>(node.minor));
  mode_t type = node_type(node.type);
  if (::mknodat(dir, name.c_str(), type | node.mode, rdev) == 0) {
    if (plain && node.uid == 0 && node.gid == 0) return Ok{};
  } else if (errno != EEXIST) {
    return fail(Stage::rootfs, "DEVICE_FAILED", errno, "make the device " + device.path);
  }
  // Never reopened by name through a link and never chown'd unless it is exactly the node wanted
  // (CVE-2026-88264, CVE-2026-88265).
  SECURE_LET(fd, open_nofollow(dir, name, O_PATH));
  struct stat st {};
  if (::fstat(fd.get(), &st) < 0 || (st.st_mode & S_IFMT) != type || (type != S_IFIFO && st.st_rdev != rdev))
    return fail(Stage::rootfs, "DEVICE_FAILED", EEXIST, device.path + " of the image is something else",
                "mount a tmpfs on /dev, as every engine does");
  if (::fchownat(fd.get(), "", node.uid, node.gid, AT_EMPTY_PATH) < 0)
    return fail(Stage::rootfs, "DEVICE_FAILED", errno, "give " + device.path + " its owner");
  // Only a node of the image can have another mode: ours was made with it. By descriptor, since another container that
  // has this directory as a volume may put a link in the node's place, and a link would still lead to the host here.
  if ((st.st_mode & 07777) != node.mode && ::syscall(SYS_fchmodat2, fd.get(), "", node.mode, AT_EMPTY_PATH) < 0)
    return fail(Stage::rootfs, "DEVICE_FAILED", errno, "give " + device.path + " its mode",
                errno == ENOSYS ? "mount a tmpfs on /dev, as every engine does" : "");
  return Ok{};
}

// A node is bound over an empty file, which an earlier start may have left, or over itself.
Status check_mount_point(int target, const Device& device) {
  struct stat st {};
  const mode_t type = node_type(device.node.type);
  const dev_t rdev = makedev(static_cast<unsigned>(device.node.major), static_cast<unsigned>(device.node.minor));
  if (::fstat(target, &st) == 0 && ((S_ISREG(st.st_mode) && st.st_size == 0) || ((st.st_mode & S_IFMT) == type && st.st_rdev == rdev))) return Ok{};
  return fail(Stage::rootfs, "DEVICE_FAILED", EEXIST, device.path + " of the image is something else", "mount a tmpfs on /dev, as every engine does");
}

}  // namespace

Status make_devices(int root, std::vector<Device>& devices, bool terminal) {
  // The mount point for the terminal; bound once the terminal exists.
  if (terminal) SECURE_TRY(resolve_or_create(root, "/dev/console", false, false));
  // None are wanted where a bind brought its own.
  if (devices.empty()) return Ok{};
  SECURE_LET(dev, resolve_or_create(root, "/dev", true, false));
  Fd parent;
  std::string parent_path;
  bool plain = false;
  for (auto& device : devices) {
    if (device.source.valid()) {
      SECURE_LET(target, resolve_or_create(root, device.path, false, false));
      SECURE_TRY(check_mount_point(target.get(), device));
      SECURE_TRY(mountfd::attach(device.source.get(), target.get(), device.path));
      continue;
    }
    std::size_t slash = device.path.rfind('/');
    const std::string wanted = slash == 0 ? "/" : device.path.substr(0, slash);
    if (wanted != parent_path) {
      SECURE_LET(opened, resolve_or_create(root, wanted, true, false));
      struct stat st {};
      plain = ::fstat(opened.get(), &st) == 0 && (st.st_mode & S_ISGID) == 0;
      parent = std::move(opened);
      parent_path = wanted;
    }
    SECURE_TRY(make_node(parent.get(), plain, device.path.substr(slash + 1), device));
  }
  struct Link {
    const char *name, *to;
  };
  static constexpr std::array<Link, 5> kLinks{{{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"},
      {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"}}};
  for (const auto& link : kLinks)
    if (::symlinkat(link.to, dev.get(), link.name) < 0 && errno != EEXIST && errno != EROFS)
      return fail(Stage::rootfs, "DEVICE_FAILED", errno, std::string("make /dev/") + link.name);
  return Ok{};
}

}  // namespace secure::rootfs
