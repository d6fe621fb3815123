// SPDX-License-Identifier: Apache-2.0
// The container side of the file system: from one detached root mount to a finished, pivoted tree.
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

// A mount of the config, made ready by the host side before the container exists.
struct Planned {
  const spec::Mount* mount = nullptr;
  mount_options::Parsed options;
  Fd source;                  // for binds: a detached clone of the source
  bool source_is_directory = true;
};

struct Device {
  std::string path;
  Fd source;  // detached clone of the host's node; invalid: make it with mknod(2)
  spec::Device node;
};

// Host side, before clone. Opens every bind source and device on the host.
Result<std::vector<Planned>> plan_mounts(const spec::Spec& spec);
Result<std::vector<Device>> plan_devices(const spec::Spec& spec, bool own_userns);
// A detached clone of the host's /dev/null, checked to be one (CVE-2025-31133), and an empty
// read-only directory: what masked paths are covered with.
struct Cover {
  Fd mount;
  bool attached = false;
};
struct Covers {
  Cover null, empty;
};
Result<Covers> plan_covers();

// Without a cgroup namespace a new cgroup mount would show the groups of the whole host: detached clones of the container's
// own group instead, one per hierarchy. Empty when there is such a namespace, or nothing is mounted.
Result<std::vector<Fd>> plan_cgroups(const spec::Spec& spec, const cgroup::Group& group);

// Resolve `path` inside the root. The result is an O_PATH descriptor.
Result<Fd> resolve(int root, const std::string& path, bool follow = true);
// The same, creating what is missing: directories 0755, and for `directory` false an empty last file.
Result<Fd> resolve_or_create(int root, const std::string& path, bool directory, bool follow = true);

// Container side, in this order.
Status attach_root(int root);
Status mount_all(int root, std::vector<Planned>& mounts);  // all but cgroup
Status make_devices(int root, std::vector<Device>& devices, bool terminal);
Status mount_cgroups(int root, std::vector<Planned>& mounts, const cgroup::Layout& layout, std::vector<Fd>& own);
Status mask(int root, const std::vector<std::string>& paths, Covers& covers);
Status make_readonly(int root, const std::vector<std::string>& paths);
Status finish(int root, bool readonly);  // read-only root, pivot_root, the old tree is gone

}  // namespace secure::rootfs
