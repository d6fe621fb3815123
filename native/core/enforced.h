// SPDX-License-Identifier: Apache-2.0
// The proof: for each control of a running container, what was planned and what the kernel says is in force. Read from the
// live process (/proc, cgroupfs, a probe), never from the plan.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "result.h"

namespace secure::enforced {

struct Control {
  std::string name;              // as in the plan's reasons: capabilities, seccomp, ...
  std::string planned;           // "" : the plan does not ask for it
  std::optional<bool> in_force;  // nothing: the kernel could not be asked, `actual` says why
  std::string actual, evidence;  // what was found, and where
  bool required = false;         // by the plan's reasons; planned without a reason: required
};

struct Proof {
  std::string id;
  pid_t pid = 0;
  std::vector<Control> controls;
};

// Prove the container whose first process is `pid`, started at `start` (field 22 of /proc/PID/stat), against `config` (the text
// of its config.json). CONTAINER_NOT_RUNNING when that process is gone, before or during the reading.
// `group`: its control group, where that is not the one that the config names.
Result<Proof> prove(const std::string& id, pid_t pid, std::uint64_t start, std::string_view config, const std::string& group = {});

// {"schemaVersion":1,"id","pid","controls":[{"control","planned","inForce","actual","evidence","required"}]}
// Bytes of the container's that are not printable ASCII are shown as '?'.
std::string to_json(const Proof& proof);

}  // namespace secure::enforced
