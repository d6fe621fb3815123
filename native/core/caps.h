// SPDX-License-Identifier: Apache-2.0
// Capability sets: names, and making a process have exactly the planned five sets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "result.h"
#include "spec.h"

namespace secure::caps {

// "CAP_NET_BIND_SERVICE" -> 10; -1 when unknown.
int number(std::string_view name);
std::string name(int number);
std::vector<std::string> names(std::uint64_t set);
int last();  // highest capability of this kernel

// Step 1, before the uid changes: drop the bounding set to `wanted.bounding` and set
// PR_SET_KEEPCAPS so that step 2 can choose.
Status limit_bounding(const spec::Capabilities& wanted);

// Step 2, after setresuid: permitted, effective, inheritable exactly; then ambient, cleared first.
// A capability that cannot be had (not in permitted) is an error that names it.
Status apply(const spec::Capabilities& wanted);

}  // namespace secure::caps
