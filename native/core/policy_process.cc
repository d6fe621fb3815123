// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "caps.h"
#include "policy_parts.h"
#include "rlimit.h"

namespace secure::policy {

namespace {

std::string list(std::uint64_t set) {
  std::string out;
  for (const auto& name : caps::names(set)) out += (out.empty() ? "" : " ") + name;
  return out;
}

void hold_capabilities(const Policy& policy, spec::Process& process, const std::string& at, Report& report) {
  if (!process.has_capabilities) return report.refuse(policy, "capabilities", at, "nothing says which capabilities it is to have, which leaves it all of them");
  auto& c = process.capabilities;
  const std::uint64_t asked = c.bounding | c.effective | c.inheritable | c.permitted | c.ambient, beyond = asked & ~policy.allowed_capabilities;
  if (const std::uint64_t unusual = beyond & ~policy.usual_capabilities; unusual != 0) return report.refuse(policy, "capabilities", at, list(unusual));
  if (beyond == 0) return;
  for (auto* set : {&c.bounding, &c.effective, &c.inheritable, &c.permitted, &c.ambient}) *set &= policy.allowed_capabilities;
  report.tighten("capabilities", at, "without " + list(beyond));
}

// A label of the kind `user:role:type:level`.
std::string selinux_type(const std::string& label) {
  const std::size_t first = label.find(':'), second = first == std::string::npos ? first : label.find(':', first + 1);
  return second == std::string::npos ? "" : label.substr(second + 1, label.find(':', second + 1) - second - 1);
}

void hold_lsm(const Policy& policy, const Facts& facts, const spec::Process& process, const std::string& at, Report& report) {
  if (policy.lsm == LsmLevel::off || policy.lsm == LsmLevel::wished) return;
  if (!facts.apparmor && !facts.selinux) {
    if (policy.lsm == LsmLevel::required) report.refuse(policy, "lsm", at, "this host enforces neither AppArmor nor SELinux");
    return;
  }
  if (facts.apparmor && !facts.apparmor_enforces(process.apparmor_profile))
    return report.refuse(policy, "lsm", at + "/apparmorProfile", "it is not confined by AppArmor, which this host enforces");
  const std::string type = selinux_type(process.selinux_label);
  // Those of container-selinux, and domains made for one container (udica, docs/selinux.md).
  static constexpr std::array<std::string_view, 6> kDomains{"container_t", "container_init_t", "container_kvm_t", "container_userns_t", "svirt_lxc_net_t", "svirt_kvm_net_t"};
  if (facts.selinux && !type.ends_with(".process") && std::find(kDomains.begin(), kDomains.end(), type) == kDomains.end())
    report.refuse(policy, "lsm", at + "/selinuxLabel", "it is not confined by SELinux, which this host enforces");
}

void hold_rlimits(const Policy& policy, const Facts& facts, spec::Process& process, const std::string& at, Report& report) {
  for (const auto& bound : policy.rlimits) {
    const auto found = std::find_if(process.rlimits.begin(), process.rlimits.end(), [&](const auto& one) { return one.type == bound.type; });
    const std::string where = at + "/rlimits";
    if (found == process.rlimits.end()) {
      // One that is not given is inherited, and can only be lowered.
      const std::uint64_t hard = std::min(bound.hard, facts.hard_limit(rlimit::number(bound.type)));
      process.rlimits.push_back({bound.type, std::min(bound.soft, hard), hard});
      report.tighten("rlimits", where, bound.type + " " + std::to_string(hard));
    } else if (found->hard > bound.hard) {
      found->hard = bound.hard;
      found->soft = std::min(found->soft, bound.hard);
      report.tighten("rlimits", where, bound.type + " " + std::to_string(bound.hard));
    }
  }
}

}  // namespace

void hold_oom_score(const Policy& policy, const Facts& facts, bool absent_too, bool of_kubelet, spec::Process& process, Report& report) {
  // What is spared for it is the host's. A kubelet gives -997 and more to pods whose memory is reserved, and -998 to what holds their namespaces
  // (Kubernetes, Node out of memory behavior); -1000 is never killed, not even by its own limit.
  const int least = of_kubelet ? -998 : 0;
  if (!policy.memory || process.oom_score_adj.value_or(absent_too ? facts.oom_score_adj : 0) >= least) return;
  process.oom_score_adj = least;
  report.tighten("memory", "/process/oomScoreAdj", std::to_string(least));
}

void hold_process(const Policy& policy, const Facts& facts, spec::Process& process, const std::string& at, Report& report) {
  if (policy.non_root && process.uid == 0) report.refuse(policy, "user.nonRoot", at + "/user/uid", "it would run as root");
  hold_capabilities(policy, process, at + "/capabilities", report);
  hold_lsm(policy, facts, process, at, report);
  if (policy.no_new_privileges && !process.no_new_privileges) {
    process.no_new_privileges = true;
    report.tighten("noNewPrivileges", at + "/noNewPrivileges", "set");
  }
  hold_rlimits(policy, facts, process, at, report);
}

}  // namespace secure::policy
