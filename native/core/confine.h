// SPDX-License-Identifier: Apache-2.0
// Confinement of the processes that read a layer. See docs/extractor.md for what each part is for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>

#include "fd.h"
#include "result.h"
#include "seccomp.h"

namespace secure::confine {

enum class Role {
  decompressor,  // reads one descriptor, writes another, opens nothing
  extractor,     // fills one directory
};

struct Confinement {
  Role role = Role::decompressor;
  seccomp::Program filter;
  Fd ruleset;          // Landlock; invalid: the caller accepts to do without
  Fd root;             // extractor: its directory, readable, on a private mount
  pid_t parent = 0;    // the process dies with it
};

// Everything that needs the rights of the starting process. `target` is the directory of an extractor (borrowed) or -1.
// CONTROL_UNAVAILABLE when the kernel has no Landlock and `require_landlock` is set.
Result<Confinement> prepare(Role role, int target, bool require_landlock);

// In the new process, first: namespaces of its own (user, mount, network, ipc). Its ids can be mapped by
// the starting process afterwards.
Status isolate();

// In the new process, second: root directory, limits, Landlock, capabilities, seccomp. Afterwards it cannot open
// anything outside of `root`, make sockets, execute, or signal anyone.
Status enter(const Confinement& confinement);

// Map every id that this process has to itself in the user namespace of `pid`: ids on disk stay those of
// the image, while its capabilities end at the namespace.
Status map_ids(pid_t pid);

// Close all descriptors but `keep` (any order; negative ones are skipped); 0, 1 and 2 become /dev/null.
Status keep_only(std::span<const int> keep);

}  // namespace secure::confine
