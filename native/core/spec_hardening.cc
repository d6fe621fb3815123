// SPDX-License-Identifier: Apache-2.0
// What the runtime specification has no word for: in the extension of a plan, or in annotations of a plain bundle (docs/hardening.md).
#include <sched.h>

#include <algorithm>

#include "spec_parts.h"

namespace secure::spec {

namespace {

constexpr std::string_view kPrefix = "run.secure.";

Landlock read_landlock(const json::Node& node) {
  Landlock out;
  out.min_abi = static_cast<int>(node["minAbi"].integer(1, 1000, 1));
  out.handled_access_fs = node["handledAccessFs"].strings();
  out.handled_access_net = node["handledAccessNet"].strings();
  out.scoped = node["scoped"].strings();
  for (const auto& item : node["pathBeneath"].items())
    out.path_beneath.push_back({item["parent"].strings(), item["allowedAccess"].strings(), item["optional"].boolean()});
  for (const auto& item : node["netPort"].items()) {
    LandlockPort rule;
    for (const auto& port : item["port"].items()) rule.port.push_back(static_cast<std::uint64_t>(port.integer(0, 65535, 0)));
    rule.allowed_access = item["allowedAccess"].strings();
    out.net_port.push_back(std::move(rule));
  }
  return out;
}

void deny_nested_userns(const json::Node& node, Spec& out) {
  const bool own = std::any_of(out.namespaces.begin(), out.namespaces.end(), [](const Namespace& ns) { return ns.flag == CLONE_NEWUSER && ns.path.empty(); });
  if (!own) node.report("needs a new user namespace in /linux/namespaces; without one, refuse unshare and clone with CLONE_NEWUSER by /linux/seccomp");
  for (const auto& [path, value] : out.sysctl)
    if (path == "user/max_user_namespaces") node.report("contradicts /linux/sysctl/user.max_user_namespaces");
  out.sysctl.emplace_back("user/max_user_namespaces", "0");
}

void add_speculation(const json::Node& node, std::string_view word, Hardening& out) {
  if (word == "store-bypass") out.no_store_bypass = true;
  else if (word == "indirect-branch") out.no_indirect_branch = true;
  else node.report("knows store-bypass and indirect-branch, not '" + std::string(word) + "'");
}

void read_extension_hardening(const json::Node& secure, Spec& out) {
  if (secure["landlock"].present()) out.landlock = read_landlock(secure["landlock"]);
  const json::Node node = secure["hardening"];
  out.hardening.refuse_exec_gain = node["refuseExecGain"].boolean();
  for (const auto& item : node["speculation"].items()) add_speculation(item, item.str(), out.hardening);
  if (node["denyNestedUserns"].boolean()) deny_nested_userns(node["denyNestedUserns"], out);
}

void read_landlock_annotation(const json::Node& node, Spec& out) {
  const std::string text = node.str();
  auto document = json::parse(text, "the annotation " + std::string(kPrefix) + "landlock");
  if (!document) return node.report("is no JSON: " + document.error().message);
  json::Sink sink;
  out.landlock = read_landlock(json::Node(&*document, &sink, ""));
  if (sink.error) node.report(sink.error->message);
}

void read_annotation(std::string_view name, const json::Node& node, Spec& out) {
  const std::string value = node.str();
  auto is_true = [&] {
    if (value != "true" && value != "false") node.report("must be true or false");
    return value == "true";
  };
  if (name == "landlock") return read_landlock_annotation(node, out);
  if (name == "refuse-exec-gain") {
    out.hardening.refuse_exec_gain = is_true();
  } else if (name == "deny-nested-userns") {
    if (is_true()) deny_nested_userns(node, out);
  } else if (name == "speculation") {
    std::string_view rest = value;
    for (std::size_t comma = 0; comma != std::string_view::npos; rest.remove_prefix(std::min(rest.size(), comma + 1))) {
      comma = rest.find(',');
      add_speculation(node, rest.substr(0, comma), out.hardening);
    }
  } else {
    // Taken in silence it would be a protection that somebody relies on and nobody has.
    node.report("is no annotation that secure-runtime knows");
  }
}

}  // namespace

void read_hardening(const json::Node& root, Spec& out) {
  if (out.secure) return read_extension_hardening(root["secure"], out);
  for (const auto& [key, value] : root["annotations"].members())
    if (std::string_view(key).starts_with(kPrefix)) read_annotation(std::string_view(key).substr(kPrefix.size()), value, out);
}

}  // namespace secure::spec
