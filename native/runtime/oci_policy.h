// SPDX-License-Identifier: Apache-2.0
// The policy that holds underneath an engine: where this process was told to find it, and what commands do with it.
#pragma once

#include <string>

#include "result.h"
#include "spec.h"

namespace secure::runtime {

// The name by which an engine is told to call the runtime so that it enforces a policy: not every engine can hand over options.
inline constexpr std::string_view kPolicyName = "secure-runtime-policy";
inline constexpr const char* kPolicyDirectory = "/etc/secure/policy.d";

// Where it is: --policy, else kPolicyDirectory.
std::string policy_directory();

// Whether one holds: --policy was given, or the program was called by kPolicyName.
bool policy_holds();

// create and run: `spec` is made as tight as the policy wants it. Without a policy nothing changes. POLICY_MISSING, POLICY_UNTRUSTED, POLICY_CORRUPT,
// POLICY_REFUSED. Every decision is recorded.
Status hold_to_policy(spec::Spec& spec, const std::string& id, const std::string& bundle);
// exec
Status hold_to_policy(spec::Spec& spec, spec::Process& process, const std::string& id, const std::string& bundle);
// update
Status hold_to_policy(spec::Resources& change, const std::string& id);
// What no policy can look into: POLICY_REFUSED where one holds.
Status refuse_under_policy(const std::string& what, const std::string& id);

}  // namespace secure::runtime
