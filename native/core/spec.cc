// SPDX-License-Identifier: Apache-2.0
#include "spec.h"

#include <linux/capability.h>
#include <sched.h>

#include <algorithm>
#include <climits>

#include "caps.h"
#include "rlimit.h"
#include "spec_parts.h"

namespace secure::spec {

std::string read_path(const json::Node& node) {
  std::string path = node.str();
  if (node.present() && (path.empty() || path[0] != '/')) node.report("must be an absolute path");
  if (path.size() >= PATH_MAX) node.report("is longer than a path can be");
  return path;
}

std::vector<IdMap> read_id_maps(const json::Node& node) {
  std::vector<IdMap> out;
  for (const auto& item : node.items()) {
    IdMap map{item["containerID"].u32(), item["hostID"].u32(), item["size"].u32()};
    // The kernel rejects these too, but only after a process exists (CVE-2021-43784 class).
    if (map.size == 0) item["size"].report("must be at least 1");
    if (map.container + map.size < map.container || map.host + map.size < map.host)
      item.report("maps ids beyond 4294967295");
    out.push_back(map);
  }
  if (out.size() > 340) node.report("has more than the 340 mappings that the kernel takes");
  return out;
}

namespace {

std::uint64_t read_caps(const json::Node& node) {
  std::uint64_t set = 0;
  for (const auto& item : node.items()) {
    std::string name = item.str();
    int number = caps::number(name);
    if (number < 0) item.report("names no capability: '" + name + "'");
    else set |= 1ULL << static_cast<unsigned>(number);
  }
  return set;
}

}  // namespace

Process read_process(const json::Node& node) {
  Process out;
  out.terminal = node["terminal"].boolean();
  out.uid = node["user"]["uid"].u32();
  out.gid = node["user"]["gid"].u32();
  // (uid_t)-1 means "leave unchanged" to setresuid(2): a container would keep its uid 0.
  if (out.uid == UINT32_MAX) node["user"]["uid"].report("must not be 4294967295");
  if (out.gid == UINT32_MAX) node["user"]["gid"].report("must not be 4294967295");
  for (const auto& gid : node["user"]["additionalGids"].items()) {
    out.additional_gids.push_back(gid.u32());
    if (out.additional_gids.back() == UINT32_MAX) gid.report("must not be 4294967295");
  }
  if (auto mask = node["user"]["umask"]; mask.present())
    out.umask = static_cast<std::uint32_t>(mask.integer(0, 0777, 0));
  out.args = node["args"].strings();
  out.env = node["env"].strings();
  out.cwd = node["cwd"].present() ? read_path(node["cwd"]) : "/";
  if (auto c = node["capabilities"]; c.present()) {
    out.has_capabilities = true;
    out.capabilities.bounding = read_caps(c["bounding"]);
    out.capabilities.effective = read_caps(c["effective"]);
    out.capabilities.inheritable = read_caps(c["inheritable"]);
    out.capabilities.permitted = read_caps(c["permitted"]);
    // The kernel takes an ambient capability only when it is permitted and inheritable; engines ask for more (crun's
    // own template does), and runc and crun drop the rest as well.
    out.capabilities.ambient = read_caps(c["ambient"]) & out.capabilities.permitted & out.capabilities.inheritable;
  }
  for (const auto& item : node["rlimits"].items()) {
    Rlimit limit{item["type"].str(), item["soft"].u64(), item["hard"].u64()};
    if (rlimit::number(limit.type) < 0) item["type"].report("names no resource limit: '" + limit.type + "'");
    if (limit.soft > limit.hard) item.report("has a soft limit above its hard limit");
    for (const auto& earlier : out.rlimits)
      if (earlier.type == limit.type) item.report("repeats " + limit.type);
    out.rlimits.push_back(std::move(limit));
  }
  out.no_new_privileges = node["noNewPrivileges"].boolean();
  if (auto score = node["oomScoreAdj"]; score.present())
    out.oom_score_adj = static_cast<int>(score.integer(-1000, 1000, 0));
  out.apparmor_profile = node["apparmorProfile"].str();
  out.selinux_label = node["selinuxLabel"].str();
  return out;
}

Result<Process> parse_process(std::string_view text) {
  SECURE_LET(doc, json::parse(text, "the process"));
  json::Sink sink;
  Process out = read_process(json::Node(&doc, &sink, ""));
  if (sink.error) return std::move(*sink.error);
  if (out.args.empty() || out.args[0].empty()) return fail(Stage::config, "CONFIG_INVALID", 0, "/args must name a command");
  return out;
}

Result<Spec> parse(std::string_view text) {
  SECURE_LET(doc, json::parse(text, "config.json"));
  return read(doc);
}

// What the attachment rests on elsewhere in the plan.
static void check_network(const json::Node& node, const Spec& spec) {
  const auto own = [&](int flag) {
    return std::any_of(spec.namespaces.begin(), spec.namespaces.end(), [&](const Namespace& one) { return one.flag == flag && one.path.empty(); });
  };
  // In the host's own namespace an address and a route would be the host's.
  if (!own(CLONE_NEWNET)) node.report("needs a new network namespace in /linux/namespaces");
  // The device pair gives the host's network namespace a number inside (IFLA_LINK_NETNSID), by which whoever has the capability outside too makes
  // and removes devices there (IFLA_TARGET_NETNSID): the bridge, the ports of others.
  const bool administers = !spec.process.has_capabilities || (spec.process.capabilities.bounding & 1ULL << CAP_NET_ADMIN) != 0;
  if (administers && !own(CLONE_NEWUSER)) node.report("would give CAP_NET_ADMIN the devices of the host: it needs a new user namespace in /linux/namespaces");
}

Result<Spec> read(const rapidjson::Document& doc) {
  json::Sink sink;
  json::Node root(&doc, &sink, "");
  Spec out;
  out.oci_version = root["ociVersion"].str();
  if (!out.oci_version.starts_with("1.")) root["ociVersion"].report("must be a 1.x version");
  out.process = read_process(root["process"]);
  if (out.process.args.empty() || out.process.args[0].empty()) root["process"]["args"].report("must name a command");
  out.root_path = root["root"]["path"].str();
  out.root_readonly = root["root"]["readonly"].boolean();
  out.hostname = root["hostname"].str();
  out.domainname = root["domainname"].str();
  if (out.hostname.size() > 64) root["hostname"].report("is longer than 64 bytes");
  if (out.domainname.size() > 64) root["domainname"].report("is longer than 64 bytes");
  for (const auto& item : root["mounts"].items()) out.mounts.push_back(read_mount(item));
  read_linux(root["linux"], out);
  out.hooks = read_hooks(root["hooks"]);
  for (const auto& [key, value] : root["annotations"].members()) {
    if (key.empty()) value.report("has an empty key");
    out.annotations.emplace_back(key, value.str());
  }
  if (root["secure"].present()) out.secure = read_extension(root["secure"]);
  else if (out.root_path.empty()) root["root"]["path"].report("must not be empty");
  if (out.secure && out.secure->network) check_network(root["secure"]["network"], out);
  if (sink.error) return std::move(*sink.error);
  return out;
}

}  // namespace secure::spec
