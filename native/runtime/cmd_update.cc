// SPDX-License-Identifier: Apache-2.0
// update: other limits for a container that exists. They are kept in its config, so that later commands see them.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>

#include "args.h"
#include "commands.h"
#include "json.h"
#include "oci.h"
#include "oci_policy.h"
#include "systemd.h"

namespace secure::runtime {

namespace {

constexpr std::size_t kMaxResources = 1U << 20;

struct Flag {
  const char *name, *object, *field;
  enum Kind { bytes, number, text } kind;
};
constexpr std::array<Flag, 16> kFlags{{{"memory", "memory", "limit", Flag::bytes},
                                       {"memory-swap", "memory", "swap", Flag::bytes},
                                       {"memory-reservation", "memory", "reservation", Flag::bytes},
                                       {"kernel-memory", "memory", "kernel", Flag::bytes},
                                       {"kernel-memory-tcp", "memory", "kernelTCP", Flag::bytes},
                                       {"cpu-share", "cpu", "shares", Flag::number},
                                       {"cpu-quota", "cpu", "quota", Flag::number},
                                       {"cpu-period", "cpu", "period", Flag::number},
                                       {"cpu-burst", "cpu", "burst", Flag::number},
                                       {"cpu-idle", "cpu", "idle", Flag::number},
                                       {"cpu-rt-runtime", "cpu", "realtimeRuntime", Flag::number},
                                       {"cpu-rt-period", "cpu", "realtimePeriod", Flag::number},
                                       {"cpuset-cpus", "cpu", "cpus", Flag::text},
                                       {"cpuset-mems", "cpu", "mems", Flag::text},
                                       {"blkio-weight", "blockIO", "weight", Flag::number},
                                       {"pids-limit", "pids", "limit", Flag::number}}};

std::optional<std::int64_t> integer(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (errno != 0 || text.empty() || *end != '\0' || text[0] == ' ' || text[0] == '+') return std::nullopt;
  return value;
}

// "64M", "1.5g", "512KiB", "1000", "-1": units of 1024, as docker and runc read them.
std::optional<std::int64_t> bytes(const std::string& text) {
  if (text == "-1") return -1;
  const std::size_t digits = text.find_first_not_of("0123456789.");
  std::string unit = digits == std::string::npos ? "" : text.substr(digits);
  const std::string value = text.substr(0, digits);
  if (value.empty() || value.find('.') != value.rfind('.') || value == ".") return std::nullopt;
  for (char& c : unit) c = static_cast<char>(c | 0x20);
  if (unit.starts_with(' ')) unit.erase(0, 1);
  if (unit.ends_with('b')) unit.pop_back();
  if (unit.ends_with('i')) unit.pop_back();
  static constexpr std::string_view kUnits = "kmgtp";
  const std::size_t power = unit.empty() ? 0 : kUnits.find(unit[0]) + 1;
  if (unit.size() > 1 || (!unit.empty() && power == 0)) return std::nullopt;
  const double out = std::strtod(value.c_str(), nullptr) * std::pow(1024.0, static_cast<double>(power));
  if (!(out < 9e18)) return std::nullopt;
  return static_cast<std::int64_t>(out);
}

Result<std::string> read_resources(const std::string& path) {
  if (path == "-") return read_fd(STDIN_FILENO, kMaxResources, "the resources on standard input");
  return read_named(path, kMaxResources);
}

Result<rapidjson::Document> from_flags(const std::array<std::string, kFlags.size()>& values) {
  rapidjson::Document doc(rapidjson::kObjectType);
  auto& a = doc.GetAllocator();
  for (std::size_t i = 0; i < kFlags.size(); ++i) {
    const Flag& flag = kFlags[i];
    if (values[i].empty()) continue;
    rapidjson::Value value(values[i], a);
    if (flag.kind != Flag::text) {
      const auto n = flag.kind == Flag::bytes ? bytes(values[i]) : integer(values[i]);
      if (!n) return fail(Stage::config, "USAGE", 0, std::string("invalid value for ") + flag.name + ": '" + values[i] + "'");
      value.SetInt64(*n);
    }
    if (!doc.HasMember(flag.object)) doc.AddMember(rapidjson::StringRef(flag.object), rapidjson::Value(rapidjson::kObjectType), a);
    doc[flag.object].AddMember(rapidjson::StringRef(flag.field), value, a);
  }
  return doc;
}

// Objects are merged, anything else is replaced: what a change does not name stays.
void merge(rapidjson::Value& into, const rapidjson::Value& change, rapidjson::Document::AllocatorType& a) {
  if (!into.IsObject()) into.SetObject();
  for (const auto& member : change.GetObject()) {
    if (!into.HasMember(member.name)) into.AddMember(rapidjson::Value(member.name, a), rapidjson::Value(), a);
    rapidjson::Value& at = into[member.name];
    if (member.value.IsObject()) merge(at, member.value, a);
    else if (!member.value.IsNull()) at.CopyFrom(member.value, a);
  }
}

Status keep(const Found& found, const rapidjson::Document& change) {
  SECURE_LET(text, oci::read_config(found.dir.get()));
  SECURE_LET(config, json::parse(text, "config.json"));
  auto& a = config.GetAllocator();
  for (const char* key : {"linux", "resources"}) {
    rapidjson::Value& at = key[0] == 'l' ? static_cast<rapidjson::Value&>(config) : config["linux"];
    if (!at.HasMember(key)) at.AddMember(rapidjson::StringRef(key), rapidjson::Value(rapidjson::kObjectType), a);
  }
  merge(config["linux"]["resources"], change, a);
  return oci::write_config(found.dir.get(), json::dump(config));
}

// What a policy has made of a change is what is kept of it.
void write_back(const spec::Resources& limits, rapidjson::Document& change) {
  auto& a = change.GetAllocator();
  const auto set = [&](const char* object, const char* field, const auto& value) {
    if (!value) return;
    if (!change.HasMember(object)) change.AddMember(rapidjson::StringRef(object), rapidjson::Value(rapidjson::kObjectType), a);
    rapidjson::Value& at = change[object];
    at.RemoveMember(field);
    at.AddMember(rapidjson::StringRef(field), rapidjson::Value(*value), a);
  };
  set("memory", "limit", limits.memory_limit);
  set("memory", "swap", limits.memory_swap);
  set("pids", "limit", limits.pids_limit);
  set("cpu", "quota", limits.cpu_quota);
  set("cpu", "period", limits.cpu_period);
  if (!change.HasMember("unified")) return;
  rapidjson::Value unified(rapidjson::kObjectType);
  for (const auto& [name, value] : limits.unified) unified.AddMember(rapidjson::Value(name, a), rapidjson::Value(value, a), a);
  change["unified"] = unified;
}

Status check_rdt(const std::string& cache, const std::string& bandwidth) {
  struct stat st {};
  auto has = [&](const char* path) { return ::stat(path, &st) == 0; };
  if (!cache.empty() && !has("/sys/fs/resctrl/info/L3") && !has("/sys/fs/resctrl/info/L3CODE"))
    return fail(Stage::cgroup, "CONTROLLER_MISSING", 0, "Intel RDT/CAT: l3 cache schema is not enabled", "it needs a processor with cache allocation, and resctrl mounted on /sys/fs/resctrl");
  if (!bandwidth.empty() && !has("/sys/fs/resctrl/info/MB"))
    return fail(Stage::cgroup, "CONTROLLER_MISSING", 0, "Intel RDT/MBA: memory bandwidth schema is not enabled", "it needs a processor with bandwidth allocation, and resctrl mounted on /sys/fs/resctrl");
  if (!cache.empty() || !bandwidth.empty())
    return fail(Stage::config, "FIELD_UNSUPPORTED", 0, "updating a non-existent Intel RDT configuration is not supported: the container has no /linux/intelRdt");
  return Ok{};
}

Status update(const std::string& id, const std::string& resources, const std::array<std::string, kFlags.size()>& values) {
  SECURE_LET(found, find(id, true));
  if (found.status == oci::Status::stopped) return fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "container not running: container '" + id + "' is stopped");
  std::string text;
  if (!resources.empty()) {
    SECURE_LET(read, read_resources(resources));
    text = std::move(read);
  }
  SECURE_LET(change, resources.empty() ? from_flags(values) : json::parse(text, "the resources"));
  if (!change.IsObject()) return fail(Stage::config, "CONFIG_INVALID", 0, "the resources must be an object");
  SECURE_LET(limits, spec::parse_resources(json::dump(change)));
  if (limits.memory_kernel || limits.memory_kernel_tcp) (void)std::fputs("warning: kernel memory settings are ignored\n", stderr);
  limits.memory_kernel_tcp.reset();
  SECURE_TRY(hold_to_policy(limits, id));
  if (policy_holds()) write_back(limits, change);
  SECURE_LET(spec, config_of(found));
  SECURE_LET(group, group_of(found));
  // systemd first: it writes what it knows over what is there.
  if (!found.state.systemd_scope.empty()) SECURE_TRY(systemd::set_limits(found.state.systemd_scope, group.layout, limits));
  SECURE_TRY(cgroup::update(group, limits, spec.resources));
  return keep(found, change);
}

}  // namespace

int cmd_update(int argc, char** argv) {
  std::string resources, cache, bandwidth;
  std::array<std::string, kFlags.size()> values;
  Args args(argc, argv, "secure-runtime update [--resources FILE|-] [--memory BYTES] [--memory-swap BYTES] [--memory-reservation BYTES] [--cpu-share N] [--cpu-quota N] "
                        "[--cpu-period N] [--cpu-burst N] [--cpu-idle N] [--cpu-rt-runtime N] [--cpu-rt-period N] [--cpuset-cpus LIST] [--cpuset-mems LIST] "
                        "[--blkio-weight N] [--pids-limit N] [--l3-cache-schema TEXT] [--mem-bw-schema TEXT] ID");
  args.text("resources", 'r', resources).text("l3-cache-schema", '\0', cache).text("mem-bw-schema", '\0', bandwidth);
  for (std::size_t i = 0; i < kFlags.size(); ++i) args.text(kFlags[i].name, '\0', values[i]);
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  if (auto s = check_rdt(cache, bandwidth); !s) return report(s.error());
  auto status = update(args.operands[0], resources, values);
  return status ? 0 : report(status.error());
}

}  // namespace secure::runtime
