// SPDX-License-Identifier: Apache-2.0
// Internal to systemd*.cc.
#pragma once

#include "cgroup.h"
#include "dbus.h"
#include "spec.h"

namespace secure::systemd {

// One element of a(sv).
class Properties {
 public:
  explicit Properties(dbus::Writer& out) : out_(out) {}
  void text(const char* name, const std::string& value);
  void flag(const char* name, bool value);
  void number(const char* name, std::uint64_t value);
  void processes(const char* name, std::uint32_t pid);
  void bytes(const char* name, const std::string& value);

 private:
  void begin(const char* name, const char* type);
  dbus::Writer& out_;
};

// The limits as properties of the unit (systemd.resource-control(5)). CGROUP_LIMIT_REFUSED for a set that is none.
Status add_limits(Properties& to, bool v2, const spec::Resources& resources);

// "0-2,7" as a mask of bits, lowest first.
Result<std::string> mask(const std::string& list);
// Quota in microseconds a second, rounded up to what systemd keeps.
std::uint64_t quota_per_second(std::int64_t quota, std::uint64_t period);

}  // namespace secure::systemd
