// SPDX-License-Identifier: Apache-2.0
#include "spec_parts.h"

namespace secure::spec {

namespace {

constexpr std::int64_t kDay = 86'400'000;  // ms

unsigned number(const json::Node& node, std::int64_t least, std::int64_t most, unsigned fallback) {
  return static_cast<unsigned>(node.integer(least, most, fallback));
}

void read_log(const json::Node& node, Monitor& out) {
  out.log_driver = node["driver"].str("json-file");
  if (out.log_driver != "json-file" && out.log_driver != "local" && out.log_driver != "none")
    node["driver"].report("must be json-file, local or none");
  out.log_max_bytes = static_cast<std::uint64_t>(node["maxBytes"].integer(65536, 1LL << 40, 10LL << 20));
  out.log_max_files = number(node["maxFiles"], 1, 1000, 2);
}

void read_restart(const json::Node& node, Monitor& out) {
  const std::string policy = node["policy"].str("no");
  if (policy == "always" || policy == "unless-stopped") out.restart = Restart::always;
  else if (policy == "on-failure") out.restart = Restart::on_failure;
  else if (policy != "no") node["policy"].report("must be no, on-failure, always or unless-stopped");
  out.restart_limit = number(node["retries"], 1, 1'000'000, 0);
  if (out.restart_limit != 0 && out.restart != Restart::on_failure) node["retries"].report("is for on-failure only");
  // Nobody would be there to start it, and nothing left to start.
  if (out.restart != Restart::no && !out.detach) node["policy"].report("needs a detached container");
  if (out.restart != Restart::no && out.remove) node["policy"].report("contradicts /secure/monitor/remove");
}

Health read_health(const json::Node& node) {
  Health out;
  out.command = node["command"].strings();
  if (out.command.empty() || out.command[0].empty()) node["command"].report("must not be empty");
  // Below that a probe is most of what the container does.
  out.interval = number(node["intervalMs"], 100, kDay, out.interval);
  out.timeout = number(node["timeoutMs"], 100, kDay, out.timeout);
  out.start_period = number(node["startPeriodMs"], 0, kDay, out.start_period);
  out.start_interval = number(node["startIntervalMs"], 100, kDay, out.start_interval);
  out.retries = number(node["retries"], 1, 1000, out.retries);
  return out;
}

}  // namespace

Monitor read_monitor(const json::Node& node) {
  Monitor out;
  out.detach = node["detach"].boolean();
  out.stdin_open = node["stdinOpen"].boolean();
  out.remove = node["remove"].boolean();
  read_log(node["log"], out);
  out.stop_signal = node["stopSignal"].str("SIGTERM");
  out.stop_timeout = number(node["stopTimeout"], 0, 86400, 10);
  read_restart(node["restart"], out);
  if (node["health"].present()) {
    out.health = read_health(node["health"]);
    if (!out.detach) node["health"].report("needs a detached container: its monitor asks");
  }
  return out;
}

}  // namespace secure::spec
