// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "cgroup_tree.h"
#include "userns.h"

namespace secure::cgroup {

namespace {

using spec::DeviceRule;

unsigned access_bits(std::string_view access) {
  unsigned out = 0;
  for (char c : access) out |= c == 'r' ? 1U : c == 'w' ? 2U : c == 'm' ? 4U : 0U;
  return out;
}

std::string access_text(unsigned bits) {
  std::string out;
  for (unsigned i = 0; i < 3; ++i)
    if ((bits & (1U << i)) != 0) out += "rwm"[i];
  return out;
}

bool same_devices(const DeviceRule& a, const DeviceRule& b) {
  return a.type == b.type && a.major == b.major && a.minor == b.minor;
}

bool overlap(const DeviceRule& a, const DeviceRule& b) {
  auto meet = [](const auto& x, const auto& y) { return !x || !y || *x == *y; };
  return a.type == b.type && meet(a.major, b.major) && meet(a.minor, b.minor);
}

bool inside(const DeviceRule& inner, const DeviceRule& outer) {
  auto within = [](const auto& x, const auto& y) { return !y || x == y; };
  return inner.type == outer.type && within(inner.major, outer.major) && within(inner.minor, outer.minor);
}

std::string text(const DeviceRule& rule) {
  auto number = [](const std::optional<std::int64_t>& n) { return n ? std::to_string(*n) : std::string("*"); };
  return std::string(1, rule.type) + " " + number(rule.major) + ":" + number(rule.minor) + " " + rule.access;
}

void add(std::vector<DeviceRule>& exceptions, const DeviceRule& rule) {
  auto same = std::find_if(exceptions.begin(), exceptions.end(), [&](const auto& e) { return same_devices(e, rule); });
  if (same == exceptions.end()) exceptions.push_back(rule);
  else same->access = access_text(access_bits(same->access) | access_bits(rule.access));
}

// Take `rule` back out of the exceptions. The kernel's own list does so only for an entry of exactly the
// same numbers, and does nothing, silently, for any other.
Status take_out(std::vector<DeviceRule>& exceptions, const DeviceRule& rule) {
  unsigned bits = access_bits(rule.access);
  for (auto& entry : exceptions) {
    if (!overlap(entry, rule) || (access_bits(entry.access) & bits) == 0) continue;
    if (!inside(entry, rule))
      return fail(Stage::config, "DEVICE_RULES_UNSUPPORTED", 0,
                  "device rule '" + text(rule) + "' takes a part out of the earlier rule '" + text(entry) + "'",
                  "list the devices one by one instead of the wider rule");
    entry.access = access_text(access_bits(entry.access) & ~bits);
  }
  std::erase_if(exceptions, [](const auto& entry) { return entry.access.empty(); });
  return Ok{};
}

Status step(DevicePolicy& policy, const DeviceRule& rule) {
  if (access_bits(rule.access) == 0 || rule.type == 'p') return Ok{};
  bool everything = rule.type == 'a' && !rule.major && !rule.minor && access_bits(rule.access) == 7;
  if (everything) {
    policy = {rule.allow, {}};
    return Ok{};
  }
  if (rule.type == 'a') {
    // The v1 file ignores numbers and access after an "a", which would allow or deny far more than was asked for.
    for (char type : {'b', 'c'}) {
      DeviceRule one = rule;
      one.type = type;
      SECURE_TRY(step(policy, one));
    }
    return Ok{};
  }
  if (rule.allow == policy.default_allow) return take_out(policy.exceptions, rule);
  add(policy.exceptions, rule);
  return Ok{};
}

// runtime-spec, config-linux.md, "Default Devices", with the pts and console behind them: they must work
// whatever the rules say. console is 5:1, ptmx 5:2, tty 5:0.
std::vector<DeviceRule> default_devices() {
  std::vector<DeviceRule> out;
  constexpr std::array<std::array<int, 2>, 9> kNumbers{
      {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}, {136, -1}}};
  for (const auto& [device_major, device_minor] : kNumbers) {
    DeviceRule rule{true, 'c', device_major, std::nullopt, "rwm"};
    if (device_minor >= 0) rule.minor = device_minor;
    out.push_back(std::move(rule));
  }
  return out;
}

Status write_v1(int dir, const DevicePolicy& policy) {
  auto refused = [](const Error& error, const char* file) {
    return fail(Stage::cgroup, "CGROUP_LIMIT_REFUSED", error.err, error.message,
                std::string("a parent group allows fewer devices than ") + file + " asks for, or this is a user namespace");
  };
  auto first = write_file_once(dir, policy.default_allow ? "devices.allow" : "devices.deny", "a", Stage::cgroup);
  if (!first) return refused(first.error(), policy.default_allow ? "devices.allow" : "devices.deny");
  const char* file = policy.default_allow ? "devices.deny" : "devices.allow";
  const auto defaults = default_devices();
  for (const auto& rule : policy.exceptions) {
    auto status = write_file_once(dir, file, text(rule), Stage::cgroup);
    if (status) continue;
    // Inside a container whose own list is shorter, a default device that cannot be had stays denied.
    bool is_default = std::any_of(defaults.begin(), defaults.end(), [&](const auto& d) { return same_devices(d, rule); });
    if (!policy.default_allow && is_default && status.error().err == EPERM) continue;
    return refused(status.error(), file);
  }
  return Ok{};
}

}  // namespace

