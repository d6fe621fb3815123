// SPDX-License-Identifier: Apache-2.0
// Internal to container.cc: making the container's first process.
#pragma once

#include "cgroup.h"
#include "fd.h"
#include "init.h"
#include "result.h"

namespace secure::container {

struct Clone {
  pid_t pid = 0;
  Fd pidfd;
  Fd sync;  // the host's end of the channel
};

// clone3(2) with the namespaces that are made new, in those that are joined, and in the group where v2 can do that. The
// process runs init::run(plan).
Result<Clone> clone_init(init::Plan& plan, unsigned long created, const cgroup::Group& group);

}  // namespace secure::container
