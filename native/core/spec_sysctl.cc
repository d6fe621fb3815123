// SPDX-License-Identifier: Apache-2.0
// runtime-spec config-linux.md#sysctl
#include <sched.h>

#include <algorithm>
#include <array>

#include "spec_parts.h"

namespace secure::spec {

namespace {

constexpr std::array<std::string_view, 8> kIpc{"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem",
                                               "kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced"};

// As sysctl(8): the first separator says which of '.' and '/' separates, the other one then stands for itself or for '.'. Empty when it is no
// name of a file below /proc/sys.
std::string path_of(const std::string& key) {
  if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/@:") != std::string::npos) return {};
  std::string path = key;
  if (const std::size_t first = key.find_first_of("./"); first != std::string::npos && key[first] == '.')
    for (auto& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
  const std::string walled = "/" + path + "/";
  for (const char* bad : {"//", "/./", "/../"})
    if (walled.find(bad) != std::string::npos) return {};
  return path;
}

// Why it is refused; nullptr: it belongs to a namespace of the container. Anything else changes the host
// (CVE-2022-0811 injected kernel.core_pattern this way).
const char* refusal(const std::string& path, const std::string& value, const Spec& spec) {
  const auto find = [&](int flag) {
    return std::find_if(spec.namespaces.begin(), spec.namespaces.end(), [&](const Namespace& ns) { return ns.flag == flag; });
  };
  const auto needs = [&](int flag, const char* why) { return find(flag) != spec.namespaces.end() ? nullptr : why; };
  if (path.starts_with("net/")) return needs(CLONE_NEWNET, "needs a network namespace in /linux/namespaces");
  if (path.starts_with("fs/mqueue/") || std::find(kIpc.begin(), kIpc.end(), path) != kIpc.end())
    return needs(CLONE_NEWIPC, "needs an ipc namespace in /linux/namespaces");
  if (path == "kernel/hostname") return "is not allowed as it conflicts with the OCI \"hostname\" field";
  if (path == "kernel/domainname")
    return spec.domainname.empty() || spec.domainname == value ? needs(CLONE_NEWUTS, "needs a uts namespace in /linux/namespaces") : "conflicts with /domainname";
  if (path.starts_with("user/")) {
    const auto own = find(CLONE_NEWUSER);
    return own != spec.namespaces.end() && own->path.empty() ? nullptr : "needs a new user namespace in /linux/namespaces";
  }
  return "is not a sysctl of one of the container's own namespaces: not in a separate kernel namespace";
}

}  // namespace

void read_sysctls(const json::Node& node, Spec& out) {
  for (const auto& [key, value] : node.members()) {
    std::string path = path_of(key);
    if (path.empty()) value.report("names no sysctl");
    else if (const char* why = refusal(path, value.str(), out)) value.report(why);
    out.sysctl.emplace_back(std::move(path), value.str());
  }
}

}  // namespace secure::spec
