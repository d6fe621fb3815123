// SPDX-License-Identifier: Apache-2.0
// Landlock: from the plan's rules to an enforced domain.
#pragma once

#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::landlock {

// ABI of this kernel, 0 where there is none.
int abi();

// Names to bits; an unknown name is an error. Exposed for tests and the probe.
Result<std::uint64_t> fs_bits(const std::vector<std::string>& names);
Result<std::uint64_t> net_bits(const std::vector<std::string>& names);
Result<std::uint64_t> scope_bits(const std::vector<std::string>& names);

// Build a ruleset. Call inside the container after pivot_root, so that the paths mean the
// container's own mounts; symlinks resolve inside it. Fails closed: abi() < min_abi, a right that
// this ABI lacks, and a missing path that is not `optional` are errors. Rights that only apply to
// directories are dropped by us for a rule whose path is a file.
Result<Fd> build(const spec::Landlock& config);

// landlock_restrict_self. Needs no_new_privs or CAP_SYS_ADMIN in the user namespace.
Status enforce(const Fd& ruleset);

}  // namespace secure::landlock
