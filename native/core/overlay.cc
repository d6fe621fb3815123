// SPDX-License-Identifier: Apache-2.0
#include "overlay.h"

#include <sys/mount.h>

#include "mountfd.h"

namespace secure::overlay {

namespace {

constexpr const char* kNotByDescriptor = "OVERLAY_DESCRIPTORS";

Status set_fd(int fs, const char* key, int value, const std::string& what) {
  // FSCONFIG_SET_FD for overlay: Linux 6.13. A descriptor cannot be exchanged as a path can,
  // and detached id-mapped layers have no path at all.
  if (::fsconfig(fs, FSCONFIG_SET_FD, key, nullptr, value) < 0)
    // EOPNOTSUPP: before Linux 6.5 overlay is of the old kind of file systems, which take no descriptor at all.
    return fail(Stage::rootfs, errno == EINVAL || errno == EOPNOTSUPP ? kNotByDescriptor : "MOUNT_FAILED", errno,
                std::string("give overlay its ") + key + " " + what);
  return Ok{};
}

}  // namespace

Result<Fd> mapped_layer(const std::string& path, int userns) {
  // Layers live below our own 0700 directory; still, no component may be a symbolic link.
  SECURE_LET(dir, open_nofollow(AT_FDCWD, path, O_PATH | O_DIRECTORY));
  SECURE_LET(mount, mountfd::clone(dir.get(), "", false));
  SECURE_TRY(mountfd::set_propagation(mount.get(), MS_PRIVATE, false, path));
  if (userns >= 0) SECURE_TRY(mountfd::idmap(mount.get(), userns, false, path));
  return mount;
}

Result<Fd> create(const Layers& layers, int userns) {
  auto mount = create_by_descriptor(layers, userns);
  if (!mount && mount.error().code == kNotByDescriptor) return create_by_path(layers, userns);
  return mount;
}

Result<Fd> create_by_descriptor(const Layers& layers, int userns) {
  Fd fs(::fsopen("overlay", FSOPEN_CLOEXEC));
  if (!fs.valid())
    return fail(Stage::rootfs, "HOST_FEATURE_MISSING", errno, "open file system type overlay",
                "load the overlay module: modprobe overlay");
  if (::fsconfig(fs.get(), FSCONFIG_SET_STRING, "source", "overlay", 0) < 0)
    return fail(Stage::rootfs, "MOUNT_FAILED", errno, "name the overlay");
  // Topmost first, as overlay wants.
  std::vector<Fd> held;
  for (auto it = layers.lower.rbegin(); it != layers.lower.rend(); ++it) {
    SECURE_LET(layer, mapped_layer(*it, userns));
    SECURE_TRY(set_fd(fs.get(), "lowerdir+", layer.get(), *it));
    held.push_back(std::move(layer));
  }
  if (!layers.upper.empty()) {
    SECURE_LET(upper, open_nofollow(AT_FDCWD, layers.upper, O_PATH | O_DIRECTORY));
    SECURE_LET(work, open_nofollow(AT_FDCWD, layers.work, O_PATH | O_DIRECTORY));
    SECURE_TRY(set_fd(fs.get(), "upperdir", upper.get(), layers.upper));
    SECURE_TRY(set_fd(fs.get(), "workdir", work.get(), layers.work));
  }
  if (!layers.label.empty() && ::fsconfig(fs.get(), FSCONFIG_SET_STRING, "context", layers.label.c_str(), 0) < 0)
    return fail(Stage::rootfs, "MOUNT_FAILED", errno, "/linux/mountLabel: label the overlay");
  if (::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    int e = errno;
    char line[512];
    ssize_t n = ::read(fs.get(), line, sizeof line - 1);
    std::string why = n > 0 ? " (" + std::string(line, static_cast<std::size_t>(n)) + ")" : "";
    return fail(Stage::rootfs, e == ENOSPC ? "NO_SPACE" : "MOUNT_FAILED", e, "create the overlay" + why);
  }
  Fd mount(::fsmount(fs.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  if (!mount.valid()) return fail(Stage::rootfs, "MOUNT_FAILED", errno, "mount the overlay");
  return mount;
}

}  // namespace secure::overlay
