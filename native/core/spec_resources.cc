// SPDX-License-Identifier: Apache-2.0
// linux.resources: config-linux.md#control-groups of the runtime spec.
#include <algorithm>

#include "spec_parts.h"

namespace secure::spec {

namespace {

std::optional<std::int64_t> opt_int(const json::Node& node, std::int64_t min) {
  if (!node.present()) return std::nullopt;
  return node.integer(min, INT64_MAX, 0);
}

std::optional<std::uint64_t> opt_u64(const json::Node& node) {
  if (!node.present()) return std::nullopt;
  return node.u64();
}

std::optional<std::uint32_t> opt_u32(const json::Node& node) {
  if (!node.present()) return std::nullopt;
  return node.u32();
}

// A name that becomes a part of a file's name or of a line in it.
bool plain_name(std::string_view name) {
  return !name.empty() && name.size() < 256 && std::none_of(name.begin(), name.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f || c == '/'; });
}

}  // namespace

DeviceRule read_device_rule(const json::Node& item) {
  DeviceRule rule;
  rule.allow = item["allow"].boolean();
  std::string type = item["type"].str("a");
  if (type.size() != 1 || std::string_view("abcup").find(type[0]) == std::string_view::npos)
    item["type"].report("must be a, b, c, u or p");
  else rule.type = type[0] == 'u' ? 'c' : type[0];
  // -1 is how engines write "any".
  if (auto n = item["major"]; n.present() && n.integer(-1, UINT32_MAX, -1) >= 0) rule.major = n.integer(0, UINT32_MAX, 0);
  if (auto n = item["minor"]; n.present() && n.integer(-1, UINT32_MAX, -1) >= 0) rule.minor = n.integer(0, UINT32_MAX, 0);
  rule.access = item["access"].str("rwm");
  // Some write "a" for all of them; in a rule that allows it would be a guess at what else to allow.
  if (!rule.allow && rule.access.find('a') != std::string::npos && rule.access.find_first_not_of("rwma") == std::string::npos) rule.access = "rwm";
  if (rule.access.find_first_not_of("rwm") != std::string::npos) item["access"].report("must be made of r, w and m");
  return rule;
}

