// SPDX-License-Identifier: Apache-2.0
// Containers of OCI engines: one directory per container below --root.
//   <id>/config.json   the config that it was made with, byte for byte
//   <id>/state.json    what later commands need; written when the process exists
//   <id>/start         socket on which its process waits to be started; gone once it was
// The directory is locked while a command changes the container. Nothing here outlives the machine's uptime.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fd.h"
#include "result.h"

namespace secure::oci {

// What the state file holds. A pid counts only with its start time.
struct State {
  std::string id, bundle, rootfs, created, cgroup, oci_version;
  pid_t pid = 0;
  std::uint64_t pid_start = 0;
  std::uint32_t owner = 0;  // uid of whoever made it
  std::string cgroup_manager;  // cgroupfs, systemd, disabled
  std::string systemd_scope;   // unit, for the systemd manager
  std::vector<std::pair<std::string, std::string>> annotations;
};

enum class Status { creating, created, running, paused, stopped };
std::string_view status_name(Status status);

// Letters, digits, _ . + - and at most 1024 bytes: it is a file name and a part of cgroup paths (CVE-2024-9675 class).
bool valid_id(std::string_view id);

// The state root, made 0700 when it is missing and `create`. One that somebody else may write to is STATE_UNSAFE.
Result<Fd> open_root(const std::string& path, bool create);

// A new container's directory, locked. CONTAINER_EXISTS, ID_INVALID.
Result<Fd> reserve(int root, const std::string& id);
// An existing one. With `lock` it waits until no other command changes it. NO_SUCH_CONTAINER.
Result<Fd> open(int root, const std::string& id, bool lock);
// Ids of all containers below the root, sorted.
std::vector<std::string> ids(int root);
// Everything of the container's directory. The last step of an end.
secure::Status remove(int root, const std::string& id);

secure::Status write_state(int dir, const State& state);
// CONTAINER_CREATING while its maker has not come far enough, STATE_CORRUPT.
Result<State> read_state(int dir);
Result<State> parse_state(std::string_view text);
Result<std::string> read_config(int dir);
secure::Status write_config(int dir, std::string_view text);

// From the kernel and the directory, never from the file alone.
Status status(int dir, const State& state);

// The state of runtime.md#state, as hooks and `state` get it.
std::string to_json(const State& state, Status status, pid_t pid, bool more = false);

// The socket that the container's process accepts one connection on.
Result<Fd> make_gate(int dir);
bool has_gate(int dir);
// Connect to it; whoever does starts the container.
Result<Fd> open_gate(int dir);
secure::Status remove_gate(int dir);

}  // namespace secure::oci
