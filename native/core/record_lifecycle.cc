// SPDX-License-Identifier: Apache-2.0
#include "record_lifecycle.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>

#include "record_store.h"
#include "signals.h"

namespace secure::record {

namespace {

constexpr int kFinalWait = 5000;   // ms for the monitor to record the end
constexpr int kStartWait = 10'000;  // ms for a start that is under way
constexpr int kBetween = 50;       // ms between two looks at a container that waits for its restart
constexpr int kRounds = 3;
constexpr char kStop[] = "stop";   // in its directory of running state

// The state once the container has left "created"; bounded.
Result<State> started_state(const Roots& roots, const std::string& id) {
  for (int waited = 0, step = 1;; waited += step, step = std::min(step + 1, 20)) {
    auto state = read_state(roots, id);
    if (!state || state->status != "created" || waited >= kStartWait) return state;
    (void)::poll(nullptr, 0, step);
  }
}

// After the first process has ended: until the monitor has recorded it, has started it again, is gone, or has had its time.
Result<State> final_state(const Roots& roots, const std::string& id) {
  for (int waited = 0, step = 1;; waited += step, step = std::min(step + 1, 20)) {
    auto state = read_state(roots, id);
    if (!state || !active(*state) || state->pid != 0 || waited >= kFinalWait) return state;
    (void)::poll(nullptr, 0, step);
  }
}

Config config_of(const Roots& roots, const std::string& id) {
  if (auto containers = open_dir(roots.state, "containers", false))
    if (auto read = read_config(containers->get(), id)) return std::move(*read);
  return {};
}

bool removed(const Result<State>& state) { return !state && state.error().code == "NO_SUCH_CONTAINER"; }

Error not_running(const State& state) {
  return fail(Stage::state, "CONTAINER_NOT_RUNNING", 0,
              "container " + (state.name.empty() ? state.id : state.name) + " is not running (" + state.status + ")");
}

}  // namespace

// SIGCHLD means nothing to it but that.
void wake_monitor(const State& state) {
  if (auto monitor = open_process(state.monitor_pid, state.monitor_start))
    (void)::syscall(SYS_pidfd_send_signal, monitor->get(), SIGCHLD, nullptr, 0);
}

Status request_stop(const Roots& roots, const std::string& id) {
  SECURE_LET(dir, run_directory(roots, id));
  Fd mark(::openat(dir.get(), kStop, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!mark.valid()) return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "STATE_UNWRITABLE", errno, "ask container " + id + " to stay down");
  return Ok{};
}

bool stop_requested(const Roots& roots, const std::string& id) {
  auto containers = open_dir(roots.run, "containers", false);
  if (!containers) return false;
  struct stat st {};
  return ::fstatat(containers->get(), (id + "/" + kStop).c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
}

Status send_signal(const Roots& roots, const std::string& id, int signal) {
  SECURE_LET(state, started_state(roots, id));
  const bool ends = signal == SIGKILL || signal == signals::number(config_of(roots, id).stop_signal);
  if (ends && active(state)) SECURE_TRY(request_stop(roots, id));
  if (ends && state.status == "restarting") {
    wake_monitor(state);
    // It may just have been started: then there is a process again that has to hear of it.
    SECURE_LET(now, final_state(roots, id));
    if (now.pid == 0) return Ok{};
    state = std::move(now);
  }
  auto init = open_process(state.pid, state.pid_start);
  if (!init) return not_running(state);
  if (::syscall(SYS_pidfd_send_signal, init->get(), signal, nullptr, 0) < 0) {
    if (errno == ESRCH) return not_running(state);
    return fail(Stage::state, "KILL_FAILED", errno, "signal container " + id);
  }
  return Ok{};
}

Status stop(const Roots& roots, const std::string& id, std::optional<unsigned> seconds) {
  for (int round = 0;; ++round) {
    SECURE_LET(state, started_state(roots, id));
    if (active(state)) SECURE_TRY(request_stop(roots, id));
    if (state.pid != 0) {
      const Config config = config_of(roots, id);
      int signal = signals::number(config.stop_signal);
      unsigned patience = std::min(seconds.value_or(config.stop_timeout), static_cast<unsigned>(INT32_MAX / 1000));
      auto init = open_process(state.pid, state.pid_start);
      bool ended = !init;
      if (init && patience > 0) {
        (void)::syscall(SYS_pidfd_send_signal, init->get(), signal > 0 ? signal : 15, nullptr, 0);
        ended = wait_process(init->get(), static_cast<int>(patience * 1000));
      }
      // Without a pid namespace others may have outlived the first process.
      if (auto killed = kill_now(roots, state); !killed && !ended) return killed;
    }
    wake_monitor(state);
    auto last = final_state(roots, id);
    if (removed(last)) return Ok{};
    if (!last) return std::move(last.error());
    if (!active(*last)) return Ok{};
    // Started again a moment before our request: the next process is the last one.
    if (last->pid != 0 && round < kRounds) continue;
    return fail(Stage::monitor, "MONITOR_STUCK", 0, "container " + id + " has ended, but its monitor has not recorded it within 5 s",
                "secure-runtime container delete --force " + id.substr(0, 12));
  }
}

Result<int> wait(const Roots& roots, const std::string& id) {
  for (;;) {
    SECURE_LET(state, started_state(roots, id));
    auto init = open_process(state.pid, state.pid_start);
    if (init) (void)wait_process(init->get(), -1);
    auto last = final_state(roots, id);
    if (last && last->exit_code) return *last->exit_code;
    // Between two runs of it, or in the next one.
    if (last && active(*last) && (last->restarting || last->pid != 0)) {
      if (auto monitor = open_process(last->monitor_pid, last->monitor_start); monitor && last->pid == 0) (void)wait_process(monitor->get(), kBetween);
      continue;
    }
    if (init)
      if (auto code = exit_of(init->get())) return *code;
    if (!last) return std::move(last.error());
    return fail(Stage::monitor, "CONTAINER_DEAD", 0, "container " + id + " has ended, but nobody recorded how",
                "its monitor was killed, or the machine was restarted");
  }
}

}  // namespace secure::record
