// SPDX-License-Identifier: Apache-2.0
// What /proc/PID says about the process itself: ids, capabilities, no_new_privs, seccomp, LSM label, limits.
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "caps.h"
#include "enforced_parts.h"
#include "probe.h"
#include "rlimit.h"

namespace secure::enforced {

namespace {

std::vector<spec::IdMap> parse_map(const std::string& text) {
  std::vector<spec::IdMap> out;
  for (const auto& line : lines(text)) {
    spec::IdMap map;
    if (::sscanf(line.c_str(), "%u %u %u", &map.container, &map.host, &map.size) == 3) out.push_back(map);
  }
  return out;
}

std::string show(const std::vector<spec::IdMap>& maps) {
  std::vector<std::string> parts;
  for (const auto& m : maps)
    parts.push_back(std::to_string(m.container) + ":" + std::to_string(m.host) + ":" + std::to_string(m.size));
  return join(parts);
}

std::optional<std::uint32_t> inside(const std::vector<spec::IdMap>& maps, std::uint32_t host) {
  for (const auto& m : maps)
    if (host >= m.host && host - m.host < m.size) return m.container + (host - m.host);
  return std::nullopt;
}

// All four ids (real, effective, saved, file system) as one inside id, where they agree.
std::optional<std::uint32_t> one_id(const Subject& subject, const char* key, const std::vector<spec::IdMap>& maps) {
  std::uint32_t id[4] = {};
  if (::sscanf(status_field(subject, key).c_str(), "%u %u %u %u", &id[0], &id[1], &id[2], &id[3]) != 4) return {};
  if (id[0] != id[1] || id[0] != id[2] || id[0] != id[3]) return {};
  return inside(maps, id[0]);
}

std::uint64_t hex(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 16); }

std::string show_set(std::uint64_t set) { return set == 0 ? "none" : join(caps::names(set), " "); }

void prove_capabilities(const Subject& subject, std::vector<Control>& out) {
  const auto& plan = subject.plan->process.capabilities;
  struct Set {
    const char* name;
    const char* key;
    std::uint64_t planned;
  };
  const Set sets[] = {{"bounding", "CapBnd", plan.bounding},
                      {"permitted", "CapPrm", plan.permitted},
                      {"effective", "CapEff", plan.effective},
                      {"inheritable", "CapInh", plan.inheritable},
                      {"ambient", "CapAmb", plan.ambient}};
  Control control{"capabilities", "", true, "", "/proc/PID/status Cap*", false};
  std::vector<std::string> planned, actual;
  for (const auto& set : sets) {
    const std::string text = status_field(subject, set.key);
    // Fewer than planned is in force too: execve as a user, and programs themselves, give up capabilities.
    if (text.empty() || (hex(text) & ~set.planned) != 0) control.in_force = false;
    planned.push_back(std::string(set.name) + ": " + show_set(set.planned));
    actual.push_back(std::string(set.name) + ": " + show_set(hex(text)));
  }
  if (subject.plan->process.has_capabilities) control.planned = join(planned, "; ");
  else control.in_force = false;
  control.actual = join(actual, "; ");
  out.push_back(std::move(control));
}

void prove_lsm(const Subject& subject, std::vector<Control>& out) {
  const auto& process = subject.plan->process;
  std::string label = read_text(subject, "attr/current");
  while (!label.empty() && (label.back() == '\n' || label.back() == '\0')) label.pop_back();
  Control control{"lsm", "", false, label.empty() ? "no AppArmor or SELinux label" : label, "/proc/PID/attr/current", false};
  const std::string& wanted = process.apparmor_profile.empty() ? process.selinux_label : process.apparmor_profile;
  if (!wanted.empty()) {
    control.planned = wanted;
    control.in_force = label == wanted || label == wanted + " (enforce)";
  }
  out.push_back(std::move(control));
}

std::string show_limit(std::uint64_t value) { return value == RLIM_INFINITY ? "unlimited" : std::to_string(value); }

// The names of /proc/PID/limits (fs/proc/base.c), by RLIMIT_ number.
constexpr const char* kLimitNames[] = {
    "Max cpu time",      "Max file size",     "Max data size",      "Max stack size",
    "Max core file size", "Max resident set",  "Max processes",      "Max open files",
    "Max locked memory", "Max address space", "Max file locks",     "Max pending signals",
    "Max msgqueue size", "Max nice priority", "Max realtime priority", "Max realtime timeout"};
static_assert(RLIMIT_NOFILE == 7 && RLIMIT_MEMLOCK == 8 && RLIMIT_RTTIME == 15);

}  // namespace

void prove_ids(const Subject& subject, std::vector<Control>& out) {
  const auto& plan = *subject.plan;
  const auto uids = parse_map(read_text(subject, "uid_map"));
  const auto gids = parse_map(read_text(subject, "gid_map"));
  Control space{"user-namespace", "", false, "uid " + show(uids) + "; gid " + show(gids),
                "/proc/PID/uid_map, gid_map (inside:outside:count)", false};
  const bool own = planned_namespace(plan, CLONE_NEWUSER) != nullptr;
  if (own) {
    space.planned = plan.uid_mappings.empty() ? "joined"
                                              : "uid " + show(plan.uid_mappings) + "; gid " + show(plan.gid_mappings);
    space.in_force = plan.uid_mappings.empty() ||
                     (show(uids) == show(plan.uid_mappings) && show(gids) == show(plan.gid_mappings));
  }
  out.push_back(std::move(space));

  const auto uid = one_id(subject, "Uid", uids), gid = one_id(subject, "Gid", gids);
  Control user{"user", std::to_string(plan.process.uid) + ":" + std::to_string(plan.process.gid), false,
               (uid ? std::to_string(*uid) : "mixed") + ":" + (gid ? std::to_string(*gid) : "mixed") + "; outside " +
                   status_field(subject, "Uid") + " : " + status_field(subject, "Gid") + "; groups outside " +
                   status_field(subject, "Groups"),
               "/proc/PID/status Uid, Gid (real effective saved fs)", false};
  // A start as root that has dropped to another user since gave up rights, it did not gain any.
  const bool same = uid == plan.process.uid && gid == plan.process.gid;
  user.in_force = same || (plan.process.uid == 0 && uid && *uid != 0);
  out.push_back(std::move(user));
}

