// SPDX-License-Identifier: Apache-2.0
// What of a config CRIU does not bring back. A container with such a thing is neither dumped nor restored: what would come back is
// weaker, or not what was asked for.
#pragma once

#include "result.h"
#include "spec.h"

namespace secure::criu {

// CHECKPOINT_LOSES names the control and its field; `doing` is "checkpoint" or "restore".
Status check_nothing_lost(const spec::Spec& spec, const char* doing);

}  // namespace secure::criu
