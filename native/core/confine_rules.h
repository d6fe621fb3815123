// SPDX-License-Identifier: Apache-2.0
// The rules of the confinement, as data.
#pragma once

#include "confine.h"
#include "spec.h"

namespace secure::confine {

// Allow-list; anything else kills the process: it reads hostile input and has no other business.
spec::Seccomp filter_of(Role role);

// A ruleset that handles every right of this kernel's ABI, with one rule for `root`; none for -1.
Result<Fd> landlock_of(Role role, int root);

}  // namespace secure::confine
