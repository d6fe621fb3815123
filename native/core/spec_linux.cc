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

// Only sysctls that belong to a namespace of the container: anything else changes the host
// (CVE-2022-0811 injected kernel.core_pattern this way).
bool namespaced_sysctl(const std::string& key, const Spec& spec) {
  auto has = [&](int flag) {
    for (const auto& ns : spec.namespaces)
      if (ns.flag == flag) return true;
    return false;
  };
  if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/") != std::string::npos ||
      key.find("..") != std::string::npos)
    return false;
  if (key.starts_with("net.") || key.starts_with("net/")) return has(CLONE_NEWNET);
  if (key.starts_with("fs.mqueue.")) return has(CLONE_NEWIPC);
  static constexpr std::array<std::string_view, 8> kIpc{"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
      "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"};
  for (auto name : kIpc)
    if (key == name) return has(CLONE_NEWIPC);
  return false;
}

}  // namespace

Seccomp read_seccomp(const json::Node& node) {
  Seccomp out;
  out.default_action = node["defaultAction"].str();
  if (out.default_action.empty()) node["defaultAction"].report("must not be empty");
  if (auto e = node["defaultErrnoRet"]; e.present()) out.default_errno_ret = static_cast<unsigned>(e.integer(0, 4095, 0));
  out.architectures = node["architectures"].strings();
  out.flags = node["flags"].strings();
  for (const auto& item : node["syscalls"].items()) {
    SeccompRule rule;
    rule.names = item["names"].strings();
    rule.action = item["action"].str();
    if (auto e = item["errnoRet"]; e.present()) rule.errno_ret = static_cast<unsigned>(e.integer(0, 4095, 0));
    for (const auto& a : item["args"].items())
      rule.args.push_back({static_cast<unsigned>(a["index"].integer(0, 5, 0)), a["value"].u64(), a["valueTwo"].u64(), a["op"].str()});
    out.rules.push_back(std::move(rule));
  }
  // Notifications need a listener socket to go to, which this runtime does not offer yet; a
  // filter that blocks for ever would be worse than a refusal.
  if (node["listenerPath"].present()) node["listenerPath"].report("is not supported by this version");
  return out;
}

Result<Seccomp> parse_seccomp(std::string_view text) {
  SECURE_LET(doc, json::parse(text, "the seccomp profile"));
  json::Sink sink;
  Seccomp out = read_seccomp(json::Node(&doc, &sink, ""));
  if (sink.error) return std::move(*sink.error);
  return out;
}

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
    if (ns.flag == CLONE_NEWTIME && ns.path.empty()) item["type"].report("'time' is not supported by this version");
    out.namespaces.push_back(std::move(ns));
  }
  out.uid_mappings = read_id_maps(node["uidMappings"]);
  out.gid_mappings = read_id_maps(node["gidMappings"]);
  map_own_ids(out);
  out.cgroups_path = node["cgroupsPath"].str();
  out.resources = read_resources(node["resources"]);
  if (node["seccomp"].present()) out.seccomp = read_seccomp(node["seccomp"]);
  read_linux_mounts(node, out);
  for (const auto& [key, value] : node["sysctl"].members()) {
    if (!namespaced_sysctl(key, out)) value.report("is not a sysctl of one of the container's own namespaces");
    out.sysctl.emplace_back(key, value.str());
  }
  for (const char* unsupported : {"timeOffsets", "intelRdt", "personality", "netDevices", "memoryPolicy"})
    if (node[unsupported].present()) node[unsupported].report("is not supported by this version");
}

}  // namespace secure::spec
