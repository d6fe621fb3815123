// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "record_lifecycle.h"
#include "record_store.h"

namespace secure::record {

namespace {

constexpr int kMonitorWait = 5000;  // ms

// struct pidfd_info of <linux/pidfd.h>, Linux 6.15, as far as the exit code.
struct PidfdInfo {
  std::uint64_t mask, cgroup_id;
  std::uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);  // PIDFD_INFO_SIZE_VER0
constexpr std::uint64_t kInfoExit = 1ULL << 3;
constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);

}  // namespace

Result<Fd> open_process(pid_t pid, std::uint64_t start) {
  auto gone = [&](int err) {
    return fail(Stage::state, "PROCESS_GONE", err, "process " + std::to_string(pid) + " has ended");
  };
  if (pid <= 0) return gone(ESRCH);
  Fd out(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!out.valid()) return gone(errno);
  // The start time is read after the pidfd was made: if it is the expected one, the process that has it was
  // there all the time, and the pidfd is that process.
  if (start == 0 || start_time(pid) != start) return gone(ESRCH);
  return out;
}

bool wait_process(int pidfd, int timeout_ms) {
  timespec begin{};
  ::clock_gettime(CLOCK_MONOTONIC, &begin);
  for (;;) {
    int left = timeout_ms;
    if (timeout_ms > 0) {
      timespec now{};
      ::clock_gettime(CLOCK_MONOTONIC, &now);
      std::int64_t spent = (now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1'000'000;
      left = spent >= timeout_ms ? 0 : static_cast<int>(timeout_ms - spent);
    }
    pollfd p{pidfd, POLLIN, 0};
    int n = ::poll(&p, 1, left);
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

std::optional<int> exit_of(int pidfd) {
  PidfdInfo info{};
  info.mask = kInfoExit;
  if (::ioctl(pidfd, kGetInfo, &info) < 0 || (info.mask & kInfoExit) == 0) return std::nullopt;
  if (WIFSIGNALED(info.exit_code)) return 128 + WTERMSIG(info.exit_code);
  return WEXITSTATUS(info.exit_code);
}

bool active(const State& state) {
  return state.pid != 0 || (state.monitor_pid != 0 && state.monitor_pid != ::getpid() && !state.exit_code);
}

void end_monitor(const State& state) {
  if (state.monitor_pid == ::getpid()) return;
  auto monitor = open_process(state.monitor_pid, state.monitor_start);
  if (!monitor || wait_process(monitor->get(), kMonitorWait)) return;
  (void)::syscall(SYS_pidfd_send_signal, monitor->get(), SIGKILL, nullptr, 0);
  (void)wait_process(monitor->get(), 1000);
}

Status kill_now(const Roots& roots, const State& state) {
  auto init = open_process(state.pid, state.pid_start);
  if (init) (void)::syscall(SYS_pidfd_send_signal, init->get(), SIGKILL, nullptr, 0);
  SECURE_LET(layout, cgroup::detect());
  if (auto group = cgroup::open(layout, cgroup_path(roots, state))) SECURE_TRY(cgroup::kill_all(*group));
  if (init && !wait_process(init->get(), kMonitorWait))
    return fail(Stage::state, "CONTAINER_KILL_TIMEOUT", 0, "container " + state.id + " did not die within 5 s of SIGKILL",
                "a process in uninterruptible sleep (state D in ps) waits for a device or a network file system");
  return Ok{};
}

}  // namespace secure::record
