// SPDX-License-Identifier: Apache-2.0
#include "criu_tasks.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "enforced_parts.h"
#include "fd.h"

namespace secure::criu {

namespace {

constexpr std::array kFields{"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters"};

std::string field(std::string_view status, std::string_view name) {
  const std::string start = std::string(name) + ":";
  for (const auto& line : enforced::lines(status))
    if (line.starts_with(start)) return enforced::join(enforced::words(line.substr(start.size())), " ");
  return {};
}

}  // namespace

std::size_t depth_of(std::string_view status) { return enforced::words(field(status, "NSpid")).size(); }

std::optional<Task> task_of(std::string_view status, std::size_t depth) {
  const auto pids = enforced::words(field(status, "NSpid"));
  if (pids.empty() || (depth != 0 && pids.size() != depth) || field(status, "State").starts_with("Z")) return std::nullopt;
  Task out;
  out.pid = static_cast<pid_t>(std::strtol(pids.back().c_str(), nullptr, 10));
  for (const char* name : kFields) out.facts += std::string(name) + "=" + field(status, name) + ";";
  return out;
}

bool descends(pid_t pid, pid_t init, const Parents& parents) {
  // As often as there are processes: a pid may be used again while we look, and then lead in a circle.
  for (std::size_t i = 0; i <= parents.size(); ++i) {
    if (pid == init) return true;
    const auto found = std::find_if(parents.begin(), parents.end(), [&](const auto& one) { return one.first == pid; });
    if (found == parents.end()) return false;
    pid = found->second;
  }
  return false;
}

namespace {

struct Seen {
  pid_t pid;
  std::string status;
};

// The first one, and others in the order of their pids.
std::vector<Seen> look(pid_t init, const std::vector<pid_t>& pids, Parents& parents) {
  std::vector<Seen> out;
  auto add = [&](pid_t pid) {
    auto text = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/status", 1U << 16);
    if (!text) return;
    parents.emplace_back(pid, static_cast<pid_t>(std::strtol(field(*text, "PPid").c_str(), nullptr, 10)));
    out.push_back({pid, std::move(*text)});
  };
  add(init);
  for (const pid_t pid : pids)
    if (pid != init) add(pid);
  return out;
}

}  // namespace

std::vector<Task> tasks_of(pid_t init, const std::vector<pid_t>& pids) {
  Parents parents;
  const auto all = look(init, pids, parents);
  std::vector<Task> out;
  for (const auto& one : all)
    if (descends(one.pid, init, parents))
      if (auto task = task_of(one.status, depth_of(all[0].status))) out.push_back(std::move(*task));
  return out;
}

std::size_t strangers(pid_t init, const std::vector<pid_t>& pids) {
  Parents parents;
  const auto all = look(init, pids, parents);
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Seen& one) {
    return !descends(one.pid, init, parents) && task_of(one.status, depth_of(all[0].status)).has_value();
  }));
}

std::string fact(const Task& task, std::string_view name) {
  const std::string start = ";" + std::string(name) + "=", all = ";" + task.facts;
  const std::size_t at = all.find(start);
  if (at == std::string::npos) return {};
  const std::size_t from = at + start.size();
  return all.substr(from, all.find(';', from) - from);
}

std::string difference(const std::vector<Task>& noted, const std::vector<Task>& now) {
  for (const auto& before : noted) {
    const auto after = std::find_if(now.begin(), now.end(), [&](const Task& one) { return one.pid == before.pid; });
    const std::string who = "process " + std::to_string(before.pid) + " of the container ";
    if (after == now.end()) return who + "is not there";
    for (const char* name : kFields)
      if (fact(before, name) != fact(*after, name)) return who + "had " + name + " " + fact(before, name) + ", and has " + fact(*after, name);
  }
  return {};
}

}  // namespace secure::criu
