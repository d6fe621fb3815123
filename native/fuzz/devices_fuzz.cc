// SPDX-License-Identifier: Apache-2.0
// Device rules are brought into the one shape that both kernel interfaces take. It must decide as the list itself does, read
// in order, for every device that the rules could mean.
#include <cstdlib>
#include <optional>

#include "cgroup_tree.h"

using namespace secure;
using spec::DeviceRule;

namespace {

constexpr std::int64_t kNumbers = 4;

struct Device {
  char type;
  std::int64_t major, minor;
  char access;
};

bool matches(const DeviceRule& rule, const Device& device) {
  return (rule.type == 'a' || rule.type == device.type) && (!rule.major || *rule.major == device.major) &&
         (!rule.minor || *rule.minor == device.minor) && rule.access.find(device.access) != std::string::npos;
}

// The standard devices of these numbers: 1:3 null. They work whatever the rules say, unless all is allowed but some.
bool standard(const Device& device) { return device.type == 'c' && device.major == 1 && device.minor == 3; }

bool in_order(const std::vector<DeviceRule>& rules, const Device& device) {
  bool allowed = false;
  for (const auto& rule : rules)
    if (matches(rule, device)) allowed = rule.allow;
  return allowed;
}

bool decides(const cgroup::DevicePolicy& policy, const Device& device) {
  for (const auto& rule : policy.exceptions)
    if (matches(rule, device)) return !policy.default_allow;
  return policy.default_allow;
}

std::optional<std::int64_t> number(std::uint8_t byte) {
  return byte % (kNumbers + 1) == kNumbers ? std::nullopt : std::optional<std::int64_t>(byte % (kNumbers + 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<DeviceRule> rules;
  for (; size >= 4 && rules.size() < 16; data += 4, size -= 4) {
    DeviceRule rule{(data[0] & 1) != 0, "abc"[(data[0] >> 1) % 3], number(data[1]), number(data[2]), {}};
    for (unsigned i = 0; i < 3; ++i)
      if ((data[3] & (1U << i)) != 0) rule.access += "rwm"[i];
    rules.push_back(std::move(rule));
  }
  auto policy = cgroup::device_policy(rules);
  if (!policy) return 0;  // a shape that neither interface has is refused
  for (char type : {'b', 'c'})
    for (std::int64_t i = 0; i < kNumbers * kNumbers; ++i)
      for (char access : {'r', 'w', 'm'}) {
        const Device device{type, i / kNumbers, i % kNumbers, access};
        if (!policy->default_allow && standard(device)) {
          if (!decides(*policy, device)) std::abort();
          continue;
        }
        if (decides(*policy, device) != in_order(rules, device)) std::abort();
      }
  return 0;
}
