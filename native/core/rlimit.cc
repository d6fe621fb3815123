// SPDX-License-Identifier: Apache-2.0
#include "rlimit.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace secure::rlimit {

namespace {

struct Name {
  std::string_view text;
  int number;
};

// The sixteen of setrlimit(2); runtime-spec 1.3 allows exactly these.
constexpr std::array<Name, 16> kNames{{
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_STACK", RLIMIT_STACK},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
}};

std::string text(rlim_t value) { return value == RLIM_INFINITY ? "unlimited" : std::to_string(value); }

// Directly: glibc's declaration takes a private enum in C++ and an int in C.
int sys_prlimit(pid_t pid, int resource, const rlimit64* fresh, rlimit64* old) {
  return static_cast<int>(::syscall(SYS_prlimit64, pid, resource, fresh, old));
}

Error refused(int resource, const spec::Rlimit& limit, const rlimit64& now, int err) {
  if (err == EPERM && limit.hard > now.rlim_max)
    return fail(Stage::process, "RLIMIT_RAISE", err,
                limit.type + ": the hard limit is " + text(now.rlim_max) + " and cannot be raised to " +
                    text(limit.hard),
                "ask for at most " + text(now.rlim_max) +
                    ", or raise the limit of the calling service; only CAP_SYS_RESOURCE in the initial user "
                    "namespace may raise it");
  if (err == EPERM && resource == RLIMIT_NOFILE)
    return fail(Stage::process, "RLIMIT_RAISE", err, limit.type + ": " + text(limit.hard) + " is above fs.nr_open",
                "ask for less or raise the sysctl fs.nr_open");
  return fail(Stage::process, "RLIMIT_FAILED", err,
              "set " + limit.type + " to " + text(limit.soft) + ":" + text(limit.hard));
}

}  // namespace

int number(std::string_view name) {
  for (const auto& entry : kNames)
    if (entry.text == name) return entry.number;
  return -1;
}

std::string name(int number) {
  for (const auto& entry : kNames)
    if (entry.number == number) return std::string(entry.text);
  return "RLIMIT_" + std::to_string(number);
}

Status apply(const std::vector<spec::Rlimit>& limits, pid_t pid) {
  for (const auto& limit : limits) {
    int resource = number(limit.type);
    if (resource < 0) return fail(Stage::process, "RLIMIT_INVALID", 0, limit.type + " is not a resource limit");
    if (limit.soft > limit.hard)
      return fail(Stage::process, "RLIMIT_INVALID", 0,
                  limit.type + ": the soft limit " + text(limit.soft) + " is above the hard limit " + text(limit.hard));
    rlimit64 wanted{limit.soft, limit.hard};
    if (sys_prlimit(pid, resource, &wanted, nullptr) == 0) continue;
    const int err = errno;
    rlimit64 now{};
    (void)sys_prlimit(pid, resource, nullptr, &now);
    return refused(resource, limit, now, err);
  }
  return Ok{};
}

void raise(const std::vector<spec::Rlimit>& limits, pid_t pid) {
  for (const auto& limit : limits) {
    const int resource = number(limit.type);
    rlimit64 now{};
    if (resource < 0 || sys_prlimit(pid, resource, nullptr, &now) < 0 || limit.hard <= now.rlim_max) continue;
    rlimit64 wanted{now.rlim_cur, limit.hard};
    (void)sys_prlimit(pid, resource, &wanted, nullptr);
  }
}

}  // namespace secure::rlimit
