// SPDX-License-Identifier: Apache-2.0
// The last part of every start, shared by a container's first process and by exec: from a process that stands in the
// right namespaces to the user's program with exactly the planned rights.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fd.h"
#include "result.h"
#include "seccomp.h"
#include "spec.h"

namespace secure::process {

// Everything that can be computed before the process exists.
struct Prepared {
  const spec::Process* process = nullptr;
  const spec::Landlock* landlock = nullptr;  // nullptr: none
  const seccomp::Program* filter = nullptr;  // nullptr: none
  std::vector<char*> argv, envp;             // point into *process, null-terminated
  int preserve = 0;                          // descriptors 3, 4, ... that the program gets
  bool new_keyring = true;
  bool keep_groups = false;                  // without root setgroups(2) is refused; what is not mapped stays as nobody's group
  bool die_with_parent = false;              // SIGKILL when the parent dies
  // A socket that listens: the program is executed when somebody connects, and whoever does hears the rest.
  int gate = -1;
  // Run by the process itself, right before the program (startContainer).
  std::function<Status()> before_program;
};
Prepared prepare(const spec::Process& process, const spec::Landlock* landlock, const seccomp::Program* filter);

// An error together with the exit code that container tools use for it: 125, 126 or 127.
struct Failure {
  Error error;
  int exit_code = 125;
};

// A closed standard stream would be reused by the first descriptor we open, and a container
// would then read or write that instead.
bool open_standard_streams();

// Signal dispositions to default, mask empty: what the parent ignored must not be inherited.
void reset_signals();

// Give the process its limits, identity, confinement and working directory and execute it. `procfs` is a
// detached procfs of the right pid namespace, or -1; the OOM score is set by others. `sync` is close-on-exec; at the gate the one
// to whoever starts takes its place. Returns only on failure.
Failure become(const Prepared& prepared, int procfs, int& sync);

}  // namespace secure::process
