// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "policy_parts.h"

namespace secure::policy {

namespace {

bool subset(std::string_view access, std::string_view of) {
  return std::all_of(access.begin(), access.end(), [&](char c) { return of.find(c) != std::string_view::npos; });
}

// Does one of the rules let a container do all that `rule` does? A number that is absent is every number.
bool covered(const std::vector<spec::DeviceRule>& rules, const spec::DeviceRule& rule) {
  return std::any_of(rules.begin(), rules.end(), [&](const auto& one) {
    return one.allow && one.type == rule.type && (!one.major || one.major == rule.major) && (!one.minor || one.minor == rule.minor) && subset(rule.access, one.access);
  });
}

std::string number(const std::optional<std::int64_t>& n) { return n ? std::to_string(*n) : "*"; }
std::string text(const spec::DeviceRule& rule) { return std::string(1, rule.type) + " " + number(rule.major) + ":" + number(rule.minor) + " " + rule.access; }

// By its number, and not by what the container is to call it.
bool allowed(const Policy& policy, const Facts& facts, char type, std::int64_t major, std::int64_t minor) {
  if (policy.devices.empty()) return false;
  const std::string name = facts.device_name(type, major, minor);
  return !name.empty() && within_any(policy.devices, "/dev/" + name);
}

}  // namespace

void hold_devices(const Policy& policy, const Facts& facts, const std::vector<spec::Device>& devices, std::vector<spec::DeviceRule>& rules, const std::string& at, Report& report) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto& device = devices[i];
    if (device.type == 'p') continue;
    const char type = device.type == 'u' ? 'c' : device.type;
    const spec::DeviceRule rule{true, type, device.major, device.minor, "rw"};
    if (covered(policy.usual_devices, rule) || allowed(policy, facts, type, device.major, device.minor)) continue;
    report.refuse(policy, "engines.devices", "/linux/devices/" + std::to_string(i), device.path + " is device " + text(rule).substr(0, text(rule).rfind(' ')) + " of the host");
  }
  std::vector<spec::DeviceRule> out = policy.device_rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto& rule = rules[i];
    if (!rule.allow || covered(policy.usual_devices, rule)) continue;
    if (rule.type != 'a' && rule.major && rule.minor && allowed(policy, facts, rule.type, *rule.major, *rule.minor)) {
      out.push_back(rule);
      continue;
    }
    report.refuse(policy, "engines.devices", at + "/" + std::to_string(i), "devices " + text(rule) + " could be opened");
  }
  rules = std::move(out);
}

}  // namespace secure::policy
