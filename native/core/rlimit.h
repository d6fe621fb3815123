// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "result.h"
#include "spec.h"

namespace secure::rlimit {

// "RLIMIT_NOFILE" -> RLIMIT_NOFILE; -1 when unknown.
int number(std::string_view name);
std::string name(int number);

// Set each limit. Raising a hard limit without CAP_SYS_RESOURCE is an error that shows the current
// value (RLIMIT_RAISE) and what would do.
Status apply(const std::vector<spec::Rlimit>& limits);

}  // namespace secure::rlimit
