// SPDX-License-Identifier: Apache-2.0
#include "namespaces.h"

#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace secure::namespaces {

namespace {

struct Kind {
  int flag;
  const char* file;
};
constexpr std::array<Kind, 8> kKinds{{{CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mnt"}, {CLONE_NEWPID, "pid"}, {CLONE_NEWNET, "net"},
                                      {CLONE_NEWIPC, "ipc"}, {CLONE_NEWUTS, "uts"}, {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"}}};

const char* name_of(int flag) {
  for (const auto& kind : kKinds)
    if (kind.flag == flag) return kind.file;
  return "?";
}

Status join(const Joined& one) {
  if (::setns(one.file.get(), one.flag) < 0)
    return fail(Stage::process, "NAMESPACE_FAILED", errno, std::string("join the ") + name_of(one.flag) + " namespace of /linux/namespaces",
                errno == EPERM ? "it belongs to a user namespace in which this process has no CAP_SYS_ADMIN"
                : errno == EINVAL && one.flag == CLONE_NEWUSER ? "it is the user namespace that this process is in already" : "");
  return Ok{};
}

bool can_visit(int flag) { return flag != CLONE_NEWUSER && flag != CLONE_NEWNS; }

}  // namespace

unsigned long created(const spec::Spec& spec) {
  unsigned long flags = 0;
  for (const auto& ns : spec.namespaces)
    if (ns.path.empty()) flags |= static_cast<unsigned>(ns.flag);
  return flags;
}

bool is_own(const struct stat& ns, std::string_view kind) {
  struct stat ours {};
  const std::string own = "/proc/self/ns/" + std::string(kind);
  return ::stat(own.c_str(), &ours) < 0 || (ns.st_dev == ours.st_dev && ns.st_ino == ours.st_ino);
}

bool has(const spec::Spec& spec, int flag) {
  return std::any_of(spec.namespaces.begin(), spec.namespaces.end(), [&](const auto& ns) { return ns.flag == flag; });
}

Result<std::vector<Joined>> open(const spec::Spec& spec) {
  std::vector<Joined> out;
  for (const auto& ns : spec.namespaces) {
    if (ns.path.empty()) continue;
    const std::string what = std::string("the ") + name_of(ns.flag) + " namespace " + ns.path;
    Fd file(::open(ns.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!file.valid()) return fail(Stage::config, "NAMESPACE_INVALID", errno, "open " + what + " of /linux/namespaces");
    struct statfs fs {};
    if (::fstatfs(file.get(), &fs) < 0 || fs.f_type != NSFS_MAGIC)
      return fail(Stage::config, "NAMESPACE_INVALID", 0, "/linux/namespaces: " + ns.path + " is no namespace");
    int type = ::ioctl(file.get(), NS_GET_NSTYPE);
    if (type != ns.flag)
      return fail(Stage::config, "NAMESPACE_INVALID", 0, "/linux/namespaces: " + ns.path + " is a " + name_of(type) + " namespace, not a " + name_of(ns.flag) + " one");
    struct stat st {};
    if (ns.foreign && (::fstat(file.get(), &st) < 0 || is_own(st, name_of(ns.flag)))) return fail(Stage::config, "NAMESPACE_INVALID", 0, what + " of /linux/namespaces has become the host's");
    out.push_back({ns.flag, std::move(file)});
  }
  return out;
}

Status Visit::enter(const std::vector<Joined>& joined) {
  for (const auto& one : joined) {
    if (!can_visit(one.flag)) continue;
    // "self" may be another process's number in a procfs of another pid namespace, but then nothing else works either.
    const std::string path = std::string("/proc/self/ns/") + name_of(one.flag);
    Fd own(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!own.valid()) return fail(Stage::process, "NAMESPACE_FAILED", errno, "open " + path, "is /proc mounted?");
    SECURE_TRY(join(one));
    own_.push_back({one.flag, std::move(own)});
  }
  return Ok{};
}

Status Visit::leave() {
  Status first = Ok{};
  for (auto it = own_.rbegin(); it != own_.rend(); ++it)
    if (auto status = join(*it); !status && first) first = std::move(status);
  own_.clear();
  return first;
}

Status enter_for_good(const std::vector<Joined>& joined) {
  std::vector<bool> done(joined.size(), false);
  for (bool inside : {false, true}) {
    for (std::size_t i = 0; i < joined.size(); ++i) {
      if (done[i] || !can_visit(joined[i].flag)) continue;
      auto status = join(joined[i]);
      done[i] = status.ok();
      if (inside && !status) return status;
    }
    if (inside) break;
    for (const auto& one : joined)
      if (one.flag == CLONE_NEWUSER) SECURE_TRY(join(one));
  }
  return Ok{};
}

Status enter_mounts(const std::vector<Joined>& joined) {
  for (const auto& one : joined)
    if (one.flag == CLONE_NEWNS) SECURE_TRY(join(one));
  return Ok{};
}

}  // namespace secure::namespaces
