// SPDX-License-Identifier: Apache-2.0
// How the kernel schedules a process: sched_setattr(2), ioprio_set(2), sched_setaffinity(2), set_mempolicy(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "result.h"
#include "spec.h"

namespace secure::schedule {

// The words of config.md#linux-process; -1, and 0 for a flag, when unknown.
int policy(std::string_view name);      // SCHED_OTHER ...
bool real_time(int policy);             // FIFO, RR
bool deadline(int policy);
std::uint64_t flag(std::string_view name);  // SCHED_FLAG_RESET_ON_FORK ...
int io_class(std::string_view name);    // IOPRIO_CLASS_RT ...
int io_value(int io_class, int priority);
// config-linux.md#memory-policy
int memory_mode(std::string_view name);     // MPOL_BIND ...
int memory_flag(std::string_view name);     // MPOL_F_STATIC_NODES ...

// Of process `pid`, 0: the caller. What needs privilege needs it in the initial user namespace, so for a container with one of its own
// it has to come from outside. SCHEDULER_FAILED, IO_PRIORITY_FAILED.
Status apply(const spec::Scheduler& scheduler, pid_t pid);
Status apply_io(int value, pid_t pid);

// Of the caller. AFFINITY_FAILED, MEMORY_POLICY_FAILED.
Status set_affinity(const std::vector<unsigned long>& cpus);
// The first 64 processors that the caller may use, as a mask such as 0x3; for whoever debugs a start.
std::string affinity_mask();
// Every processor that its cpuset has. What the caller's service manager or taskset(1) chose for the caller is not the container's.
void reset_affinity();
Status set_memory_policy(const spec::MemoryPolicy& policy);

}  // namespace secure::schedule
