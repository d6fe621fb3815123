// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "cgroup_tree.h"
#include "systemd_properties.h"

namespace secure::systemd {

namespace {

// How systemd names devices: by the path that udev would give them, by the number of a driver, or all of a type.
std::optional<std::string> device(const spec::DeviceRule& rule) {
  const std::string type = rule.type == 'b' ? "block" : "char";
  if (rule.major && rule.minor) return "/dev/" + type + "/" + std::to_string(*rule.major) + ":" + std::to_string(*rule.minor);
  if (rule.major) return type + "-" + std::to_string(*rule.major);
  return rule.minor ? std::nullopt : std::optional(type + "-*");
}

// Nothing where systemd cannot say it: it knows no exception from "everything", and no minor number of any driver.
std::optional<std::vector<std::pair<std::string, std::string>>> allowed(const cgroup::DevicePolicy& policy) {
  if (policy.default_allow) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& rule : policy.exceptions) {
    auto name = device(rule);
    if (!name) return std::nullopt;
    out.emplace_back(std::move(*name), rule.access);
  }
  return out;
}

}  // namespace

Status add_devices(Properties& to, const std::vector<spec::DeviceRule>& rules) {
  SECURE_LET(policy, cgroup::device_policy(rules));
  const auto list = allowed(policy);
  to.text("DevicePolicy", list ? "strict" : "auto");
  to.pairs("DeviceAllow", {});
  if (list) to.pairs("DeviceAllow", *list);
  return Ok{};
}

}  // namespace secure::systemd
