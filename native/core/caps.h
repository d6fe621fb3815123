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
// 10 -> "CAP_NET_BIND_SERVICE"; a number newer than the table -> "CAP_63".
std::string name(int number);
std::vector<std::string> names(std::uint64_t set);
int last();  // highest capability of this kernel

// What a process of the container can have: with a new or joined user namespace all that the kernel knows, else what the caller has.
std::uint64_t grantable(bool userns);
// `wanted` without what cannot be had, each with a warning (runtime-spec config.md#linux-process: "Runtimes SHOULD NOT fail"). Less than
// what was asked for is never a risk; a capability on top is what the two steps below never give.
spec::Capabilities fit(const spec::Capabilities& wanted, std::uint64_t grantable, std::vector<std::string>& warnings);

// Step 1, before the uid changes: drop the bounding set to `wanted.bounding` and set
// PR_SET_KEEPCAPS so that step 2 can choose. Dropping needs CAP_SETPCAP. A wanted bit that the
// bounding set lacks cannot be added and is an error (CAP_UNAVAILABLE) that names it.
// Securebits other than KEEP_CAPS (which execve clears) are left alone.
Status limit_bounding(const spec::Capabilities& wanted);

// Step 2, after setresuid: permitted, effective, inheritable exactly; then ambient, cleared first.
// A capability that cannot be had (not in permitted) is an error that names it (CAP_UNAVAILABLE); an effective one
// outside permitted, or an ambient one outside permitted and inheritable, is CAP_INVALID. Neither step allocates but to
// report a failure, so both may run between clone and execve.
Status apply(const spec::Capabilities& wanted);

// `wanted` and CAP_SYS_ADMIN, for apply(): without no_new_privs a filter can be loaded as the last step only with it.
spec::Capabilities with_admin(const spec::Capabilities& wanted);
// Step 3, under the filter: back to `wanted`, by one capset(2).
Status drop_admin(const spec::Capabilities& wanted);

}  // namespace secure::caps
