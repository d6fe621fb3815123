// SPDX-License-Identifier: Apache-2.0
// Landlock: from the plan's rules to an enforced domain. In two steps, so that between clone and execve
// there are only system calls: prepare() names and checks everything, build() opens and adds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

// A checked configuration as plain numbers.
struct Prepared {
  struct Path {
    std::string path;
    std::uint64_t access = 0;
    bool optional = false;
  };
  struct Port {
    std::uint64_t port = 0, access = 0;
  };
  std::uint64_t fs = 0, net = 0, scoped = 0;
  std::vector<Path> paths;
  std::vector<Port> ports;
};

// Check `config` against a kernel of ABI `kernel_abi`. Fails closed: LANDLOCK_ABI (below min_abi, or a right
// that this ABI lacks), LANDLOCK_INVALID (unknown name, a right that is allowed but not handled, a relative path, a port
// above 65535, a configuration that restricts nothing).
Result<Prepared> prepare(const spec::Landlock& config, int kernel_abi = abi());

// Build a ruleset. Call inside the container after pivot_root, so that the paths mean the
// container's own mounts; symlinks resolve inside it, magic links of procfs are refused. A missing path that is not
// `optional` is an error (LANDLOCK_PATH). Rights that only apply to directories are dropped by us for a
// rule whose path is a file. Allocates only to report a failure.
Result<Fd> build(const Prepared& rules);
Result<Fd> build(const spec::Landlock& config);  // prepare, then build

// landlock_restrict_self. Needs no_new_privs or CAP_SYS_ADMIN in the user namespace. Denials of the program after
// its execve are not logged (LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON stays off): a container could flood the audit log.
Status enforce(const Fd& ruleset);

}  // namespace secure::landlock
