// SPDX-License-Identifier: Apache-2.0
#include "slots.h"

#include <rapidjson/pointer.h>

#include <optional>

namespace secure::slots {

namespace {

std::optional<std::string> text_value(const std::string& type, const Values& v) {
  if (type == "id") return v.id;
  if (type == "id-short") return v.id.substr(0, 12);
  if (type == "name") return v.name;
  if (type == "cgroup-path") return v.cgroup_path;
  if (type == "upper-dir") return v.upper_dir;
  if (type == "work-dir") return v.work_dir;
  if (type == "log-path") return v.log_path;
  if (type == "created") return v.created;
  if (type == "address4") return v.address4;
  if (type == "address6") return v.address6;
  if (type == "record-dir") return v.record_dir;
  if (type == "mcs") return v.mcs;
  return std::nullopt;
}

Error bad(const spec::Slot& slot, const std::string& problem) {
  return fail(Stage::config, "PLAN_INVALID", 0, "slot '" + slot.type + "' at " + slot.at + ": " + problem,
              "the plan was made by another version; run the command again without the stored plan");
}

}  // namespace

Status fill(rapidjson::Document& plan, const std::vector<spec::Slot>& slots, const Values& values) {
  std::size_t ports = 0;
  for (const auto& slot : slots) {
    rapidjson::Pointer pointer(slot.at.c_str(), slot.at.size());
    if (!pointer.IsValid()) return bad(slot, "not a JSON pointer");
    rapidjson::Value* place = pointer.Get(plan);
    if (place == nullptr) return bad(slot, "no such place in the plan");
    const bool port = slot.type == "host-port";
    if (port || slot.type == "range-start") {
      if (!place->IsNumber()) return bad(slot, "the place must hold a number");
      if (!slot.prefix.empty() || !slot.suffix.empty()) return bad(slot, "a number takes no prefix or suffix");
      if (port && ports == values.host_ports.size()) return bad(slot, "more of them than ports that are chosen at the start");
      place->SetUint(port ? values.host_ports[ports++] : values.range_start);
      continue;
    }
    auto text = text_value(slot.type, values);
    if (!text) return bad(slot, "unknown type");
    if (text->empty()) return bad(slot, "this container has none");
    if (!place->IsString() && !place->IsNull()) return bad(slot, "the place must hold a string");
    place->SetString(slot.prefix + *text + slot.suffix, plan.GetAllocator());
  }
  return Ok{};
}

}  // namespace secure::slots
