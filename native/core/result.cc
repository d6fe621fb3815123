// SPDX-License-Identifier: Apache-2.0
#include "result.h"

namespace secure {

std::string_view stage_name(Stage stage) {
  switch (stage) {
    case Stage::config: return "config";
    case Stage::state: return "state";
    case Stage::image: return "image";
    case Stage::userns: return "user namespace";
    case Stage::cgroup: return "cgroup";
    case Stage::clone: return "clone";
    case Stage::mount: return "mount";
    case Stage::rootfs: return "rootfs";
    case Stage::process: return "process";
    case Stage::capabilities: return "capabilities";
    case Stage::landlock: return "landlock";
    case Stage::seccomp: return "seccomp";
    case Stage::exec: return "exec";
    case Stage::monitor: return "monitor";
    case Stage::io: return "io";
    case Stage::probe: return "probe";
    case Stage::network: return "network";
    case Stage::hook: return "hook";
  }
  return "unknown";
}

std::string Error::text() const {
  std::string out(stage_name(stage));
  out += ": ";
  out += message;
  if (err != 0) {
    out += ": ";
    out += ::strerror(err);
  }
  return out;
}

Error fail(Stage stage, std::string_view code, int err, std::string message, std::string hint) {
  return Error{stage, std::string(code), err, std::move(message), std::move(hint)};
}

}  // namespace secure
