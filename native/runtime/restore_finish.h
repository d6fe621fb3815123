// SPDX-License-Identifier: Apache-2.0
// What CRIU leaves to do in a container that it has restored, and what a restore that fails leaves.
#pragma once

#include <sys/types.h>

#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::runtime {

struct Inside {
  const spec::Spec& spec;
  pid_t pid;
  int pidfd;
};
// Sysctls of the config, of which CRIU keeps some; /dev/console, which is on a terminal that did not exist before.
Status finish_inside(const Inside& inside, const Fd& terminal);

// Ends and reaps every child of this process: after criu was killed that is what it had restored.
void kill_children();

}  // namespace secure::runtime
