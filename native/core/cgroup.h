// SPDX-License-Identifier: Apache-2.0
// Control groups: v1, v2 and hybrid, without systemd.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::cgroup {

struct Hierarchy {
  std::string mount;                     // /sys/fs/cgroup/memory
  std::vector<std::string> controllers;  // memory; name=systemd; empty for v2
  bool v2 = false;
};

enum class Mode { none, v1, v2, hybrid };

struct Layout {
  Mode mode = Mode::none;
  std::vector<Hierarchy> hierarchies;
};

// From /proc/self/mountinfo: the writable cgroup mounts of this mount namespace.
Result<Layout> detect();

// A container's group: the same relative path in every hierarchy.
struct Group {
  Layout layout;
  std::string path;        // "/secure/<id>"
  std::vector<Fd> dirs;    // O_PATH directory per hierarchy, same order as layout.hierarchies
};

// mkdir in every hierarchy (cpuset v1: cpus and mems inherited from the parent; v2: controllers
// enabled down the path). An existing directory with processes in it is an error (CGROUP_BUSY).
// On failure everything made is removed again. `path` is absolute, no "..", no symlinks.
Result<Group> create(const Layout& layout, const std::string& path);
Result<Group> open(const Layout& layout, const std::string& path);  // for exec, kill, inspect

// Write the limits. A limit whose controller is missing is an error that names it (CONTROLLER_MISSING).
Status apply(const Group& group, const spec::Resources& resources);

// The v2 directory for CLONE_INTO_CGROUP, or -1.
int v2_dir(const Group& group);

// Write `pid` to cgroup.procs of every v1 hierarchy (and of v2 unless `skip_v2`), back to back:
// only the first write pays for the RCU grace period.
Status join(const Group& group, pid_t pid, bool skip_v2);

// All pids in the group and below.
Result<std::vector<pid_t>> processes(const Group& group);

// cgroup.kill where there is v2, else freeze + SIGKILL + thaw; waits up to a bound until empty.
Status kill_all(const Group& group);

// rmdir everywhere, deepest first, retrying EBUSY for a bounded time; a missing one is success. The shared parent
// directories made by create() are removed when empty (races with other containers tolerated).
Status remove(const Layout& layout, const std::string& path);

// memory.oom_control / memory.events: how often the OOM killer struck, and limit and peak, for error texts.
struct MemoryFacts { std::uint64_t oom_kills = 0, limit = 0, peak = 0; };
MemoryFacts memory_facts(const Group& group);

}  // namespace secure::cgroup
