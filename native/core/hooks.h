// SPDX-License-Identifier: Apache-2.0
// Programs that a config wants run at the stages of a container's life (runtime-spec config.md#posix-platform-hooks).
#pragma once

#include <string>
#include <vector>

#include "result.h"
#include "spec.h"

namespace secure::hooks {

// Run them one after the other. Each gets `state` on standard input, its own environment and no other (CVE-2025-23266: not the
// container's, not ours), no descriptor of ours above 2, and `cwd`. The first that fails, or is not done within its
// timeout, ends it: HOOK_FAILED names stage, path and how it ended.
Status run(const std::vector<spec::Hook>& hooks, const char* stage, const std::string& state, const std::string& cwd);

}  // namespace secure::hooks
