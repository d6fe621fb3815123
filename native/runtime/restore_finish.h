// SPDX-License-Identifier: Apache-2.0
// What CRIU leaves to do in a container that it has restored, and what a restore that fails leaves.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "cgroup.h"
#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::runtime {

struct Inside {
  const spec::Spec& spec;
  pid_t pid;
  int pidfd;
  const std::string& bundle;
  const cgroup::Group* group;  // whose cgroup mounts are made anew, nullptr: CRIU's
  pid_t locked_by;             // by whose pid CRIU has named the nftables that lock the network, 0: there are none
  const std::vector<std::pair<std::string, std::string>>& restrictions;  // of its mounts, that some lack now
};
// Sysctls of the config, of which CRIU keeps some; read-only and other restrictions of mounts, of which it loses some; the network, that CRIU 3.17 leaves locked with nftables; what shows the cgroups; /dev/console, which is on a terminal that did not exist before.
Status finish_inside(const Inside& inside, const Fd& terminal);

// Ends and reaps every child of this process: after criu was killed that is what it had restored.
void kill_children();

}  // namespace secure::runtime
