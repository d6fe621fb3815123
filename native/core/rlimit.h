// SPDX-License-Identifier: Apache-2.0
// Resource limits of a process (setrlimit(2)).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "result.h"
#include "spec.h"

namespace secure::rlimit {

// "RLIMIT_NOFILE" -> RLIMIT_NOFILE; -1 when unknown.
int number(std::string_view name);
std::string name(int number);

// Set each limit of process `pid` (0: the caller). Raising a hard limit without CAP_SYS_RESOURCE *in the
// initial user namespace* is an error that shows the current value (RLIMIT_RAISE) and what would do; so a
// raise has to come from the host side, before or through `pid`. Allocates only to report a failure.
// Other codes: RLIMIT_INVALID (unknown name, soft above hard), RLIMIT_FAILED.
Status apply(const std::vector<spec::Rlimit>& limits, pid_t pid = 0);

// From the host side for a process with a user namespace of its own: raise those hard limits that are too low, as far as the caller
// may, and leave everything else to apply(), which also reports what is still missing. Nothing that the set-up does gets a lower limit.
void raise(const std::vector<spec::Rlimit>& limits, pid_t pid);

}  // namespace secure::rlimit
