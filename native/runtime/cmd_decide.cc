// SPDX-License-Identifier: Apache-2.0
// decide: what the policy makes of a config, without a container. Each line of the file is a config.json, for each there is a line.
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "args.h"
#include "caps.h"
#include "commands.h"
#include "fd.h"
#include "json.h"
#include "oci.h"
#include "oci_policy.h"
#include "policy.h"

namespace secure::runtime {

namespace {

constexpr std::size_t kMaxInput = 256U << 20;

class Shown {
 public:
  rapidjson::Value of(const policy::Report& report) {
    rapidjson::Value out = object();
    out.AddMember("refused", findings(report.refused), a_).AddMember("tightened", findings(report.tightened), a_);
    return out;
  }

  rapidjson::Value of(const spec::Spec& spec) {
    rapidjson::Value out = object();
    out.AddMember("process", process(spec.process), a_).AddMember("readonly", spec.root_readonly, a_).AddMember("namespaces", namespaces(spec), a_);
    rapidjson::Value mounts = array();
    for (const auto& mount : spec.mounts) {
      rapidjson::Value one = object();
      one.AddMember("destination", text(mount.destination), a_).AddMember("type", text(mount.type), a_).AddMember("source", text(mount.source), a_).AddMember("options", texts(mount.options), a_);
      mounts.PushBack(one, a_);
    }
    out.AddMember("mounts", mounts, a_).AddMember("maskedPaths", texts(spec.masked_paths), a_).AddMember("readonlyPaths", texts(spec.readonly_paths), a_);
    rapidjson::Value annotations = array();
    for (const auto& [key, value] : spec.annotations) annotations.PushBack(text(key), a_);
    out.AddMember("annotations", annotations, a_).AddMember("rootfsPropagation", text(spec.rootfs_propagation), a_);
    out.AddMember("resources", resources(spec.resources), a_).AddMember("filter", static_cast<std::uint64_t>(spec.outer_filter.size()), a_).AddMember("landlock", landlock(spec.outer_landlock), a_);
    return out;
  }

  rapidjson::Document::AllocatorType& allocator() { return a_; }

 private:
  static rapidjson::Value object() { return rapidjson::Value(rapidjson::kObjectType); }
  static rapidjson::Value array() { return rapidjson::Value(rapidjson::kArrayType); }
  rapidjson::Value text(const std::string& value) { return rapidjson::Value(value, a_); }
  rapidjson::Value texts(const std::vector<std::string>& values) {
    rapidjson::Value out = array();
    for (const auto& value : values) out.PushBack(text(value), a_);
    return out;
  }

  rapidjson::Value findings(const std::vector<policy::Finding>& list) {
    rapidjson::Value out = array();
    for (const auto& one : list) {
      rapidjson::Value entry = object();
      entry.AddMember("control", text(one.control), a_).AddMember("at", text(one.at), a_).AddMember("text", text(one.text), a_);
      out.PushBack(entry, a_);
    }
    return out;
  }

  rapidjson::Value process(const spec::Process& process) {
    rapidjson::Value out = object(), caps = object(), limits = array();
    const auto& c = process.capabilities;
    caps.AddMember("bounding", texts(caps::names(c.bounding)), a_).AddMember("effective", texts(caps::names(c.effective)), a_).AddMember("inheritable", texts(caps::names(c.inheritable)), a_)
        .AddMember("permitted", texts(caps::names(c.permitted)), a_).AddMember("ambient", texts(caps::names(c.ambient)), a_);
    for (const auto& limit : process.rlimits) {
      rapidjson::Value one = object();
      one.AddMember("type", text(limit.type), a_).AddMember("soft", limit.soft, a_).AddMember("hard", limit.hard, a_);
      limits.PushBack(one, a_);
    }
    out.AddMember("capabilities", caps, a_).AddMember("noNewPrivileges", process.no_new_privileges, a_).AddMember("rlimits", limits, a_);
    number(out, "oomScoreAdj", process.oom_score_adj);
    return out;
  }

