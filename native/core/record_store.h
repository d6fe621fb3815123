// SPDX-License-Identifier: Apache-2.0
// Internal to record*.cc: the directories of the store, reservations by symlink, and what a config.json says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record.h"
#include "spec.h"

namespace secure::record {

// Directory `sub` of a root, O_RDONLY. With `create` both are made (0700). A root that somebody else owns or may write
// to is STATE_UNSAFE: every name in it would be theirs to exchange. Without `create`, a missing one is NOT_FOUND.
Result<Fd> open_dir(const std::string& root, const char* sub, bool create);

// Whether `name` is still the file that `fd` has open: one that was removed while somebody waited for its lock is not.
bool still_there(int dir, const std::string& name, int fd);

// Names in a directory, without . and ..; sorted.
std::vector<std::string> entries(int dir);

// flock(2) on a descriptor. `wait_ms` 0 tries once; errno EWOULDBLOCK in the error says that it is held.
Status lock_fd(int fd, bool exclusive, int wait_ms);

// The lock of one container by its directory's descriptor, tried once; nothing when busy or gone.
std::optional<Fd> try_container_lock(int containers, const std::string& id);

// A reservation is a symlink whose target names the owner: the id in names/ and ranges/, the absolute path of
// the record in the host's directories. It is dead when the owner's record does not exist.
struct Claim {
  bool made = false;
  std::string owner;  // target of the one that stands in the way
};
// Reserve `entry`; a dead reservation is taken over, under the directory's lock.
Result<Claim> claim(int dir, const std::string& entry, const std::string& target, int containers);
// Give it back if it is ours.
Status release(int dir, const std::string& entry, const std::string& target);
// Remove it if its owner is gone; true when it did.
bool release_dead(int dir, const std::string& entry, int containers);
std::string link_target(int dir, const std::string& entry);  // "" when it is no symlink
// Only "there is no such file" proves a record gone; any other error counts as alive.
bool owner_alive(int containers, const std::string& target);
// <state>/containers/<id>: how the host's directories name a record.
std::string record_path(const Roots& roots, const std::string& id);

// What the runtime needs of a config.json later on.
struct Config {
  std::string name, image, profile, cgroup, created, stop_signal = "SIGTERM";
  unsigned stop_timeout = 10;  // seconds
  bool remove = false;
  std::uint32_t range_first = 0;  // 0: none
  std::optional<spec::Network> network;
};
// NOT_FOUND when there is none, RECORD_CORRUPT when it cannot be read.
Result<Config> read_config(int containers, const std::string& id);

std::string default_cgroup(const Roots& roots, const std::string& id);
// The group whose processes are this container's: where this boot's state says it is, else the default place. Never
// one that only a config names: a start that failed with CGROUP_BUSY leaves a record with another container's path.
std::string cgroup_path(const Roots& roots, const State& state);

// The running state alone, with dead pids dropped; empty where it cannot be read.
State read_run_state(int run, const std::string& id);
// Some process of it lives: its first one, or a monitor (not we) that has not recorded the end yet.
bool active(const State& state);
// Delete a record that is known to be dead, in the order that remove() documents. The caller holds its lock. `state` is
// what was read of it, or only the id when it is corrupt.
Status remove_record(const Roots& roots, int containers, const State& state, const cgroup::Layout& layout);

struct IdRange {
  std::uint64_t first = 0, count = 0;
};
// /etc/subuid or /etc/subgid; lines that make no sense are skipped.
std::vector<IdRange> parse_subids(std::string_view text);

// Process state letter and start time; 0, 0 when gone.
struct ProcessStat {
  char state = 0;
  std::uint64_t start = 0;
};
ProcessStat parse_stat(std::string_view text);
// Alive, and not a zombie.
bool process_alive(pid_t pid, std::uint64_t start);

}  // namespace secure::record
