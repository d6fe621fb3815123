// SPDX-License-Identifier: Apache-2.0
// Container side: new file systems, in the container's namespaces.
#include "rootfs_make.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "lsm.h"

namespace secure::rootfs {

namespace {

// They share a superblock with other mounts of the kernel, or have none to be read-only: for these "ro" is of the mount alone.
// A file system on a device has to hear it, too: its journal would be replayed otherwise.
bool readonly_by_mount(const std::string& type) {
  static constexpr std::array<std::string_view, 8> kTypes{"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2", "ramfs"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

bool has(const mountfd::FsOptions& options, std::string_view key) {
  return std::any_of(options.begin(), options.end(), [&](const auto& one) { return one.first == key; });
}

// Labels go where the kernel has no file of its own to label; engines relabel what they bring.
bool labelled(const std::string& type) { return type != "proc" && type != "sysfs" && type != "mqueue" && type != "cgroup" && type != "cgroup2"; }

// Inside a user namespace whose network namespace is not its own, sysfs cannot be made (EPERM): the host's is shown instead, read-only as a
// whole since most of it is not the container's.
Result<Fd> host_sysfs(const Planned& p, Error error) {
  if (error.err != EPERM || p.mount->type != "sysfs" || !p.options.readonly()) {
    if (error.err == EPERM && p.mount->type == "sysfs") error.hint = "a user namespace needs a network namespace of its own for sysfs, or option ro";
    return error;
  }
  SECURE_LET(tree, mountfd::clone(AT_FDCWD, "/sys", true));
  SECURE_TRY(mountfd::set_propagation(tree.get(), MS_PRIVATE, true, p.name()));
  SECURE_TRY(mountfd::set_attributes(tree.get(), {p.options.attributes.set | MOUNT_ATTR_RDONLY, 0}, true, p.name()));
  return tree;
}

// SELinux has its label in an extended attribute of the queue's root, which no mount option sets. With a user namespace it cannot be
// set from within (EPERM), as that root belongs to who made the namespace: the queues keep the kernel's label, and are refused.
Status label_root(const Planned& p, int mount, const std::string& label) {
  SECURE_LET(top, open_nofollow(mount, ".", O_RDONLY | O_DIRECTORY));
  if (!lsm::label_file(top.get(), label) && errno != EPERM)
    return fail(Stage::mount, "MOUNT_FAILED", errno, p.name() + ": set /linux/mountLabel");
  return Ok{};
}

}  // namespace

bool late_readonly(const Planned& p) {
  return p.options.readonly() && ((!p.options.bind && (p.mount->type == "tmpfs" || p.mount->type == "ramfs")) || p.destination == "/dev");
}

Result<Fd> make(const Tree& tree, const Planned& p, int target, bool existed) {
  const std::string& label = tree.mount_label;
  const std::string& type = p.mount->type;
  mountfd::FsOptions options = p.options.super;
  // As runc and crun: a tmpfs looks like the directory that it covers.
  if (type == "tmpfs" && existed && !has(p.options.fs, "mode")) {
    struct stat st {};
    char mode[16];
    if (::fstat(target, &st) < 0) return fail(Stage::mount, "MOUNT_FAILED", errno, "look at " + p.destination);
    (void)std::snprintf(mode, sizeof mode, "%o", st.st_mode & 07777);
    options.emplace_back("mode", mode);
  }
  if (p.options.readonly() && !readonly_by_mount(type)) options.emplace_back("ro", "");
  options.insert(options.end(), p.options.fs.begin(), p.options.fs.end());
  if (!label.empty() && labelled(type)) options.emplace_back(tree.label_option.empty() ? "context" : tree.label_option, label);
  std::uint64_t attributes = p.options.attributes.set;
  if (late_readonly(p)) attributes &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  auto made = mountfd::create(type, p.mount->source.empty() ? type : p.mount->source, options, attributes);
  if (!made) {
    made.error().message = p.name() + ": " + made.error().message;
    return host_sysfs(p, std::move(made.error()));
  }
  if (!label.empty() && type == "mqueue") SECURE_TRY(label_root(p, made->get(), label));
  if (p.options.propagation.type != 0)
    SECURE_TRY(mountfd::set_propagation(made->get(), p.options.propagation.type, p.options.propagation.recursive, p.name()));
  return made;
}

void set_label(Tree& tree, const spec::Spec& spec) {
  if (spec.mount_label.empty() || !lsm::has_selinux()) return;
  tree.mount_label = spec.mount_label;
  const std::string option = spec::annotation(spec, "run.oci.mount_context_type");
  if (option == "context" || option == "fscontext" || option == "defcontext" || option == "rootcontext") tree.label_option = option;
}

Status remount(const Tree& tree, const Planned& p, int target) {
  struct stat st {};
  if (::fstat(target, &st) < 0) return fail(Stage::mount, "MOUNT_FAILED", errno, p.name() + ": look at it");
  const bool ours = std::find(tree.made.begin(), tree.made.end(), st.st_dev) != tree.made.end();
  if (!p.options.fs.empty() || !p.options.super.empty()) {
    // The superblock of a bind is the host's: everybody's mounts of it would change.
    if (!ours) return fail(Stage::config, "CONFIG_INVALID", 0, p.name() + ": options of a file system that the host has mounted cannot be changed");
    mountfd::FsOptions options = p.options.super;
    options.insert(options.end(), p.options.fs.begin(), p.options.fs.end());
    SECURE_TRY(mountfd::reconfigure(target, options, p.name()));
  }
  SECURE_TRY(mountfd::set_attributes(target, p.options.attributes, false, p.name()));
  SECURE_TRY(mountfd::set_attributes(target, p.options.recursive_attributes, true, p.name()));
  if (p.options.propagation.type == 0) return Ok{};
  return mountfd::set_propagation(target, p.options.propagation.type, p.options.propagation.recursive, p.name());
}

}  // namespace secure::rootfs
