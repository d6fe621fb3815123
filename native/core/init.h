// SPDX-License-Identifier: Apache-2.0
// The container side of a start, from clone3(2) to execve(2).
#pragma once

#include <vector>

#include "cgroup.h"
#include "container.h"
#include "hooks.h"
#include "namespaces.h"
#include "process.h"
#include "rootfs.h"
#include "spec.h"

namespace secure::init {

struct Plan {
  const spec::Spec* spec = nullptr;
  process::Prepared* process = nullptr;
  Fd root;                         // the detached root; unset where it has to wait for the user namespace
  std::vector<namespaces::Joined> joined;
  bool joined_user = false;        // the user namespace is one of those
  bool clocks_by_host = false;     // who sets the clocks of the time namespace
  bool announce_built = false;     // the host has hooks to run once the tree is there
  // For hooks that run on this side: the state with a status and a pid as the container sees it.
  const std::function<std::string(std::string_view status, pid_t pid)>* describe = nullptr;
  std::vector<rootfs::Planned> mounts;
  std::vector<rootfs::Device> devices;
  rootfs::Covers covers;
  const cgroup::Layout* layout = nullptr;
  std::vector<Fd> cgroups;         // rootfs::plan_cgroups()
  unsigned long namespaces = 0;    // CLONE_NEW* of those made new
  std::vector<Fd> joins;           // cgroup::open_joins()
  bool unshare_cgroup = false;     // the namespace is made after the joins (v1, hybrid)
  const container::Streams* streams = nullptr;
  bool no_pivot = false;
  std::string attach_at;           // where hooks expect the root; empty: nobody looks
  hooks::Setting hooks;
};

// Runs in the new process. Sends what fails through `sync` and never returns.
[[noreturn]] void run(Plan& plan, int sync);

}  // namespace secure::init
