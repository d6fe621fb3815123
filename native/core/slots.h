// SPDX-License-Identifier: Apache-2.0
// Filling a plan template: see docs/plan.md, "Slots".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "json.h"
#include "result.h"
#include "spec.h"

namespace secure::slots {

struct Values {
  std::string id, name, cgroup_path, upper_dir, work_dir, log_path, created;
  std::string address4, address6, record_dir, mcs;
  std::vector<std::uint16_t> host_ports;  // for the slots of type host-port, in their order
  std::uint32_t range_start = 0;
};

// Put the values into the places that the template lists. A place that does not exist, that holds
// another type than its slot, or an unknown slot type is an error: nothing is guessed.
Status fill(rapidjson::Document& plan, const std::vector<spec::Slot>& slots, const Values& values);

}  // namespace secure::slots