void prove_rights(const Subject& subject, std::vector<Control>& out) {
  const auto& plan = *subject.plan;
  prove_capabilities(subject, out);

  const std::string privileges = status_field(subject, "NoNewPrivs");
  out.push_back({"no-new-privileges", plan.process.no_new_privileges ? "on" : "", privileges == "1",
                 privileges == "1" ? "on" : "off", "/proc/PID/status NoNewPrivs: " + privileges, false});

  const std::string mode = status_field(subject, "Seccomp"), filters = status_field(subject, "Seccomp_filters");
  Control seccomp{"seccomp", "", mode == "2" && filters != "0", "", "/proc/PID/status Seccomp: " + mode + ", Seccomp_filters: " + filters, false};
  seccomp.actual = mode == "2" ? "filter mode, " + (filters.empty() ? "some" : filters) + " filter(s)" : "no filter";
  if (plan.seccomp)
    seccomp.planned = "default " + plan.seccomp->default_action + ", " + std::to_string(plan.seccomp->rules.size()) + " rules";
  out.push_back(std::move(seccomp));
  prove_lsm(subject, out);

  const std::string score = join(words(read_text(subject, "oom_score_adj")));
  Control oom{"oom-score", "", false, score, "/proc/PID/oom_score_adj", false};
  if (plan.process.oom_score_adj) {
    oom.planned = std::to_string(*plan.process.oom_score_adj);
    // A higher one makes it the earlier victim, which hurts no one else.
    oom.in_force = !score.empty() && std::atoi(score.c_str()) >= *plan.process.oom_score_adj;
  }
  out.push_back(std::move(oom));

  // A process that is not dumpable does not own its /proc files; a root that is not mapped cannot be told apart.
  struct stat st {};
  std::uint32_t effective = 0, real = 0;
  (void)::sscanf(status_field(subject, "Uid").c_str(), "%u %u", &real, &effective);
  const bool known = ::fstatat(subject.proc.get(), "comm", &st, AT_SYMLINK_NOFOLLOW) == 0 && effective != 0;
  Control dump{"not-dumpable", "", std::nullopt, "cannot be told for uid 0", "owner of /proc/PID/comm", false};
  if (known) {
    dump.in_force = st.st_uid != effective;
    dump.actual = *dump.in_force ? "not dumpable" : "dumpable";
  }
  out.push_back(std::move(dump));
}

void prove_limits(const Subject& subject, std::vector<Control>& out) {
  const auto all = lines(read_text(subject, "limits"));
  for (const auto& limit : subject.plan->process.rlimits) {
    const int number = rlimit::number(limit.type);
    if (number < 0) continue;
    const std::string name = kLimitNames[number];
    std::string lower;
    for (char c : limit.type.substr(7)) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    Control control{"rlimit-" + lower, show_limit(limit.soft) + ":" + show_limit(limit.hard), false, "not shown",
                    "/proc/PID/limits " + name, false};
    for (const auto& line : all) {
      if (!line.starts_with(name)) continue;
      const auto fields = words(std::string_view(line).substr(name.size()));
      if (fields.size() < 2) continue;
      const auto value = [](const std::string& text) {
        return text == "unlimited" ? RLIM_INFINITY : std::strtoull(text.c_str(), nullptr, 10);
      };
      control.actual = fields[0] + ":" + fields[1];
      // The soft limit is the program's to move below the hard one.
      control.in_force = value(fields[1]) <= limit.hard;
    }
    out.push_back(std::move(control));
  }
}

void prove_landlock(const Subject& subject, std::vector<Control>& out) {
  if (!subject.plan->landlock) {
    out.push_back({"landlock-files", "", false, "not planned, not probed", "", false});
    return;
  }
  const auto& rules = *subject.plan->landlock;
  struct Part {
    const char* name;
    const std::vector<std::string>* handled;
  };
  probe::Answer answer{std::nullopt, "its rules allow or do not handle what the probe tries", "no probe"};
  if (probe::covered(rules)) answer = probe::landlock(subject.pid, subject.start);
  const std::string label = join(words(read_text(subject, "attr/current")), " ");
  if (answer.in_force == true && !label.empty() && label.find("unconfined") == std::string::npos) {
    answer.in_force = std::nullopt;
    answer.actual = "refused, by Landlock or by the LSM label " + label;
  }
  std::vector<std::string> files, ioctl;
  for (const auto& right : rules.handled_access_fs) (right == "ioctl_dev" ? ioctl : files).push_back(right);
  for (const Part& part : {Part{"landlock-files", &files}, Part{"landlock-ioctl", &ioctl},
                           Part{"landlock-ports", &rules.handled_access_net}, Part{"landlock-scopes", &rules.scoped}})
    if (!part.handled->empty()) {
      // One ruleset carries all of them: it is enforced as a whole or not at all. Only the files are probed.
      bool probed = part.handled == &files;
      out.push_back({part.name, join(*part.handled, " "), answer.in_force,
                     probed ? answer.actual : "by the ruleset that landlock-files proves", answer.evidence, false});
    }
}

}  // namespace secure::enforced
