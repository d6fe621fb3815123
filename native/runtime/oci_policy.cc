// SPDX-License-Identifier: Apache-2.0
#include "oci_policy.h"

#include "help.h"
#include "oci.h"
#include "policy.h"

namespace secure::runtime {

namespace {

template <typename Hold>
Status decide(const char* command, const std::string& id, const std::string& bundle, const std::string& what, Hold hold) {
  if (!policy_holds()) return Ok{};
  SECURE_LET(policy, policy::load(policy_directory()));
  policy::Report report;
  hold(policy, policy::facts(id, bundle), report);
  policy::record(policy, report, command, id);
  return policy::verdict(policy, report, what);
}

}  // namespace

std::string policy_directory() { return globals().policy.empty() ? kPolicyDirectory : globals().policy; }

bool policy_holds() { return !globals().policy.empty() || program_name() == kPolicyName; }

Status hold_to_policy(spec::Spec& spec, const std::string& id, const std::string& bundle) {
  return decide("create", id, bundle, "the container " + id, [&](const auto& policy, const auto& facts, auto& report) {
    policy::hold_container(policy, facts, spec, report);
    // In what `state` prints, so that it can be seen of every container which policy it was made under.
    spec.annotations.emplace_back("run.secure.policy", policy.digest);
  });
}

Status hold_to_policy(spec::Spec& spec, spec::Process& process, const std::string& id, const std::string& bundle) {
  return decide("exec", id, bundle, "the process in container " + id, [&](const auto& policy, const auto& facts, auto& report) { policy::hold_exec(policy, facts, spec, process, report); });
}

Status hold_to_policy(spec::Resources& change, const std::string& id) {
  return decide("update", id, "", "the change of container " + id, [&](const auto& policy, const auto& facts, auto& report) { policy::hold_update(policy, facts, change, report); });
}

Status refuse_under_policy(const std::string& what, const std::string& id) {
  return decide("other", id, "", "the container " + id, [&](const auto& policy, const auto&, auto& report) { report.refuse(policy, "engines", "", what); });
}

}  // namespace secure::runtime
