// SPDX-License-Identifier: Apache-2.0
#include "spec.h"

#include <linux/capability.h>
#include <sched.h>

#include <algorithm>
#include <climits>

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

std::string annotation(const Spec& spec, std::string_view key) {
  for (const auto& [name, value] : spec.annotations)
    if (name == key) return value;
  return {};
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
  out.has_process = root["process"].present();
  if (out.has_process && (out.process.args.empty() || out.process.args[0].empty())) root["process"]["args"].report("must name a command");
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
  read_hardening(root, out);
  if (out.secure && !out.has_process) root["process"].report("must not be left out of a plan");
  if (out.seccomp) out.seccomp->refuse_unknown_names = annotation(out, "run.oci.seccomp_fail_unknown_syscall") == "1";
  if (out.secure && out.secure->network) check_network(root["secure"]["network"], out);
  if (sink.error) return std::move(*sink.error);
  return out;
}

}  // namespace secure::spec