  rapidjson::Value namespaces(const spec::Spec& spec) {
    static constexpr std::array<std::pair<int, const char*>, 7> kNames{{{CLONE_NEWPID, "pid"}, {CLONE_NEWNET, "network"}, {CLONE_NEWIPC, "ipc"}, {CLONE_NEWUTS, "uts"}, {CLONE_NEWNS, "mount"},
                                                                       {CLONE_NEWUSER, "user"}, {CLONE_NEWCGROUP, "cgroup"}}};
    rapidjson::Value out = array();
    for (const auto& ns : spec.namespaces)
      for (const auto& [flag, name] : kNames)
        if (ns.flag == flag) out.PushBack(rapidjson::StringRef(name), a_);
    return out;
  }

  template <typename T>
  void number(rapidjson::Value& to, const char* key, const std::optional<T>& value) {
    if (value) to.AddMember(rapidjson::StringRef(key), rapidjson::Value(*value), a_);
  }

  rapidjson::Value resources(const spec::Resources& r) {
    rapidjson::Value out = object(), devices = array(), unified = array();
    for (const auto& rule : r.devices) {
      rapidjson::Value one = object();
      one.AddMember("allow", rule.allow, a_).AddMember("type", text(std::string(1, rule.type)), a_).AddMember("access", text(rule.access), a_);
      number(one, "major", rule.major);
      number(one, "minor", rule.minor);
      devices.PushBack(one, a_);
    }
    for (const auto& [name, value] : r.unified) unified.PushBack(text(name), a_);
    out.AddMember("devices", devices, a_).AddMember("unified", unified, a_);
    number(out, "memory", r.memory_limit);
    number(out, "swap", r.memory_swap);
    number(out, "pids", r.pids_limit);
    number(out, "quota", r.cpu_quota);
    number(out, "period", r.cpu_period);
    return out;
  }

  rapidjson::Value landlock(const std::optional<spec::Landlock>& rules) {
    if (!rules) return rapidjson::Value();
    rapidjson::Value out = object(), paths = array(), ports = array();
    for (const auto& rule : rules->path_beneath) {
      rapidjson::Value one = object();
      one.AddMember("parent", texts(rule.parent), a_).AddMember("allowedAccess", texts(rule.allowed_access), a_);
      paths.PushBack(one, a_);
    }
    for (const auto& rule : rules->net_port) {
      rapidjson::Value one = object(), list = array();
      for (const auto port : rule.port) list.PushBack(port, a_);
      one.AddMember("port", list, a_).AddMember("allowedAccess", texts(rule.allowed_access), a_);
      ports.PushBack(one, a_);
    }
    out.AddMember("handledAccessFs", texts(rules->handled_access_fs), a_).AddMember("handledAccessNet", texts(rules->handled_access_net), a_).AddMember("scoped", texts(rules->scoped), a_)
        .AddMember("pathBeneath", paths, a_).AddMember("netPort", ports, a_);
    return out;
  }

  rapidjson::Document document_;
  rapidjson::Document::AllocatorType& a_ = document_.GetAllocator();
};

std::string decided(const policy::Policy& policy, const policy::Facts& facts, std::string_view config) {
  Shown shown;
  rapidjson::Value out(rapidjson::kObjectType);
  auto& a = shown.allocator();
  auto spec = spec::parse(config);
  if (!spec) {
    out.AddMember("error", rapidjson::Value(spec.error().text(), a), a);
    return json::dump(out);
  }
  policy::Report report;
  policy::hold_container(policy, facts, *spec, report);
  out = shown.of(report);
  if (report.refused.empty()) out.AddMember("config", shown.of(*spec), a);
  return json::dump(out);
}

}  // namespace

int cmd_decide(int argc, char** argv) {
  std::string id = "decide", bundle = ".";
  Args args(argc, argv, "secure-runtime --policy DIR decide [--id ID] [--bundle DIR] FILE|-");
  args.text("id", '\0', id).text("bundle", 'b', bundle);
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  auto policy = policy::load(policy_directory());
  if (!policy) return report(policy.error());
  auto text = args.operands[0] == "-" ? read_fd(STDIN_FILENO, kMaxInput, "standard input") : read_named(args.operands[0], kMaxInput);
  if (!text) return report(text.error());
  const policy::Facts facts = policy::facts(id, bundle);
  for (std::size_t from = 0; from < text->size();) {
    const std::size_t end = std::min(text->find('\n', from), text->size());
    if (end > from) std::printf("%s\n", decided(*policy, facts, std::string_view(*text).substr(from, end - from)).c_str());
    from = end + 1;
  }
  return std::ferror(stdout) != 0 ? 1 : 0;
}

}  // namespace secure::runtime
