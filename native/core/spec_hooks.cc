// SPDX-License-Identifier: Apache-2.0
#include <climits>

#include "spec_parts.h"

namespace secure::spec {

namespace {

std::vector<Hook> read_stage(const json::Node& node) {
  std::vector<Hook> out;
  for (const auto& item : node.items()) {
    Hook hook;
    if (!item["path"].present()) item["path"].report("must not be empty");
    hook.path = read_path(item["path"]);
    hook.args = item["args"].strings();
    hook.env = item["env"].strings();
    if (auto timeout = item["timeout"]; timeout.present()) hook.timeout = static_cast<int>(timeout.integer(1, INT_MAX / 1000, 1));
    out.push_back(std::move(hook));
  }
  return out;
}

}  // namespace

Hooks read_hooks(const json::Node& node) {
  Hooks out;
  out.prestart = read_stage(node["prestart"]);
  out.create_runtime = read_stage(node["createRuntime"]);
  out.create_container = read_stage(node["createContainer"]);
  out.start_container = read_stage(node["startContainer"]);
  out.poststart = read_stage(node["poststart"]);
  out.poststop = read_stage(node["poststop"]);
  return out;
}

}  // namespace secure::spec
