// SPDX-License-Identifier: Apache-2.0
// Parts of runtime-spec config-linux.md: personality, memory-policy, time-offsets, intelrdt, netdevices.
#include <linux/mempolicy.h>
#include <sched.h>

#include <algorithm>
#include <bit>

#include "number_set.h"
#include "schedule.h"
#include "spec_parts.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080  // <linux/sched.h>, Linux 5.6
#endif

namespace secure::spec {

namespace {

// The numbers of <linux/personality.h>, whose names <sys/personality.h> has as well.
std::optional<unsigned long> read_personality(const json::Node& node) {
  if (!node.present()) return std::nullopt;
  // The specification has room for flags and names none; a personality with ADDR_NO_RANDOMIZE would undo a protection in silence.
  if (!node["flags"].items().empty()) node["flags"].report("is not supported: the specification names no flags");
  const std::string domain = node["domain"].str();
  if (domain == "LINUX") return 0;
  if (domain == "LINUX32") return 8;
  node["domain"].report("must be LINUX or LINUX32");
  return std::nullopt;
}

std::optional<MemoryPolicy> read_memory_policy(const json::Node& node) {
  if (!node.present()) return std::nullopt;
  MemoryPolicy out;
  const std::string mode = node["mode"].str();
  out.mode = schedule::memory_mode(mode);
  if (out.mode < 0) node["mode"].report("is an invalid memory policy mode: '" + mode + "'");
  if (const std::string nodes = node["nodes"].str(); !nodes.empty()) {
    auto set = number_set::parse(nodes);
    if (!set) node["nodes"].report("is an invalid memory policy node list, which has the form '0-3,7': '" + nodes + "'");
    else out.nodes = std::move(*set);
  }
  int count = 0;
  for (const unsigned long word : out.nodes) count += std::popcount(word);
  if (count > 0 && (out.mode == MPOL_DEFAULT || out.mode == MPOL_LOCAL)) node["nodes"].report("must be empty: " + mode + " mode requires 0 nodes but got " + std::to_string(count));
  for (const auto& item : node["flags"].items()) {
    const int flag = schedule::memory_flag(item.str());
    if (flag < 0) item.report("is an invalid memory policy flag: '" + item.str() + "'");
    else out.mode |= flag;
  }
  return out;
}

void read_time_offsets(const json::Node& node, Spec& out) {
  const bool own = std::any_of(out.namespaces.begin(), out.namespaces.end(), [](const Namespace& ns) { return ns.flag == CLONE_NEWTIME && ns.path.empty(); });
  for (const auto& [clock, offset] : node.members()) {
    if (clock != "monotonic" && clock != "boottime") offset.report("is no clock of a time namespace: monotonic or boottime");
    out.time_offsets.push_back({clock, offset["secs"].integer(INT64_MIN, INT64_MAX, 0), static_cast<std::uint32_t>(offset["nanosecs"].integer(0, 999'999'999, 0))});
  }
  if (!out.time_offsets.empty() && !own) node.report("needs a new time namespace in /linux/namespaces");
}

// A name that becomes a directory and a line of resctrl.
bool one_component(const std::string& name) {
  return name != "." && name != ".." && name.find('/') == std::string::npos && name.find('\n') == std::string::npos;
}

std::optional<IntelRdt> read_intel_rdt(const json::Node& node) {
  if (!node.present()) return std::nullopt;
  IntelRdt out;
  out.clos_id = node["closID"].str();
  if (!one_component(out.clos_id)) node["closID"].report("must be a name without slash, and not . or ..");
  auto line = [&](const json::Node& item, std::string_view prefix) {
    std::string text = item.str();
    if (text.empty()) return;
    if (text.find('\n') != std::string::npos) item.report("must be one line");
    // Those of one field must not undo those of the other.
    if (!prefix.empty() && !text.starts_with(prefix)) item.report("must start with '" + std::string(prefix) + "'");
    out.schemata.push_back(std::move(text));
  };
  line(node["l3CacheSchema"], "L3");
  line(node["memBwSchema"], "MB:");
  for (const auto& item : node["schemata"].items()) line(item, {});
  out.enable_monitoring = node["enableMonitoring"].boolean();
  return out;
}

bool device_name(const std::string& name, bool pattern) {
  if (name.empty() || name.size() > 15 || name == "." || name == "..") return false;
  const bool wild = pattern && name.size() > 2 && name.ends_with("%d");
  const std::string_view plain = wild ? std::string_view(name).substr(0, name.size() - 2) : std::string_view(name);
  return std::all_of(plain.begin(), plain.end(), [](char c) { return c > ' ' && c != '/' && c != ':' && c != '%' && c != 0x7f; });
}

void read_net_devices(const json::Node& node, Spec& out) {
  for (const auto& [host, device] : node.members()) {
    NetDevice one{host, device["name"].str(host)};
    if (one.name.empty()) one.name = host;
    if (!device_name(host, false)) device.report("invalid network device name '" + host + "'");
    if (!device_name(one.name, true)) device["name"].report("invalid network device name '" + one.name + "'");
    for (const auto& earlier : out.net_devices)
      if (earlier.name == one.name && !one.name.ends_with("%d")) device.report("gives two devices the name '" + one.name + "'");
    out.net_devices.push_back(std::move(one));
  }
  const bool has = std::any_of(out.namespaces.begin(), out.namespaces.end(), [](const Namespace& ns) { return ns.flag == CLONE_NEWNET; });
  if (!out.net_devices.empty() && !has) node.report("unable to move network devices without a NET namespace in /linux/namespaces");
}

}  // namespace

void read_linux_kernel(const json::Node& node, Spec& out) {
  out.personality = read_personality(node["personality"]);
  out.memory_policy = read_memory_policy(node["memoryPolicy"]);
  read_time_offsets(node["timeOffsets"], out);
  out.intel_rdt = read_intel_rdt(node["intelRdt"]);
  read_net_devices(node["netDevices"], out);
  if (out.process.scheduler && schedule::deadline(static_cast<int>(out.process.scheduler->policy)) && !out.resources.cpus.empty())
    node["resources"]["cpu"]["cpus"].report("process scheduler can't be used together with AllowedCPUs: SCHED_DEADLINE needs every processor");
}

}  // namespace secure::spec
