// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <unistd.h>

#include <array>

#include "spec_parts.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080  // <linux/sched.h>, Linux 5.6
#endif

namespace secure::spec {

namespace {

int namespace_flag(std::string_view type) {
  struct Entry { std::string_view name; int flag; };
  static constexpr std::array<Entry, 8> kTypes{{{"pid", CLONE_NEWPID}, {"network", CLONE_NEWNET}, {"mount", CLONE_NEWNS},
      {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS}, {"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP},
      {"time", CLONE_NEWTIME}}};
  for (const auto& e : kTypes)
    if (e.name == type) return e.flag;
  return 0;
}

}  // namespace

// Mappings are optional. Without any, whoever runs this is root in there, and nobody else is anybody, as in crun.
static void map_own_ids(Spec& out) {
  if (!out.uid_mappings.empty() || !out.gid_mappings.empty()) return;
  for (const auto& ns : out.namespaces) {
    if (ns.flag != CLONE_NEWUSER || !ns.path.empty()) continue;
    out.uid_mappings.push_back({0, ::geteuid(), 1});
    out.gid_mappings.push_back({0, ::getegid(), 1});
  }
}

void read_linux(const json::Node& node, Spec& out) {
  for (const auto& item : node["namespaces"].items()) {
    Namespace ns{namespace_flag(item["type"].str()), item["path"].str()};
    if (ns.flag == 0) item["type"].report("names no namespace: '" + item["type"].str() + "'");
    for (const auto& earlier : out.namespaces)
      if (earlier.flag == ns.flag) item["type"].report("repeats a namespace");
    if (!ns.path.empty() && ns.path[0] != '/') item["path"].report("must be an absolute path");
    out.namespaces.push_back(std::move(ns));
  }
  out.uid_mappings = read_id_maps(node["uidMappings"]);
  out.gid_mappings = read_id_maps(node["gidMappings"]);
  map_own_ids(out);
  out.cgroups_path = node["cgroupsPath"].str();
  out.resources = read_resources(node["resources"]);
  if (node["seccomp"].present()) out.seccomp = read_container_seccomp(node["seccomp"]);
  read_linux_mounts(node, out);
  read_sysctls(node["sysctl"], out);
  read_linux_kernel(node, out);
}

}  // namespace secure::spec
