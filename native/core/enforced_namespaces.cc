// SPDX-License-Identifier: Apache-2.0
// Namespaces, each against the one that this process is in.
#include <limits.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enforced_parts.h"

namespace secure::enforced {

namespace {

struct Kind {
  int flag;
  const char* name;  // in /proc/PID/ns
};
constexpr Kind kKinds[] = {{CLONE_NEWUSER, "user"}, {CLONE_NEWPID, "pid"},       {CLONE_NEWNS, "mnt"},
                           {CLONE_NEWNET, "net"},   {CLONE_NEWIPC, "ipc"},       {CLONE_NEWUTS, "uts"},
                           {CLONE_NEWCGROUP, "cgroup"}, {0x80 /* CLONE_NEWTIME */, "time"}};

std::string link_text(int dir, const std::string& path) {
  char buffer[PATH_MAX];
  const ssize_t n = ::readlinkat(dir, path.c_str(), buffer, sizeof buffer);
  return n <= 0 ? std::string{} : std::string(buffer, static_cast<std::size_t>(n));
}

}  // namespace

void prove_namespaces(const Subject& subject, std::vector<Control>& out) {
  Control control{"namespaces", "", true, "", "/proc/PID/ns against /proc/self/ns", false};
  std::vector<std::string> planned, own, shared;
  for (const auto& kind : kKinds) {
    const spec::Namespace* wanted = planned_namespace(*subject.plan, kind.flag);
    const std::string theirs = link_text(subject.proc.get(), std::string("ns/") + kind.name);
    const std::string ours = link_text(AT_FDCWD, std::string("/proc/self/ns/") + kind.name);
    const bool separate = !theirs.empty() && theirs != ours;
    (separate ? own : shared).push_back(theirs.empty() ? std::string(kind.name) + ":?" : theirs);
    if (wanted == nullptr) continue;
    planned.push_back(wanted->path.empty() ? kind.name : std::string(kind.name) + "=" + wanted->path);
    struct stat there {}, here {};
    const bool joined = !wanted->path.empty() && ::stat(wanted->path.c_str(), &there) == 0 &&
                        ::fstatat(subject.proc.get(), (std::string("ns/") + kind.name).c_str(), &here, 0) == 0 &&
                        there.st_ino == here.st_ino && there.st_dev == here.st_dev;
    if (wanted->path.empty() ? !separate : !joined) control.in_force = false;
  }
  control.planned = join(planned, " ");
  if (planned.empty()) control.in_force = false;
  control.actual = "own: " + join(own, " ") + "; shared with the host: " + (shared.empty() ? "none" : join(shared, " "));
  out.push_back(std::move(control));

  prove_network(subject, link_text(subject.proc.get(), "ns/net") != link_text(AT_FDCWD, "/proc/self/ns/net"), out);
}

}  // namespace secure::enforced
