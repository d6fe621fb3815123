// SPDX-License-Identifier: Apache-2.0
#include "spec_parts.h"

namespace secure::spec {

Extension read_extension(const json::Node& node) {
  Extension out;
  // A plan written by another version may mean something else; guessing would be deciding.
  out.schema_version = static_cast<int>(node["schemaVersion"].integer(1, 1, 0));
  if (!node["schemaVersion"].present()) node["schemaVersion"].report("must be 1");
  out.name = node["name"].str();
  out.profile = node["profile"].str();
  out.image = node["image"]["reference"].str();
  out.state_root = read_path(node["stateRoot"]);
  out.run_root = read_path(node["runRoot"]);
  out.log_path = node["logPath"].str();
  for (const auto& item : node["layers"].items()) {
    out.layers.push_back(read_path(item["path"]));
    // The overlay option string separates layers with ':' and takes '\' and ',' as syntax.
    if (out.layers.back().find_first_of(":,\\") != std::string::npos) item["path"].report("must not contain ':', ',' or '\\'");
  }
  if (out.layers.empty()) node["layers"].report("must not be empty");
  if (out.layers.size() > 400) node["layers"].report("has more than 400 layers");
  if (auto range = node["range"]; range.present())
    out.range_size = static_cast<std::uint32_t>(range["size"].integer(1, 65536, 65536));
  out.upper_dir = node["upperDir"].str();
  out.work_dir = node["workDir"].str();
  if (node["network"].present()) out.network = read_network(node["network"]);
  out.files = read_files(node["files"]);
  out.monitor = read_monitor(node["monitor"]);
  for (const auto& item : node["slots"].items())
    out.slots.push_back({item["at"].str(), item["type"].str(), item["prefix"].str(), item["suffix"].str()});
  return out;
}

}  // namespace secure::spec
