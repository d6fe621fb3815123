// SPDX-License-Identifier: Apache-2.0
#include <sched.h>

#include <algorithm>
#include <array>

#include "policy_parts.h"

namespace secure::policy {

namespace {

template <typename Spec>
auto* find(Spec& spec, int flag) {
  const auto at = std::find_if(spec.namespaces.begin(), spec.namespaces.end(), [&](const auto& ns) { return ns.flag == flag; });
  using Found = decltype(&*at);
  return at == spec.namespaces.end() ? Found{nullptr} : &*at;
}

// One that root of the host is mapped into is none: root inside is root outside.
bool protects(const Facts& facts, const spec::Spec& spec, const spec::Namespace& ns) {
  if (!ns.path.empty()) return !facts.is_own_namespace(ns.path, "user");
  const auto root = [](const spec::IdMap& map) { return map.host == 0; };
  return !spec.uid_mappings.empty() && !spec.gid_mappings.empty() && std::none_of(spec.uid_mappings.begin(), spec.uid_mappings.end(), root) &&
         std::none_of(spec.gid_mappings.begin(), spec.gid_mappings.end(), root);
}

}  // namespace

bool protects_root(const Facts& facts, const spec::Spec& spec) {
  const auto* user = find(spec, CLONE_NEWUSER);
  return user != nullptr && protects(facts, spec, *user);
}

void hold_namespaces(const Policy& policy, const Facts& facts, spec::Spec& spec, Report& report) {
  struct Kind {
    int flag;
    const char *name, *file;
  };
  static constexpr std::array<Kind, 4> kKinds{{{CLONE_NEWPID, "pid", "pid"}, {CLONE_NEWNET, "network", "net"}, {CLONE_NEWIPC, "ipc", "ipc"}, {CLONE_NEWUTS, "uts", "uts"}}};
  for (const auto& [flag, name, file] : kKinds) {
    auto* ns = find(spec, flag);
    if (ns != nullptr && (ns->path.empty() || !facts.is_own_namespace(ns->path, file))) {
      // What is at a path may be another one by the time that it is joined.
      ns->foreign = !ns->path.empty();
      continue;
    }
    if (std::find(policy.host_namespaces.begin(), policy.host_namespaces.end(), name) != policy.host_namespaces.end()) continue;
    report.refuse(policy, "engines.hostNamespaces", "/linux/namespaces", std::string("the ") + name + " namespace is the host's");
  }
  const auto* mounts = find(spec, CLONE_NEWNS);
  if (mounts == nullptr || !mounts->path.empty())
    report.refuse(policy, "engines.hostNamespaces", "/linux/namespaces", "the mount namespace is not one of its own");
  const auto* groups = find(spec, CLONE_NEWCGROUP);
  if (groups != nullptr && !groups->path.empty() && facts.is_own_namespace(groups->path, "cgroup")) {
    std::erase_if(spec.namespaces, [](const auto& ns) { return ns.flag == CLONE_NEWCGROUP; });
    groups = nullptr;
  }
  if (groups == nullptr) {
    spec.namespaces.push_back({CLONE_NEWCGROUP, {}});
    report.tighten("cgroup", "/linux/namespaces", "a cgroup namespace of its own");
  }
  if (policy.user_namespace == Level::off || protects_root(facts, spec)) return;
  if (policy.user_namespace == Level::required)
    report.refuse(policy, "engines.userNamespace", "/linux/namespaces", "root in the container would be root of the host: it has no user namespace of its own");
  else
    report.tighten("engines.userNamespace", "/linux/namespaces", "wished for, and not there");
}

}  // namespace secure::policy
