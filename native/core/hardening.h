// SPDX-License-Identifier: Apache-2.0
// Protections of a process that the runtime specification has no word for.
#pragma once

#include "result.h"
#include "spec.h"

namespace secure::hardening {

// Of the calling process, for good: fork(2) and execve(2) hand them on. CONTROL_UNAVAILABLE.
Status apply(const spec::Hardening& wanted);

}  // namespace secure::hardening