Result<DevicePolicy> device_policy(const std::vector<DeviceRule>& rules) {
  DevicePolicy out;
  for (const auto& rule : rules) SECURE_TRY(step(out, rule));
  if (!out.default_allow)
    for (const auto& rule : default_devices()) add(out.exceptions, rule);
  return out;
}

namespace {

Result<Place> devices_place(const Group& group) {
  // No file announces it in v2: any v2 group takes a program.
  Place place = place_of(group, "devices", "cgroup.procs");
  if (place.fd >= 0) return place;
  return fail(Stage::cgroup, "CONTROLLER_MISSING", 0,
              "the devices controller, which the device rules need, is not available: there is no writable cgroup mount",
              "run where /sys/fs/cgroup is writable, or ask for no device rules");
}

}  // namespace

Status apply_devices(const Group& group, const std::vector<DeviceRule>& rules) {
  SECURE_LET(policy, device_policy(rules));
  auto place = devices_place(group);
  // Leave to make a node that the config lists comes from no rule of the config.
  const bool none = std::all_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.allow && rule.access == "m"; });
  if (!place) return none ? Status(Ok{}) : Status(std::move(place.error()));
  if (!place->v2) return write_v1(place->fd, policy);
  auto status = attach_device_filter(place->fd, policy);
  // Nobody can make a node of a device in a user namespace: there is nothing to hold back but what was mounted on purpose.
  if (!status && status.error().err == EPERM && !userns::initial()) return Ok{};
  return status;
}

Status replace_devices(const Group& group, const std::vector<DeviceRule>& rules) {
  SECURE_LET(policy, device_policy(rules));
  SECURE_LET(place, devices_place(group));
  if (place.v2) return attach_device_filter(place.fd, policy);
  const std::string before = read_text(place.fd, "devices.list");
  // From or to "everything but" there is no way that does not pass through everything or nothing.
  if (policy.default_allow || before.starts_with("a ")) return write_v1(place.fd, policy);
  for (const auto& rule : policy.exceptions) SECURE_TRY(write_file_once(place.fd, "devices.allow", text(rule), Stage::cgroup));
  for (std::size_t at = 0; at < before.size();) {
    const std::size_t end = std::min(before.find('\n', at), before.size());
    const std::string line = before.substr(at, end - at);  // c 1:3 rwm
    at = end + 1;
    const std::string numbers = line.substr(0, line.rfind(' ') + 1);
    unsigned gone = access_bits(std::string_view(line).substr(numbers.size()));
    for (const auto& rule : policy.exceptions)
      if (text(rule).starts_with(numbers)) gone &= ~access_bits(rule.access);
    if (gone != 0) SECURE_TRY(write_file_once(place.fd, "devices.deny", numbers + access_text(gone), Stage::cgroup));
  }
  return Ok{};
}

}  // namespace secure::cgroup
