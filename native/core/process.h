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
#include "seccomp_notify.h"
#include "spec.h"
#include "userns.h"

namespace secure::process {

// Everything that can be computed before the process exists.
struct Prepared {
  const spec::Spec* spec = nullptr;
  const spec::Process* process = nullptr;
  const seccomp::Program* filter = nullptr;  // nullptr: none
  const seccomp_notify::Agent* agent = nullptr;  // of a filter that notifies
  spec::Capabilities capabilities;           // of those wanted, what can be had
  std::vector<char*> argv, envp;             // point into *process, null-terminated
  bool has_home = true;
  bool user_namespace = false;
  // It joins a container: its domain is another one than that of the processes there, which it is to signal and to connect to all the same.
  bool joins = false;
  // The processors that it may use, empty: all of its cpuset.
  const std::vector<unsigned long>* affinity = nullptr;
  int preserve = 0;                          // descriptors 3, 4, ... that the program gets
  // A descriptor of what is executed, whatever argv[0] names: nothing of the container is looked up for it. -1: the file of that name.
  int program = -1;
  bool new_keyring = true;
  // drop_if_allowed: without root setgroups(2) is refused; what is not mapped stays as nobody's group. keep: those of the caller stay.
  userns::Groups groups = userns::Groups::drop;
  bool die_with_parent = false;              // SIGKILL when the parent dies
  // A socket that listens: the program is executed when somebody connects, and whoever does hears the rest.
  int gate = -1;
  std::vector<int> keep;                     // further descriptors for before_program
  // Run by the process itself, right before the program and with what will be the program's environment (startContainer).
  std::function<Status(const std::vector<char*>& envp)> before_program;
};
// `process` is that of `spec` or one of exec. What the specification allows to leave out becomes a warning.
Result<Prepared> prepare(const spec::Spec& spec, const spec::Process& process, const seccomp::Program* filter);

// What takes the rights of the initial user namespace: OOM score, raised hard limits, scheduling. Of process `pid` that has not been
// executed, by whoever made it.
Status from_outside(const Prepared& prepared, pid_t pid);
// True when from_outside() sets what a child of `pid` would not inherit.
bool scheduled_from_outside(const Prepared& prepared);
// The same for the process that makes one inside the container, before it joins it: all that its child inherits, labels included.
Status before_joining(const Prepared& prepared);

// An error together with the exit code that container tools use for it: 125, 126 or 127.
struct Failure {
  Error error;
  int exit_code = 125;
};

// A closed standard stream would be reused by the first descriptor we open, and a container
// would then read or write that instead.
bool open_standard_streams();

// Signal dispositions to default, mask empty: what the parent ignored must not be inherited. False: the mask could not be set.
bool reset_signals();

// Give the process its limits, identity, confinement and working directory and execute it. `procfs` is a
// detached procfs of the right pid namespace, or -1 after before_joining(). `sync` is close-on-exec; at the gate the one
// to whoever starts takes its place. Returns only on failure.
Failure become(const Prepared& prepared, int procfs, int& sync);

}  // namespace secure::process
