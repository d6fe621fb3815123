// SPDX-License-Identifier: Apache-2.0
// Making a container: the host side clones, maps ids and mounts the layers while the container side builds its
// file system and joins the cgroups; then the program is executed.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "cgroup.h"
#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::container {

// What the program gets as standard streams when it has no terminal.
struct Streams {
  Fd in, out, err;
};

struct Options {
  std::string id = {};       // needed by linux.intelRdt
  std::string bundle;        // directory that a relative root.path is relative to
  std::string cgroup_path;   // used when the config names none
  bool adopt_cgroup = false;  // it is there already, and stays when the start fails: systemd's
  Streams* streams = nullptr;
  // Called on the host after the process exists and before the program can run. An
  // error stops the start.
  std::function<Status(pid_t)> created;
  int gate = -1;                 // a listening socket: stop before the program is executed until somebody connects to it
  int preserve = 0;              // descriptors 3, 4, ... that the program gets
  bool new_keyring = true;
  bool no_pivot = false;
  bool die_with_parent = false;
  bool inside_userns = false;    // the caller stands in the container's user namespace already (rootless.h)
  bool no_cgroup = false;        // leave the container in the caller's groups; limits are refused then
  // The container's state as hooks get it.
  std::function<std::string(std::string_view status, pid_t pid)> describe;
};

struct Started {
  pid_t pid = 0;
  Fd pidfd;
  Fd terminal;  // master side, when process.terminal
  cgroup::Layout layout;
  std::string cgroup_path;
};

// What the caller may use as a member of a group its container may, too: the annotation run.oci.keep_original_groups, which
// `podman run --group-add keep-groups` sets.
bool keeps_groups(const spec::Spec& spec);

// The kernel ended a process at the group's memory limit.
Error out_of_memory(const cgroup::MemoryFacts& memory);

struct StartError {
  Error error;
  int exit_code = 125;
};

// Hear from the container side until it has executed (an empty error) or failed. A terminal that it
// sends is stored. Shared with join.cc and whoever opens a gate.
StartError await_exec(int sync, Fd& terminal, bool executing = false);

// Start and wait until the program has been executed, or, with a gate, until only that is missing. On failure nothing is
// left: no process, no cgroup.
std::variant<Started, StartError> start(const spec::Spec& spec, Options options);

}  // namespace secure::container
