// SPDX-License-Identifier: Apache-2.0
#include "record_lifecycle.h"

#include <poll.h>
#include <sys/syscall.h>

#include <algorithm>

#include "record_store.h"
#include "signals.h"

namespace secure::record {

namespace {

constexpr int kFinalWait = 5000;   // ms for the monitor to record the end
constexpr int kStartWait = 10'000;  // ms for a start that is under way

// The state once the container has left "created"; bounded.
Result<State> started_state(const Roots& roots, const std::string& id) {
  for (int waited = 0, step = 1;; waited += step, step = std::min(step + 1, 20)) {
    auto state = read_state(roots, id);
    if (!state || state->status != "created" || waited >= kStartWait) return state;
    (void)::poll(nullptr, 0, step);
  }
}

// After the first process has ended: until the monitor has recorded it, is gone, or has had its time.
Result<State> final_state(const Roots& roots, const std::string& id) {
  for (int waited = 0, step = 1;; waited += step, step = std::min(step + 1, 20)) {
    auto state = read_state(roots, id);
    if (!state || !active(*state) || waited >= kFinalWait) return state;
    (void)::poll(nullptr, 0, step);
  }
}

bool removed(const Result<State>& state) { return !state && state.error().code == "NO_SUCH_CONTAINER"; }

Error not_running(const State& state) {
  return fail(Stage::state, "CONTAINER_NOT_RUNNING", 0,
              "container " + (state.name.empty() ? state.id : state.name) + " is not running (" + state.status + ")");
}

}  // namespace

Status send_signal(const Roots& roots, const std::string& id, int signal) {
  SECURE_LET(state, started_state(roots, id));
  auto init = open_process(state.pid, state.pid_start);
  if (!init) return not_running(state);
  if (::syscall(SYS_pidfd_send_signal, init->get(), signal, nullptr, 0) < 0) {
    if (errno == ESRCH) return not_running(state);
    return fail(Stage::state, "KILL_FAILED", errno, "signal container " + id);
  }
  return Ok{};
}

Status stop(const Roots& roots, const std::string& id, std::optional<unsigned> seconds) {
  SECURE_LET(state, started_state(roots, id));
  if (state.pid != 0) {
    Config config;
    if (auto containers = open_dir(roots.state, "containers", false))
      if (auto read = read_config(containers->get(), id)) config = std::move(*read);
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
  auto last = final_state(roots, id);
  if (removed(last)) return Ok{};
  if (!last) return std::move(last.error());
  if (active(*last))
    return fail(Stage::monitor, "MONITOR_STUCK", 0, "container " + id + " has ended, but its monitor has not recorded it within 5 s",
                "secure-runtime delete --force " + id.substr(0, 12));
  return Ok{};
}

Result<int> wait(const Roots& roots, const std::string& id) {
  SECURE_LET(state, started_state(roots, id));
  auto init = open_process(state.pid, state.pid_start);
  if (init) (void)wait_process(init->get(), -1);
  auto last = final_state(roots, id);
  if (last && last->exit_code) return *last->exit_code;
  if (init)
    if (auto code = exit_of(init->get())) return *code;
  if (!last) return std::move(last.error());
  return fail(Stage::monitor, "CONTAINER_DEAD", 0, "container " + id + " has ended, but nobody recorded how",
              "its monitor was killed, or the machine was restarted");
}

}  // namespace secure::record
