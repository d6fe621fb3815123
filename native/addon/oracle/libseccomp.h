// SPDX-License-Identifier: Apache-2.0
// The oracle of the seccomp compiler: libseccomp's program for the same profile. Only tests and explanations load it,
// so that nothing that is shipped depends on libseccomp.
#pragma once

#include <string>
#include <vector>

#include "result.h"
#include "spec.h"

namespace secure::oracle {

struct Program {
  std::string instructions;                // struct sock_filter[], as the kernel takes it
  std::vector<std::string> unknown_names;  // names that this libseccomp does not know
};

// As runc and crun use the library: rules whose action is the default are left out, each argument condition of a rule
// must hold, conditions on the same argument are alternatives. Errors: SECCOMP_INVALID, LIBSECCOMP_FAILED.
Result<Program> compile(const spec::Seccomp& profile);

}  // namespace secure::oracle
