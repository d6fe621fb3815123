// SPDX-License-Identifier: Apache-2.0
// Native allocators and the records of containers. Two roots, as in docs/state.md:
//   state (/var/lib/secure): containers/<id>/{config.json,upper/,work/,log,exit.json},
//                            names/<name>, ranges/<first id>, lock
//   run   (/run/secure):     containers/<id>/state.json
// and one directory that all instances of a host share, whatever their roots:
//   host  (/run/secure-host): ids/<id>, ranges/<first id>: symlinks to <state>/containers/<id>
// Every allocation is one O_EXCL create or link, so two processes never get the same one, and each
// names its owner (the container id), so that gc() can tell what is garbage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cgroup.h"
#include "fd.h"
#include "result.h"

namespace secure::record {

struct Roots {
  std::string state = "/var/lib/secure";
  std::string run = "/run/secure";
  std::string host = "/run/secure-host";   // shared by every instance; only tests move it
  std::string cgroup_parent = "/secure";   // where gc() looks for groups; only tests move it
};

// The pool of user-namespace ranges: 65,536 ids each, above systemd's container range
// (524288..1879048191) and below its foreign range (2147352576), skipping everything that
// /etc/subuid and /etc/subgid hand out.
inline constexpr std::uint32_t kRangeSize = 65536;
inline constexpr std::uint32_t kRangeFirst = 1879048192;
inline constexpr std::uint32_t kRangeEnd = 2147352576;

// 64 hex digits from getrandom(2).
std::string new_id();
// adjective-noun, from getrandom(2).
std::string new_name();
// [A-Za-z0-9][A-Za-z0-9_.-]{0,127}
bool valid_name(const std::string& name);

// 64 hex digits, or for a plain OCI bundle whatever valid_name() accepts.
bool valid_id(const std::string& id);

// A reserved container. `lock` is its container_lock, taken before the record could be seen: keep it until
// the container runs, for an unlocked record without a config.json is garbage to gc().
struct Reservation {
  std::string name;
  Fd lock;
};

// Make <state>/containers/<id> (0700) and reserve `name` (NAME_TAKEN with the owner's short id
// when somebody has it). With an empty name picks a free one and returns it. Crash-safe order.
// ID_TAKEN when any instance on this host has the id, ID_INVALID and NAME_INVALID for hostile ones.
Result<Reservation> reserve(const Roots& roots, const std::string& id, const std::string& name);

// Reserve a range for `id`; RANGE_EXHAUSTED when none is free. Returns the first id.
Result<std::uint32_t> allocate_range(const Roots& roots, const std::string& id);

// Where a container is in its life. `status` is computed, never trusted from the file: a pid counts
// only with the same boot id and start time.
struct State {
  std::string id, name, image, status;  // created, running, restarting, stopping, exited, dead; in list() also corrupt
  pid_t pid = 0;                        // init of the container, host pid
  std::uint64_t pid_start = 0;          // field 22 of /proc/PID/stat
  pid_t monitor_pid = 0;
  std::uint64_t monitor_start = 0;
  std::string boot_id, created, started, finished, bundle, cgroup, profile;
  std::optional<int> exit_code;         // from exit.json: 0..255 (128+n on a signal)
  bool oom_killed = false;
  std::uint32_t range_first = 0;
  std::uint32_t restarts = 0;           // how often its monitor has started it again
  bool restarting = false;              // it has ended, and its monitor is about to start it again
  // Of the run before this one.
  struct Run {
    int exit_code = 0;
    bool oom_killed = false;
    std::string finished;
    std::string error;                  // it could not be started
  };
  std::optional<Run> last;
  cgroup::MemoryFacts memory;           // of exit.json; of a live one only after add_memory()
  std::string health;                   // a JSON object, or "": nobody asks
};

// Shared or exclusive flock on <state>/lock; held until the Fd dies.
Result<Fd> store_lock(const Roots& roots, bool exclusive);
// Exclusive flock on the directory of one container; held while its state changes.
Result<Fd> container_lock(const Roots& roots, const std::string& id);

// <run>/containers/<id>, 0700, made where it is missing.
Result<Fd> run_directory(const Roots& roots, const std::string& id);
// <run>/containers/<id>/state.json. Missing start times and boot id are filled in.
Status write_state(const Roots& roots, const State& state);
// exit.json, durable: after this the container has ended for everyone, also after a power cut.
struct End {
  int code = 0;
  cgroup::MemoryFacts memory;
  std::uint32_t restarts = 0;
  std::string finished, error;
};
Status write_exit(const Roots& roots, const std::string& id, const End& end);
// What the kernel says about the memory of a live container.
void add_memory(State& state, const cgroup::Layout& layout);

// health.json beside state.json: how a container answered when it was asked whether it works (runtime/health.h).
Status write_health(const Roots& roots, const std::string& id, const std::string& json);
std::string read_health(const Roots& roots, const std::string& id);
// NO_SUCH_CONTAINER, RECORD_CORRUPT.
Result<State> read_state(const Roots& roots, const std::string& id);
// Full id, unique id prefix (>= 1 hex digit) or name -> id. NO_SUCH_CONTAINER, AMBIGUOUS_ID.
Result<std::string> resolve(const Roots& roots, const std::string& name_or_prefix);
Result<std::vector<State>> list(const Roots& roots);
std::string to_json(const State& state);

// Remove a container that is not running (CONTAINER_RUNNING otherwise; `force` kills it first through its cgroup).
// Order: run state, cgroup, upper/work, range, name, record; each step may be repeated after a crash. A range is freed only after
// its files are gone. The caller must not hold the container's lock. A monitor may remove its own container.
Status remove(const Roots& roots, const std::string& id, bool force);

// Remove what crashed processes left: cgroups below /secure without a live container, records that never got a
// config.json, ranges and names without a container, containers marked auto-remove that have
// ended, monitors without a container. Never touches a live one: takes container locks without waiting
// and skips what is busy; groups and ranges of instances with other roots are known by the host's directory. Returns one
// line per thing removed, and "failed ..." for what could not be.
Result<std::vector<std::string>> gc(const Roots& roots);

// Start time of a process (field 22 of /proc/PID/stat), 0 when gone.
std::uint64_t start_time(pid_t pid);
std::string boot_id();
std::string now_rfc3339();  // UTC, nanoseconds

}  // namespace secure::record
