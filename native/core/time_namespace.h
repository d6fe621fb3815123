// SPDX-License-Identifier: Apache-2.0
// runtime-spec config-linux.md#time-offsets
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "result.h"
#include "spec.h"

namespace secure::time_namespace {

// Make a time namespace, set its clocks and enter it. The clocks can be set only until the first process is inside, so clone3(2) with
// CLONE_NEWTIME would be too late. The caller has one thread and CAP_SYS_TIME in its user namespace; `procfs` is one of its pid namespace.
// `by_host`, where it is set, has the host side call set_clocks(): in a user namespace the files of a process that nothing may read belong
// to root of the host.
Status enter(int procfs, const std::vector<spec::TimeOffset>& offsets, const std::function<Status()>& by_host);

// Those of the time namespace that the children of `pid` will be in: a process of the caller's that waits for this.
Status set_clocks(pid_t pid, const std::vector<spec::TimeOffset>& offsets);

}  // namespace secure::time_namespace
