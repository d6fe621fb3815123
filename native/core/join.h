// SPDX-License-Identifier: Apache-2.0
// A further process in a running container, as confined as its first one.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "container.h"

namespace secure::join {

struct Options {
  pid_t target = 0;          // the container's first process
  int target_pidfd = -1;     // of that process, checked by the caller
  std::string cgroup_path;   // empty: none of its own
  container::Streams* streams = nullptr;  // nullptr: those of the caller
  int preserve = 0;          // descriptors 3, 4, ... that the program gets
  int program = -1;          // a descriptor of what is executed, whatever the first argument names; close-on-exec
  bool new_keyring = true;
  std::string id = {};       // needed by linux.intelRdt
  std::function<std::string(pid_t)> describe = {};  // the container's state as JSON, for a seccomp agent
  bool die_with_parent = false;  // SIGKILL when the caller dies
  std::vector<cgroup::SubGroup> sub_groups = {};  // below cgroup_path, for the new process
};

// `spec` is the config that the container runs with; `process` replaces its process object.
std::variant<container::Started, container::StartError> start(const spec::Spec& spec, const spec::Process& process,
                                                              const Options& options);

}  // namespace secure::join
