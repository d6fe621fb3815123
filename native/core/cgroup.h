// SPDX-License-Identifier: Apache-2.0
// Control groups: v1, v2 and hybrid, without systemd.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::cgroup {

struct Hierarchy {
  std::string mount;                     // /sys/fs/cgroup/memory
  std::vector<std::string> controllers;  // memory; name=systemd; for v2 those of the mount's root, often none
  bool v2 = false;
};

enum class Mode { none, v1, v2, hybrid };

struct Layout {
  Mode mode = Mode::none;
  std::vector<Hierarchy> hierarchies;
};

// From /proc/self/mountinfo: the writable cgroup mounts of this mount namespace. Read-only ones, and ones that
// another mount hides, do not count; with none left the mode is none, which is no error. For a user that is all, but for a
// mount of v2 where `group`, or the nearest group above it that exists, was delegated to the user.
Result<Layout> detect(const std::string& group = {});

// A cgroup mount as mountinfo shows it; only for detect(), tests and the fuzzer.
struct MountEntry {
  dev_t device = 0;
  std::string root, mount;
  bool writable = false, v2 = false;
  std::vector<std::string> controllers;
};
std::vector<MountEntry> parse_mountinfo(std::string_view text);

// A container's group: the same relative path in every hierarchy.
struct Group {
  Layout layout;
  std::string path;        // "/secure/<id>"
  std::vector<Fd> dirs;    // O_PATH directory per hierarchy, same order as layout.hierarchies; open() leaves
                           // those invalid where the group does not exist
};

// cgroupsPath of a config: relative to the root of the hierarchies as it is to "/", each part once. "" where it is empty.
std::string clean_path(const std::string& configured);

// mkdir in every hierarchy (cpuset v1: cpus and mems inherited from the parent; v2: controllers
// enabled down the path). An existing directory with processes in it is an error (CGROUP_BUSY), as is a frozen one (CGROUP_FROZEN);
// an empty one is made anew, so that no limit of an earlier container survives in it.
// On failure everything made is removed again. `path` is absolute and not the root, no "..", no symlinks
// (CGROUP_PATH_INVALID, stage config). With mode none the group has no directories.
Result<Group> create(const Layout& layout, const std::string& path);
// The same for a group that systemd made where it has hierarchies: what exists stays, with the processes in it. Without `pass` no
// group of v2 is told to pass controllers on: with processes in it that would make it a group of threads.
Result<Group> adopt(const Layout& layout, const std::string& path, bool pass = true);
// For exec, kill, inspect. CGROUP_NOT_FOUND when it exists in no hierarchy.
Result<Group> open(const Layout& layout, const std::string& path);
// A group below another, in the hierarchies of some controllers or, without any, in all.
struct SubGroup {
  std::vector<std::string> controllers;
  std::string path;
};
// Goes from the group to one below it, which has to exist in each of those hierarchies. CGROUP_NOT_FOUND, and CONTROLLER_MISSING
// for a controller that no hierarchy has. Afterwards the group is for joining only: its directories are not one group's any more.
Status enter_below(Group& group, const SubGroup& wanted);
// v2 alone: the process is moved to a group below, which belongs to `owner` from then on; the limits stay those of the group.
// CGROUP_PATH_INVALID, and FIELD_UNSUPPORTED where v1 is. `name` is that of the annotation run.oci.delegate-cgroup.
Status check_delegate(const Layout& layout, const std::string& name);
Status delegate(const Group& group, const std::string& name, pid_t pid, const std::pair<uid_t, gid_t>& owner);
// The group that a process is in, by version 2.
Result<Group> group_of_process(const Layout& layout, pid_t pid);
// Names of the groups directly below `path`, over all hierarchies, sorted; none when it does not exist.
std::vector<std::string> children(const Layout& layout, const std::string& path);

// Write the limits, once, after create(). A limit whose controller is missing is an error that names it
// (CONTROLLER_MISSING); one that the kernel refuses is CGROUP_LIMIT_REFUSED, one that only version 1 has FIELD_UNSUPPORTED.
// 0 and absent mean "no limit asked for", as in runc; no process at all is a limit of one. Devices: everything is denied but the rules and the spec's default devices; with neither rules
// nor a devices controller nothing is done.
Status apply(const Group& group, const spec::Resources& resources);

// Every limit but the device rules.
Status write_limits(const Group& group, const spec::Resources& resources);

// Change the limits of a group in use. `recorded`: those that it has. What `changes` does not name stays as it is; device
// rules, if it has any, take the place of all earlier ones.
Status update(const Group& group, const spec::Resources& changes, const spec::Resources& recorded);

// Stop every process of the group (CGROUP_FREEZE_TIMEOUT after 10 s; then none is stopped), and let them go on.
Status freeze(const Group& group);
Status thaw(const Group& group);
bool is_frozen(const Group& group);

// What the group used, as the JSON object under "data" of `runc events --stats`.
std::string stats(const Group& group);

// Tells of the OOM killer: when `fd` is readable, new_ooms() says how often it struck since the last call. A v1 group that is
// removed makes it readable too.
struct OomWatch {
  Fd fd, dir;
  bool v2 = false;
  std::uint64_t seen = 0;
};
Result<OomWatch> watch_oom(const Group& group);
std::uint64_t new_ooms(OomWatch& watch);

// OCI shares (2..262144, default 1024) to cpu.weight (1..10000, default 100), as crun 1.23 and runc 1.3.2 do
// (opencontainers/cgroups PR 20): the defaults and both ends map to each other.
std::uint64_t weight_from_shares(std::uint64_t shares);
// OCI swap (memory + swap, -1 unlimited) to memory.swap.max (swap alone). SWAP_INVALID without a finite memory limit.
Result<std::string> swap_max(std::int64_t swap, std::optional<std::int64_t> memory);

// The v2 directory for CLONE_INTO_CGROUP, or -1.
int v2_dir(const Group& group);

// For a process that is going to join by itself, whatever rights it has by then: the files that join_self() writes to.
// `skip_v2` where CLONE_INTO_CGROUP does that part.
Result<std::vector<Fd>> open_joins(const Group& group, bool skip_v2);
// Moves the calling process, which has one thread. In v1 through "tasks": there the kernel moves the writer itself without
// the lock that keeps every process from forking, and so without waiting for an RCU grace period (5 to 9 ms; Linux 5.5).
Status join_self(const std::vector<Fd>& files);

// Write `pid` to cgroup.procs of every v1 hierarchy (and of v2 unless `skip_v2`), back to back:
// only the first write pays for the RCU grace period. `pid` is positive: 0 would move the caller.
Status join(const Group& group, pid_t pid, bool skip_v2);

// All pids in the group and below, in any hierarchy. Processes outside this pid namespace are not listed.
Result<std::vector<pid_t>> processes(const Group& group);

// cgroup.kill where there is v2, else freeze + SIGKILL + thaw; waits up to 10 s until empty (CGROUP_KILL_TIMEOUT).
Status kill_all(const Group& group);

// rmdir everywhere, deepest first, retrying EBUSY for a bounded time; a missing one is success. The shared parent
// directories are removed when empty (races with other containers tolerated), but only below /secure and /secure-*:
// other parents belong to an engine, which put limits on them.
Status remove(const Layout& layout, const std::string& path);

// memory.oom_control / memory.events: how often the OOM killer struck, and limit and peak in bytes, for error
// texts. 0: unlimited or unknown.
struct MemoryFacts { std::uint64_t oom_kills = 0, limit = 0, peak = 0; };
MemoryFacts memory_facts(const Group& group);

}  // namespace secure::cgroup
