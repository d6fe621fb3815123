// SPDX-License-Identifier: Apache-2.0
// What each process of a container may do, as text to compare: a dump notes it, a restore has to come to the same.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace secure::criu {

struct Task {
  pid_t pid = 0;      // in its own pid namespace: the same before and after
  std::string facts;  // identity, capabilities, no_new_privs, seccomp
};

// `status` is the text of /proc/PID/status. Nothing for a zombie, which does nothing any more, and for a process that is not as deep in pid namespaces as
// `depth` (0: any).
std::optional<Task> task_of(std::string_view status, std::size_t depth);
std::size_t depth_of(std::string_view status);

// The first process and what descends from it: of `pids` CRIU takes no others along, what exec has started among them.
std::vector<Task> tasks_of(pid_t init, const std::vector<pid_t>& pids);
// Parent of each process; whether one descends from `init`.
using Parents = std::vector<std::pair<pid_t, pid_t>>;
bool descends(pid_t pid, pid_t init, const Parents& parents);

// How many of `pids` are as deep in pid namespaces and do not descend from it.
std::size_t strangers(pid_t init, const std::vector<pid_t>& pids);

// The value of a field of the facts.
std::string fact(const Task& task, std::string_view name);

// What the first of `noted` that is not the same now has become; "" when all are there and the same.
std::string difference(const std::vector<Task>& noted, const std::vector<Task>& now);

}  // namespace secure::criu
