// SPDX-License-Identifier: Apache-2.0
// runtime-spec config-linux.md#time-offsets
#pragma once

#include <vector>

#include "result.h"
#include "spec.h"

namespace secure::time_namespace {

// Make a time namespace, set its clocks and enter it. The clocks can be set only until the first process is inside, so clone3(2) with
// CLONE_NEWTIME would be too late. The caller has one thread and CAP_SYS_TIME in its user namespace; `procfs` is one of its pid namespace.
Status enter(int procfs, const std::vector<spec::TimeOffset>& offsets);

}  // namespace secure::time_namespace
