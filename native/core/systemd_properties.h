// SPDX-License-Identifier: Apache-2.0
// Internal to systemd*.cc.
#pragma once

#include <utility>
#include <vector>

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
  void texts(const char* name, const std::vector<std::string>& value);
  // Of a basic type: its code, and how many bytes of the value it has.
  void integer(const char* name, char code, unsigned bytes, std::uint64_t value);
  void pairs(const char* name, const std::vector<std::pair<std::string, std::string>>& value);

 private:
  void begin(const char* name, const char* type);
  dbus::Writer& out_;
};

// The limits as properties of the unit (systemd.resource-control(5)). CGROUP_LIMIT_REFUSED for a set that is none.
Status add_limits(Properties& to, bool v2, const spec::Resources& resources);

// Annotations org.systemd.property.NAME, as runc has them; others are left alone. CONFIG_INVALID for a value that cannot be read.
Status add_annotations(Properties& to, const std::vector<std::pair<std::string, std::string>>& annotations);

// The device rules, in place of all earlier ones; where systemd has no words for them it is told to filter nothing, and the filter
// of the group (cgroup::apply()) is alone.
Status add_devices(Properties& to, const std::vector<spec::DeviceRule>& rules);

// "0-2,7" as a mask of bits, lowest first.
Result<std::string> mask(const std::string& list);
// Quota in microseconds a second, rounded up to what systemd keeps.
std::uint64_t quota_per_second(std::int64_t quota, std::uint64_t period);

}  // namespace secure::systemd