namespace {

void read_memory(const json::Node& node, Resources& out) {
  out.memory_limit = opt_int(node["limit"], -1);
  out.memory_reservation = opt_int(node["reservation"], -1);
  out.memory_swap = opt_int(node["swap"], -1);
  // The kernel has no limit of its own memory any more (5.16), and runc has ignored it since 1.0.
  out.memory_kernel = opt_int(node["kernel"], -1);
  out.memory_kernel_tcp = opt_int(node["kernelTCP"], -1);
  if (auto n = node["swappiness"]; n.present()) {
    // -1 as an unsigned number is how older engines write "not set".
    const std::uint64_t value = n.raw()->IsInt64() && n.raw()->GetInt64() == -1 ? UINT64_MAX : n.u64();
    if (value != UINT64_MAX && value > 100) n.report("must be an integer from 0 to 100");
    if (value <= 100) out.memory_swappiness = static_cast<unsigned>(value);
  }
  out.disable_oom_killer = node["disableOOMKiller"].boolean();
  if (auto n = node["useHierarchy"]; n.present()) out.use_hierarchy = n.boolean();
  out.check_before_update = node["checkBeforeUpdate"].boolean();
}

void read_cpu(const json::Node& node, Resources& out) {
  out.cpu_shares = opt_u64(node["shares"]);
  out.cpu_quota = opt_int(node["quota"], -1);
  out.cpu_burst = opt_u64(node["burst"]);
  out.cpu_period = opt_u64(node["period"]);
  out.cpu_rt_runtime = opt_int(node["realtimeRuntime"], -1);
  out.cpu_rt_period = opt_u64(node["realtimePeriod"]);
  out.cpus = node["cpus"].str();
  out.mems = node["mems"].str();
  out.cpu_idle = opt_int(node["idle"], INT64_MIN);
}

// 0 is "not set", as in runc.
std::optional<unsigned> read_weight(const json::Node& node) {
  if (!node.present()) return std::nullopt;
  const auto value = static_cast<unsigned>(node.integer(0, 1000, 0));
  if (value > 0 && value < 10) node.report("must be from 10 to 1000");
  if (value == 0) return std::nullopt;
  return value;
}

std::pair<std::uint32_t, std::uint32_t> read_numbers(const json::Node& node) {
  if (!node["major"].present() || !node["minor"].present()) node.report("must have major and minor");
  return {node["major"].u32(), node["minor"].u32()};
}

BlockIo read_block_io(const json::Node& node) {
  BlockIo out;
  out.weight = read_weight(node["weight"]);
  out.leaf_weight = read_weight(node["leafWeight"]);
  for (const auto& item : node["weightDevice"].items()) {
    const auto [major, minor] = read_numbers(item);
    out.weight_devices.push_back({major, minor, read_weight(item["weight"]), read_weight(item["leafWeight"])});
  }
  for (const auto& [key, list] : {std::pair{"throttleReadBpsDevice", &out.read_bps}, {"throttleWriteBpsDevice", &out.write_bps},
                                  {"throttleReadIOPSDevice", &out.read_iops}, {"throttleWriteIOPSDevice", &out.write_iops}})
    for (const auto& item : node[key].items()) {
      const auto [major, minor] = read_numbers(item);
      list->push_back({major, minor, item["rate"].u64()});
    }
  return out;
}

// "2MB", "64KB", "1GB": it is put into the name of a file.
bool page_size(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  return digits != std::string_view::npos && digits > 0 && digits < 8 && text[0] != '0' &&
         (text.substr(digits) == "KB" || text.substr(digits) == "MB" || text.substr(digits) == "GB");
}

void read_network_limits(const json::Node& node, Resources& out) {
  out.net_class_id = opt_u32(node["classID"]);
  for (const auto& item : node["priorities"].items()) {
    out.net_priorities.emplace_back(item["name"].str(), item["priority"].u32());
    if (!plain_name(out.net_priorities.back().first)) item["name"].report("names no network interface");
  }
}

void read_unified(const json::Node& node, Resources& out) {
  for (const auto& [key, value] : node.members()) {
    if (key.find('/') != std::string::npos) value.report("must be a file name (no slashes)");
    // A name without a dot is no file of a controller; "." and ".." are directories.
    else if (!plain_name(key) || key.find('.') == std::string::npos || key.front() == '.' || key.back() == '.')
      value.report("the specified key has not the form CONTROLLER.VALUE `" + key + "`");
    // Writing 0 there moves the runtime itself, or ends what is in the group.
    else if (key == "cgroup.procs" || key == "cgroup.threads" || key == "cgroup.kill") value.report("is no limit");
    out.unified.emplace_back(key, value.str());
  }
}

}  // namespace

Resources read_resources(const json::Node& node) {
  Resources out;
  for (const auto& item : node["devices"].items()) out.devices.push_back(read_device_rule(item));
  read_memory(node["memory"], out);
  read_cpu(node["cpu"], out);
  out.pids_limit = opt_int(node["pids"]["limit"], -1);
  out.block_io = read_block_io(node["blockIO"]);
  for (const auto& item : node["hugepageLimits"].items()) {
    out.hugepages.push_back({item["pageSize"].str(), item["limit"].u64()});
    if (!page_size(out.hugepages.back().page_size)) item["pageSize"].report("must be a number followed by KB, MB or GB");
  }
  read_network_limits(node["network"], out);
  for (const auto& [name, item] : node["rdma"].members()) {
    if (!plain_name(name)) item.report("names no rdma device");
    out.rdma.push_back({name, opt_u32(item["hcaHandles"]), opt_u32(item["hcaObjects"])});
  }
  read_unified(node["unified"], out);
  return out;
}

Result<Resources> parse_resources(std::string_view text) {
  SECURE_LET(doc, json::parse(text, "the resources"));
  json::Sink sink;
  Resources out = read_resources(json::Node(&doc, &sink, ""));
  if (sink.error) return std::move(*sink.error);
  return out;
}

}  // namespace secure::spec
