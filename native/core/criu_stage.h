// SPDX-License-Identifier: Apache-2.0
// Where a container is restored: a mount namespace in which its root is a mount point, which ends with CRIU.
#pragma once

#include <string>
#include <vector>

#include "fd.h"
#include "result.h"
#include "rootfs.h"
#include "spec.h"

namespace secure::criu {

// Mount points that the root lacks, as a start makes them. In a process with a mount namespace of its own, since some lie in others' sources. Takes
// the sources of `mounts`.
Status make_mount_points(const spec::Spec& spec, std::vector<rootfs::Planned>& mounts, int root, const std::string& at);

// In the process that becomes CRIU: the detached `root` on the directory `at`, seen by nobody else; the groups of the container, and their namespace;
// a session keyring of its own, which what is restored inherits.
struct Stage {
  int root = -1;
  std::string at;
  const std::vector<Fd>* joins = nullptr;
  bool cgroup_namespace = false;
  bool no_new_privs = false;  // CRIU restores it since version 3.19 only: it is inherited
};
Status enter(const Stage& stage);

}  // namespace secure::criu
