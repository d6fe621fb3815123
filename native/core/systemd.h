// SPDX-License-Identifier: Apache-2.0
// Groups that systemd makes and owns: a scope per container, over D-Bus (org.freedesktop.systemd1(5)).
#pragma once

#include <string>

#include "cgroup.h"
#include "result.h"
#include "spec.h"

namespace secure::systemd {

// "slice:prefix:name" of the config: the unit "prefix-name.scope" in "slice".
struct Unit {
  std::string slice, name;
};
// CGROUP_PATH_INVALID. An empty path is the scope "secure-<id>.scope" in system.slice, or user.slice for a user.
Result<Unit> parse(const std::string& cgroups_path, const std::string& id);

// A running scope. A scope without a process ends at once, so one of ours waits in it until the container's is there.
class Scope {
 public:
  Scope() = default;
  Scope(Scope&& other) noexcept : path(std::move(other.path)), holder_(std::exchange(other.holder_, -1)) {}
  Scope& operator=(Scope&& other) noexcept {
    release();
    path = std::move(other.path);
    holder_ = std::exchange(other.holder_, -1);
    return *this;
  }
  ~Scope() { release(); }
  // Ends the waiting process.
  void release();
  // A group of the container's own below the scope's: the process waits there from now on, and `path` is that.
  Status go_below(const std::string& name, const cgroup::Layout& layout);
  std::string path;  // of the group, in every hierarchy that systemd has

 private:
  friend Result<Scope> start(const Unit& unit, const std::string& description, const cgroup::Layout& layout, const spec::Spec& spec);
  pid_t holder_ = -1;
};

// SYSTEMD_FAILED when systemd refuses, BUS_UNREACHABLE where there is none.
Result<Scope> start(const Unit& unit, const std::string& description, const cgroup::Layout& layout, const spec::Spec& spec);
// What systemd knows of the limits: it writes them again whenever it reloads. Those that it has no property for are written by
// cgroup::update() alone.
Status set_limits(const std::string& unit, const cgroup::Layout& layout, const spec::Resources& resources);
// Stops the unit and forgets its failure; one that is gone is success.
Status stop(const std::string& unit);

}  // namespace secure::systemd
