// SPDX-License-Identifier: Apache-2.0
// Programs that a config wants run at the stages of a container's life (runtime-spec config.md#posix-platform-hooks).
#pragma once

#include <string>
#include <vector>

#include "fd.h"
#include "result.h"
#include "seccomp.h"
#include "spec.h"

namespace secure::hooks {

// Files that the annotations run.oci.hooks.stdout and run.oci.hooks.stderr name, opened to append.
struct Output {
  Fd out, err;
};
Result<Output> open_output(const spec::Spec& spec);

struct Setting {
  std::string cwd;                 // empty: ours
  const Output* output = nullptr;
  const seccomp::Program* filter = nullptr;  // loaded before the hook is executed; what it notifies of is refused with ENOSYS
};

// Run them one after the other. Each gets `state` on standard input, its own environment and no other (CVE-2025-23266: not the
// container's, not ours) and no descriptor of ours above 2. The first that fails, or is not done within its timeout, ends it: HOOK_FAILED
// names stage, path and how it ended.
Status run(const std::vector<spec::Hook>& hooks, const char* stage, const std::string& state, const Setting& setting);

// Run all of them; those that fail are warnings (runtime.md#lifecycle on poststop).
void run_all(const std::vector<spec::Hook>& hooks, const char* stage, const std::string& state, const Setting& setting);

}  // namespace secure::hooks
