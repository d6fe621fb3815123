// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::userns {

// Write uid_map and gid_map of a process that was just cloned into a new user namespace.
Status write_maps(pid_t pid, const std::vector<spec::IdMap>& uids, const std::vector<spec::IdMap>& gids);

// A process that only waits, born in the namespaces of `flags` (CLONE_NEW*); it ends with the object.
class Waiting {
 public:
  static Result<Waiting> start(unsigned long flags);
  Waiting(Waiting&& other) noexcept : pid(std::exchange(other.pid, 0)), pidfd(std::move(other.pidfd)) {}
  Waiting& operator=(Waiting&&) = delete;
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting();
  pid_t pid = 0;
  Fd pidfd;

 private:
  Waiting() = default;
};

// A new user namespace with nobody in it, for mount_setattr(2) alone.
Result<Fd> create(const std::vector<spec::IdMap>& uids, const std::vector<spec::IdMap>& gids);

// The user namespace of a process, as a descriptor for mount_setattr(2).
Result<Fd> open(pid_t pid);

// Whether this process is in the user namespace of the machine, and not in one below it.
bool initial();

enum class Groups {
  drop,
  drop_if_allowed,  // for a namespace in which setgroups(2) is denied
  keep,
};
// Become root of the user namespace that this process is in. Until its ids are mapped, or after joining, a process is nobody. Needs
// a map that covers id 0.
Status become_root(Groups groups = Groups::drop);

// The host's id for an id of the container; nullopt where the map does not cover it.
std::optional<std::uint32_t> to_host(const std::vector<spec::IdMap>& map, std::uint32_t id);

}  // namespace secure::userns
