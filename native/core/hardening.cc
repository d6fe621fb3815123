// SPDX-License-Identifier: Apache-2.0
#include "hardening.h"

#include <sys/prctl.h>

#include <cerrno>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65  // Linux 6.3
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

namespace secure::hardening {

namespace {

Status disable(unsigned long feature, const char* word) {
  const int state = ::prctl(PR_GET_SPECULATION_CTRL, feature, 0, 0, 0);
  if (state == PR_SPEC_NOT_AFFECTED) return Ok{};
  // Forced: the program cannot take it back.
  if (state >= 0 && ::prctl(PR_SET_SPECULATION_CTRL, feature, PR_SPEC_FORCE_DISABLE, 0, 0) == 0) return Ok{};
  // Already off for every process, for instance by spec_store_bypass_disable=on.
  if (state >= 0 && (static_cast<unsigned long>(state) & (PR_SPEC_DISABLE | PR_SPEC_FORCE_DISABLE)) != 0) return Ok{};
  return fail(Stage::process, "CONTROL_UNAVAILABLE", errno, std::string("switch off speculation: ") + word,
              errno == ENXIO ? "the boot options fix it for all processes: spectre_v2_user=prctl, spec_store_bypass_disable=prctl" : "the kernel or the processor has no such control");
}

}  // namespace

Status apply(const spec::Hardening& wanted) {
  if (wanted.no_store_bypass) SECURE_TRY(disable(PR_SPEC_STORE_BYPASS, "store-bypass"));
  if (wanted.no_indirect_branch) SECURE_TRY(disable(PR_SPEC_INDIRECT_BRANCH, "indirect-branch"));
  if (wanted.refuse_exec_gain && ::prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) < 0)
    return fail(Stage::process, "CONTROL_UNAVAILABLE", errno, "refuse memory that was writable and becomes executable", "PR_SET_MDWE is there since Linux 6.3");
  return Ok{};
}

}  // namespace secure::hardening
