// SPDX-License-Identifier: Apache-2.0
// The one seccomp compiler: OCI seccomp (runtime-spec "linux.seccomp") to classic BPF.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <string>
#include <vector>

#include "result.h"
#include "spec.h"

namespace secure::seccomp {

struct Program {
  std::vector<sock_filter> code;
  unsigned flags = 0;                       // SECCOMP_FILTER_FLAG_*
  std::vector<std::string> unknown_names;   // names in no table of the chosen architectures
};

// Compile for the architectures of the profile; empty means the native one only. Arguments that the
// kernel truncates to 32 bits are compared in 32 bits whatever the profile says (CVE-2019-7303 class).
// Decision for a number unknown to the tables: ENOSYS when the default action is an errno
// action; known and unlisted: the default action; foreign architecture: kill process.
Result<Program> compile(const spec::Seccomp& profile);

// seccomp(SECCOMP_SET_MODE_FILTER). Needs no_new_privs or CAP_SYS_ADMIN.
Status load(const Program& program);

// Same decision as the kernel would take, by interpreting the program (tests, explain).
std::uint32_t evaluate(const Program& program, const seccomp_data& data);

}  // namespace secure::seccomp
