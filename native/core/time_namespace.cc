// SPDX-License-Identifier: Apache-2.0
#include "time_namespace.h"

#include <sched.h>

#include "fd.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080  // <linux/sched.h>, Linux 5.6
#endif

namespace secure::time_namespace {

namespace {

Status write_offsets(int dir, const std::string& file, const std::vector<spec::TimeOffset>& offsets) {
  std::string text;
  for (const auto& one : offsets) text += one.clock + " " + std::to_string(one.secs) + " " + std::to_string(one.nanosecs) + "\n";
  if (text.empty()) return Ok{};
  // One write(2): all or nothing.
  auto status = write_file_once(dir, file, text, Stage::process);
  if (status) return status;
  return fail(Stage::process, "TIME_OFFSETS_FAILED", status.error().err, "set /linux/timeOffsets",
              status.error().err == ERANGE ? "the clock would be negative, or beyond 146 years" : "");
}

}  // namespace

Status set_clocks(pid_t pid, const std::vector<spec::TimeOffset>& offsets) {
  return write_offsets(AT_FDCWD, "/proc/" + std::to_string(pid) + "/timens_offsets", offsets);
}

Status enter(int procfs, const std::vector<spec::TimeOffset>& offsets, const std::function<Status()>& by_host) {
  if (::unshare(CLONE_NEWTIME) < 0)
    return fail(Stage::process, "NAMESPACE_FAILED", errno, "make the time namespace of /linux/namespaces", errno == EINVAL ? "it is there since Linux 5.6, with CONFIG_TIME_NS" : "");
  SECURE_TRY(by_host ? by_host() : write_offsets(procfs, "self/timens_offsets", offsets));
  // The procfs is detached: nothing can be mounted over this magic link.
  Fd file(::openat(procfs, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC));
  if (!file.valid() || ::setns(file.get(), CLONE_NEWTIME) < 0) return fail(Stage::process, "NAMESPACE_FAILED", errno, "enter the time namespace");
  return Ok{};
}

}  // namespace secure::time_namespace
