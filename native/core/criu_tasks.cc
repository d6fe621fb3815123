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

std::vector<Task> tasks_of(pid_t init, const std::vector<pid_t>& pids) {
  auto status_of = [](pid_t pid) {
    auto text = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/status", 1U << 16);
    return text ? std::move(*text) : std::string();
  };
  const std::string first = status_of(init);
  const std::size_t depth = depth_of(first);
  std::vector<Task> out;
  if (auto task = task_of(first, depth)) out.push_back(std::move(*task));
  for (const pid_t pid : pids)
    if (pid != init)
      if (auto task = task_of(status_of(pid), depth)) out.push_back(std::move(*task));
  return out;
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
