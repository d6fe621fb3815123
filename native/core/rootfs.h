// SPDX-License-Identifier: Apache-2.0
// The file system of a container: from what the host gives to a finished, pivoted tree.
// Every object is reached by openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) from the root's
// descriptor and used by descriptor from then on.
#pragma once

#include <string>
#include <vector>

#include "cgroup.h"
#include "fd.h"
#include "mount_options.h"
#include "result.h"
#include "spec.h"

namespace secure::rootfs {

// What a source was when it was opened on the host.
struct Origin {
  std::string path;  // empty: it has none
  bool nofollow = false;
  std::uint64_t resolve = 0;
  dev_t device = 0;
  ino_t inode = 0;
  unsigned long propagation = 0;
};

// A mount of the config, made ready by the host side before the container exists.
struct Planned {
  const spec::Mount* mount = nullptr;
  mount_options::Parsed options;
  std::string destination;    // clean, absolute, inside the root
  Fd source;                  // for binds: a detached clone of the source
  Origin from;
  bool source_is_directory = true;
  bool locked = false;        // decide_locks()
  bool source_inside = false; // the source is a path of the root: bound when its turn comes, with what was mounted there before
  std::string inside;         // that path
  bool mapped_by_host = false; // decide_mappings()
  std::string link;           // copy-symlink: what the link at the source says
  Fd userns;                  // a mapping of its own

  // "/mounts/3 on /data", for errors.
  [[nodiscard]] std::string name() const;
};

struct Device {
  std::string path;
  Fd source;  // detached clone of the host's node; invalid: make it with mknod(2)
  spec::Device node;
};

// Host side, before clone. Opens every bind source and device on the host. Relative sources start at the bundle.
Result<std::vector<Planned>> plan_mounts(const spec::Spec& spec, const std::string& bundle);
// Host side: maps the binds that ask for it, through their own mapping or else `userns` (< 0: there is none).
Status map_sources(std::vector<Planned>& mounts, int userns);
Result<std::vector<Device>> plan_devices(const spec::Spec& spec, bool own_userns);
// A detached clone of the host's /dev/null, checked to be one (CVE-2025-31133), and an empty
// read-only directory: what masked paths are covered with.
struct Cover {
  Fd mount;
  bool attached = false;
  dev_t device = 0;
  ino_t inode = 0;
};
struct Covers {
  Cover null, empty;
};
Result<Covers> plan_covers(const spec::Spec& spec);

// Without a cgroup namespace a new cgroup mount would show the groups of the whole host: detached clones of the container's
// own group instead, one per hierarchy. Empty when there is such a namespace, or nothing is mounted.
Result<std::vector<Fd>> plan_cgroups(const spec::Spec& spec, const cgroup::Group& group);

// Which sources keep the restrictions that the host has put on them. Before the clone: both sides must come to the same answer.
void decide_locks(std::vector<Planned>& mounts);

// For a container with a user namespace: which sources inside the root the host side maps. Before the clone, as decide_locks().
void decide_mappings(std::vector<Planned>& mounts);
// Host side, while the other one is in mount_all(), which asks for them one by one.
Status map_inside(std::vector<Planned>& mounts, int sync);

// The detached root: the overlay of the plan, or the directory that the bundle names.
Result<Fd> take_root(const spec::Spec& spec, const std::string& bundle, int userns);
Origin origin_of_root(const spec::Spec& spec, const std::string& bundle, const Fd& root);
// Host side, for a new user namespace whose first process `pidfd` is: root in there cannot take back what the host's mounts restrict.
// The sources that this has replaced have to be sent to the process.
Status lock_flags(std::vector<Planned>& mounts, Fd& root, const Origin& root_from, int pidfd);
Status send_locked(const std::vector<Planned>& mounts, int sync);
Status receive_locked(std::vector<Planned>& mounts, int sync);
// That directory, absolute when the bundle is.
std::string root_path(const spec::Spec& spec, const std::string& bundle);

// Resolve `path` inside the root. The result is an O_PATH descriptor.
Result<Fd> resolve(int root, const std::string& path, bool follow = true);
// As resolve(), but a link at the end is the result.
Result<Fd> resolve_link(int root, const std::string& path);
// The same, creating what is missing: directories 0755, and for `directory` false an empty last file. What a dangling link
// points at is made inside the root, too. `existed`: whether nothing had to be.
Result<Fd> resolve_or_create(int root, const std::string& path, bool directory, bool follow = true, bool* existed = nullptr);

// What is being built: mounts that become read-only when everything is in place.
struct Tree {
  Fd root;
  int sync = -1;                    // to the host side, which maps the ids of some sources
  std::vector<Fd> late_readonly;
  bool remounts = false;            // a mount of the list is a remount: it has to know
  std::vector<unsigned long> made;  // the st_dev of the file systems made here
  std::string mount_label, label_option;  // SELinux; context unless an annotation names another mount option
};

// From the spec, and crun's annotation run.oci.mount_context_type; none where there is no SELinux. While the host's /sys is in sight.
void set_label(Tree& tree, const spec::Spec& spec);

// Container side, in this order.
Status attach_root(int root, const std::string& at = {});  // on `at` of the host where that can be reached, else out of sight
Status mount_all(Tree& tree, std::vector<Planned>& mounts);  // all but cgroup
Status mount_one(Tree& tree, Planned& planned);
Status make_devices(int root, std::vector<Device>& devices, bool terminal);
Status mount_cgroups(Tree& tree, std::vector<Planned>& mounts, const cgroup::Layout& layout, std::vector<Fd>& own);
Status mask(int root, const std::vector<std::string>& paths, Covers& covers);
Status make_readonly(int root, const std::vector<std::string>& paths);
// Read-only root, pivot_root, the old tree is gone. Without the pivot (for a host whose root is an initramfs) the old tree stays
// below the new root: only chroot(2), which CAP_SYS_CHROOT undoes, keeps the container from it.
Status finish(Tree& tree, const spec::Spec& spec, bool no_pivot);

}  // namespace secure::rootfs
