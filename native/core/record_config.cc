// SPDX-License-Identifier: Apache-2.0
#include "json.h"
#include "record_store.h"
#include "spec_parts.h"

namespace secure::record {

namespace {
constexpr std::size_t kMaxConfig = 16U << 20;
}

Result<Config> read_config(int containers, const std::string& id) {
  auto dir = open_nofollow(containers, id, O_PATH | O_DIRECTORY);
  if (!dir) return std::move(dir.error());
  auto file = open_nofollow(dir->get(), "config.json", O_RDONLY | O_NONBLOCK);
  if (!file) return std::move(file.error());
  auto corrupt = [&](const std::string& why) {
    return fail(Stage::state, "RECORD_CORRUPT", 0, "config.json of container " + id + ": " + why,
                "secure-runtime delete --force " + id.substr(0, 12));
  };
  auto text = read_fd(file->get(), kMaxConfig, "config.json");
  if (!text) return corrupt(text.error().message);
  auto document = json::parse(*text, "the file");
  if (!document) return corrupt(document.error().message);
  json::Sink sink;
  json::Node root(&*document, &sink, "");
  if (!document->IsObject()) return corrupt("is not an object");
  Config out;
  json::Node extension = root["secure"];
  out.name = extension["name"].str();
  out.profile = extension["profile"].str();
  out.image = extension["image"]["reference"].str();
  out.cgroup = root["linux"]["cgroupsPath"].str();
  out.created = root["annotations"]["org.opencontainers.image.created"].str();
  out.remove = extension["monitor"]["remove"].boolean();
  out.stop_signal = extension["monitor"]["stopSignal"].str(out.stop_signal);
  out.stop_timeout =
      static_cast<unsigned>(extension["monitor"]["stopTimeout"].integer(0, INT32_MAX / 1000, out.stop_timeout));
  if (extension["network"].present()) out.network = spec::read_network(extension["network"]);
  // Only a range that was allocated here: a plain bundle's mapping is whatever its author chose.
  if (extension["range"].present())
    if (auto maps = root["linux"]["uidMappings"].items(); !maps.empty()) out.range_first = maps[0]["hostID"].u32();
  if (sink.error) return corrupt(sink.error->message);
  return out;
}

std::string default_cgroup(const Roots& roots, const std::string& id) { return roots.cgroup_parent + "/" + id; }

std::string cgroup_path(const Roots& roots, const State& state) {
  const bool this_boot = !state.boot_id.empty() && state.boot_id == boot_id();
  return this_boot && !state.cgroup.empty() ? state.cgroup : default_cgroup(roots, state.id);
}

}  // namespace secure::record
