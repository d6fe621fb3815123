// SPDX-License-Identifier: Apache-2.0
// runtime-spec config.md#process and #linux-process
#include "caps.h"
#include "number_set.h"
#include "rlimit.h"
#include "schedule.h"
#include "spec_parts.h"

namespace secure::spec {

namespace {

// A name that this build does not know may be one of a newer kernel: it cannot be granted, and the specification wants that to be
// a warning.
std::uint64_t read_caps(const json::Node& node, std::vector<std::string>& warnings) {
  std::uint64_t set = 0;
  for (const auto& item : node.items()) {
    const std::string name = item.str();
    if (const int number = caps::number(name); number >= 0) set |= 1ULL << static_cast<unsigned>(number);
    else warnings.push_back(item.pointer() + ": unknown capability '" + name + "' is left out");
  }
  return set;
}

void read_capabilities(const json::Node& node, Process& out) {
  if (!node.present()) return;
  out.has_capabilities = true;
  out.capabilities.bounding = read_caps(node["bounding"], out.warnings);
  out.capabilities.effective = read_caps(node["effective"], out.warnings);
  out.capabilities.inheritable = read_caps(node["inheritable"], out.warnings);
  out.capabilities.permitted = read_caps(node["permitted"], out.warnings);
  out.capabilities.ambient = read_caps(node["ambient"], out.warnings);
}

// (uid_t)-1 means "leave unchanged" to setresuid(2): a container would keep its uid 0.
std::uint32_t read_id(const json::Node& node) {
  const std::uint32_t id = node.u32();
  if (id == UINT32_MAX) node.report("must not be 4294967295");
  return id;
}

// username is for Windows; a name that an image's passwd could give another meaning to is never looked up (CVE-2016-3697).
void read_user(const json::Node& node, Process& out) {
  out.uid = read_id(node["uid"]);
  out.gid = read_id(node["gid"]);
  for (const auto& gid : node["additionalGids"].items()) out.additional_gids.push_back(read_id(gid));
  if (out.additional_gids.size() > 65536) node["additionalGids"].report("has more than the 65536 groups that the kernel takes");
  if (auto mask = node["umask"]; mask.present()) out.umask = static_cast<std::uint32_t>(mask.integer(0, 0777, 0));
}

void read_rlimits(const json::Node& node, Process& out) {
  for (const auto& item : node.items()) {
    Rlimit limit{item["type"].str(), item["soft"].u64(), item["hard"].u64()};
    if (rlimit::number(limit.type) < 0) item["type"].report("names no resource limit: '" + limit.type + "'");
    if (limit.soft > limit.hard) item.report("has a soft limit above its hard limit");
    for (const auto& earlier : out.rlimits)
      if (earlier.type == limit.type) item.report("repeats " + limit.type);
    out.rlimits.push_back(std::move(limit));
  }
}

// What the kernel would answer with a bare EINVAL (__checkparam_dl()), in the words of other runtimes.
void check_deadline(const json::Node& node, const Scheduler& s) {
  constexpr std::uint64_t kLeast = 1024, kTop = 1ULL << 63U;  // ns
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const std::string who = "sched_setattr: `SCHED_DEADLINE` ";
  if (!node["runtime"].present()) return node.report(who + "requires `runtime`");
  if (!node["deadline"].present()) return node.report(who + "requires `deadline`");
  if (s.runtime == 0) return node["runtime"].report(who + "runtime must be greater than 0");
  if (s.runtime < kLeast || s.runtime >= kTop) return node["runtime"].report(who + "runtime (" + number(s.runtime) + ") must be between " + number(kLeast) + " and " + number(kTop - 1));
  if (s.deadline >= kTop || s.period >= kTop) return node.report(who + "deadline and period must be at most " + number(kTop - 1));
  if (s.runtime > s.deadline) return node["runtime"].report(who + "runtime (" + number(s.runtime) + ") must be <= deadline (" + number(s.deadline) + ")");
  if (s.period != 0 && s.deadline > s.period) return node["deadline"].report(who + "deadline (" + number(s.deadline) + ") must be <= period (" + number(s.period) + ")");
}

std::optional<Scheduler> read_scheduler(const json::Node& node) {
  if (!node.present()) return std::nullopt;
  Scheduler out;
  const std::string policy = node["policy"].str();
  const int number = schedule::policy(policy);
  if (number < 0) node["policy"].report("names no scheduling policy: '" + policy + "'");
  else out.policy = static_cast<std::uint32_t>(number);
  out.nice = static_cast<std::int32_t>(node["nice"].integer(-20, 19, 0));
  out.priority = static_cast<std::uint32_t>(node["priority"].integer(0, 99, 0));
  out.runtime = node["runtime"].u64();
  out.deadline = node["deadline"].u64();
  out.period = node["period"].u64();
  if (out.priority != 0 && !schedule::real_time(number)) node["priority"].report("can only be given for SCHED_FIFO and SCHED_RR");
  if (schedule::real_time(number) && out.priority == 0) node["priority"].report("must be from 1 to 99 for " + policy);
  if (!schedule::deadline(number) && (out.runtime | out.deadline | out.period) != 0)
    node.report("has runtime, deadline or period, which can only be given for SCHED_DEADLINE");
  if (schedule::deadline(number)) check_deadline(node, out);
  for (const auto& item : node["flags"].items()) {
    const auto flag = schedule::flag(item.str());
    if (flag == 0) item.report("names no scheduling flag: '" + item.str() + "'");
    out.flags |= flag;
  }
  return out;
}

std::optional<int> read_io_priority(const json::Node& node) {
  if (!node.present()) return std::nullopt;
  const std::string name = node["class"].str();
  const int io_class = schedule::io_class(name);
  if (io_class < 0) node["class"].report("names no I/O scheduling class: '" + name + "'");
  return schedule::io_value(io_class, static_cast<int>(node["priority"].integer(0, 7, 0)));
}

std::vector<unsigned long> read_cpus(const json::Node& node) {
  const std::string text = node.str();
  if (text.empty()) return {};
  auto set = number_set::parse(text);
  if (!set) node.report("is no list of processors such as '0-3,7': '" + text + "'");
  return set ? std::move(*set) : std::vector<unsigned long>{};
}

void read_env(const json::Node& node, Process& out) {
  for (const auto& item : node.items()) {
    out.env.push_back(item.str());
    const std::size_t eq = out.env.back().find('=');
    // Empty is the place of a slot that is not filled yet.
    if (eq == std::string::npos && !out.env.back().empty()) item.report("must be NAME=VALUE: invalid environment variable '" + out.env.back() + "'");
    if (eq == 0) item.report("invalid environment variable: name cannot be empty");
  }
}

}  // namespace

Process read_process(const json::Node& node) {
  Process out;
  out.terminal = node["terminal"].boolean();
  if (auto size = node["consoleSize"]; size.present() && out.terminal)
    out.console_size = {static_cast<unsigned>(size["height"].integer(0, 65535, 0)), static_cast<unsigned>(size["width"].integer(0, 65535, 0))};
  read_user(node["user"], out);
  out.args = node["args"].strings();
  read_env(node["env"], out);
  out.cwd = node["cwd"].present() ? read_path(node["cwd"]) : "/";
  read_capabilities(node["capabilities"], out);
  read_rlimits(node["rlimits"], out);
  out.no_new_privileges = node["noNewPrivileges"].boolean();
  if (auto score = node["oomScoreAdj"]; score.present()) out.oom_score_adj = static_cast<int>(score.integer(-1000, 1000, 0));
  out.apparmor_profile = node["apparmorProfile"].str();
  out.selinux_label = node["selinuxLabel"].str();
  out.scheduler = read_scheduler(node["scheduler"]);
  out.io_priority = read_io_priority(node["ioPriority"]);
  out.exec_affinity = {read_cpus(node["execCPUAffinity"]["initial"]), read_cpus(node["execCPUAffinity"]["final"])};
  return out;
}

Result<Process> parse_process(std::string_view text) {
  SECURE_LET(doc, json::parse(text, "the process"));
  json::Sink sink;
  Process out = read_process(json::Node(&doc, &sink, ""));
  if (sink.error) return std::move(*sink.error);
  if (out.args.empty() || out.args[0].empty()) return fail(Stage::config, "CONFIG_INVALID", 0, "/args must name a command");
  return out;
}

}  // namespace secure::spec
