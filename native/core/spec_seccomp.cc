// SPDX-License-Identifier: Apache-2.0
// runtime-spec config-linux.md#seccomp
#include "spec_parts.h"

namespace secure::spec {

namespace {

SeccompRule read_rule(const json::Node& node) {
  SeccompRule rule;
  rule.names = node["names"].strings();
  rule.action = node["action"].str();
  if (auto e = node["errnoRet"]; e.present()) rule.errno_ret = static_cast<unsigned>(e.integer(0, 4095, 0));
  for (const auto& a : node["args"].items())
    rule.args.push_back({static_cast<unsigned>(a["index"].integer(0, 5, 0)), a["value"].u64(), a["valueTwo"].u64(), a["op"].str()});
  return rule;
}

void read_listener(const json::Node& node, Seccomp& out) {
  out.listener_path = node["listenerPath"].str();
  out.listener_metadata = node["listenerMetadata"].str();
  if (!out.listener_path.empty() && out.listener_path[0] != '/') node["listenerPath"].report("must be an absolute path");
  if (!out.listener_metadata.empty() && out.listener_path.empty()) node["listenerMetadata"].report("must not be set without listenerPath");
  if (out.default_action == "SCMP_ACT_NOTIFY") node["defaultAction"].report("SCMP_ACT_NOTIFY cannot be used as default action");
  for (const auto& item : node["syscalls"].items()) {
    if (item["action"].str() != "SCMP_ACT_NOTIFY") continue;
    // As runc. Whoever answers would have to print nothing while it does, on streams that it may share with the container.
    for (const auto& name : item["names"].items())
      if (name.str() == "write") name.report("SCMP_ACT_NOTIFY cannot be used for the write syscall");
  }
}

}  // namespace

Seccomp read_seccomp(const json::Node& node) {
  Seccomp out;
  out.default_action = node["defaultAction"].str();
  if (out.default_action.empty()) node["defaultAction"].report("must not be empty");
  if (auto e = node["defaultErrnoRet"]; e.present()) out.default_errno_ret = static_cast<unsigned>(e.integer(0, 4095, 0));
  out.architectures = node["architectures"].strings();
  out.flags = node["flags"].strings();
  for (const auto& item : node["syscalls"].items()) out.rules.push_back(read_rule(item));
  return out;
}

Result<Seccomp> parse_seccomp(std::string_view text) {
  SECURE_LET(doc, json::parse(text, "the seccomp profile"));
  json::Sink sink;
  Seccomp out = read_seccomp(json::Node(&doc, &sink, ""));
  if (sink.error) return std::move(*sink.error);
  return out;
}

Seccomp read_container_seccomp(const json::Node& node) {
  Seccomp out = read_seccomp(node);
  read_listener(node, out);
  return out;
}

}  // namespace secure::spec
