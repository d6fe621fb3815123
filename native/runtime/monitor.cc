// SPDX-License-Identifier: Apache-2.0
// The life of a detached container after its first start: watched, started again as often as its restart policy says, ended.
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <algorithm>

#include "launch.h"
#include "network.h"
#include "record_lifecycle.h"
#include "restart.h"
#include "watch.h"
#include "watched.h"

namespace secure::runtime {

namespace {

// What can be known of the container now that it has ended. Without a readable plan its network is left to gc().
launch::Running take_stock(const Watched& w, std::vector<Fd>& ports) {
  launch::Running out;
  out.roots = roots_of(w);
  out.remove = w.remove;
  out.ports = std::move(ports);
  if (auto state = record::read_state(out.roots, w.id)) out.state = std::move(*state);
  out.state.id = w.id;
  out.state.restarts = w.restarts;
  if (auto layout = cgroup::detect()) out.layout = std::move(*layout);
  if (auto plan = launch::load(out.roots.state + "/containers/" + w.id + "/config.json")) out.network = std::move(plan->spec.secure->network);
  return out;
}

// Ended, and to be started again: what belongs to one run is taken away, what was reserved stays.
Status set_aside(Watched& w, launch::Running& running, record::State::Run run) {
  auto lock = record::container_lock(running.roots, w.id);
  if (!lock) return std::move(lock.error());
  if (running.network) (void)network::unplug(running.roots, w.id, *running.network);
  if (auto group = cgroup::open(running.layout, running.state.cgroup)) {
    run.oom_killed = cgroup::memory_facts(*group).oom_kills > 0;
    SECURE_TRY(cgroup::kill_all(*group));
  }
  SECURE_TRY(cgroup::remove(running.layout, running.state.cgroup));
  running.state.pid = 0;
  running.state.pid_start = 0;
  running.state.restarting = true;
  running.state.restarts = ++w.restarts;
  running.state.last = std::move(run);
  return record::write_state(running.roots, running.state);
}

// The end of a run, or a start that failed. Returns only when there is nothing left to do.
enum class Next : unsigned char { again, over };

Next ended(Watched& w, std::vector<Fd>& ports, int code, const std::string& error) {
  const std::uint64_t ran = clock_ms() - w.started;
  w.last_code = code;
  launch::Running running = take_stock(w, ports);
  const bool wanted = restart::wanted(w.restart, w.restart_limit, w.restarts, code) && !w.ending && !record::stop_requested(running.roots, w.id);
  if (wanted) {
    w.backoff = restart::backoff(w.backoff, error.empty() ? ran : 0);
    if (set_aside(w, running, {code, false, record::now_rfc3339(), error})) {
      ports = std::move(running.ports);
      w.until = clock_ms() + w.backoff;
      w.phase = Watched::Phase::restart;
      return Next::again;
    }
  }
  if (w.listener >= 0) ::close(w.listener);
  launch::end(running, code, error);
  return Next::over;
}

// False: somebody does not want it any more.
bool wait_for_restart(Watched& w) {
  const record::Roots roots = roots_of(w);
  sigset_t set = forwarded_signals();
  Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  for (;;) {
    if (record::stop_requested(roots, w.id) || w.ending) return false;
    const std::uint64_t now = clock_ms();
    if (now >= w.until) return true;
    pollfd p{signals.get(), POLLIN, 0};
    if (::poll(&p, 1, static_cast<int>(w.until - now)) <= 0) continue;
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      const int sig = static_cast<int>(info.ssi_signo);
      if (sig == SIGTERM || sig == SIGINT || sig == SIGQUIT) w.ending = true;
    }
  }
}

// The container that waits is started; false: it has failed, or is not wanted any more, and `ended` is the next step.
bool start_again(Watched& w, std::vector<Fd>& ports, Error& error, int& code) {
  launch::Running running = take_stock(w, ports);
  const auto keep = [&] { ports = std::move(running.ports); };
  const auto failed = [&](Error what, int exit_code) {
    if (running.network) (void)network::unplug(running.roots, w.id, *running.network);
    error = std::move(what);
    code = exit_code;
    keep();
    return false;
  };
  auto store = record::store_lock(running.roots, false);
  if (!store) return failed(std::move(store.error()), 125);
  auto lock = record::container_lock(running.roots, w.id);
  if (!lock) return failed(std::move(lock.error()), 125);
  auto plan = launch::load(running.roots.state + "/containers/" + w.id + "/config.json");
  if (!plan) return failed(std::move(plan.error()), 125);
  running.state.monitor_pid = ::getpid();
  running.state.monitor_start = record::start_time(::getpid());
  Session session;
  auto result = launch::run(plan->spec, running, session);
  if (auto* why = std::get_if<container::StartError>(&result)) return failed(std::move(why->error), why->exit_code);
  keep_session(w, session);
  keep();
  return true;
}

int watch_run(Watched& w) {
  Session session = session_of(w);
  attach::Clients clients(Fd(w.listener), session.ends.terminal.valid(), w.stdin_open);
  const int code = watch(w, session, clients);
  const char byte = static_cast<char>(code);
  clients.broadcast(attach::Kind::exit, std::string_view(&byte, 1));
  w.listener = clients.release_listener();
  ::close(w.pidfd);
  w.pidfd = w.in = w.out = w.err = w.terminal = -1;
  return code;
}

}  // namespace

int monitor(Watched& w, std::vector<Fd> ports) {
  for (;;) {
    if (w.phase == Watched::Phase::watch) {
      if (ended(w, ports, watch_run(w), "") == Next::over) return w.last_code;
      (void)hand_to_self(w, ports);
      continue;
    }
    if (!wait_for_restart(w)) {
      launch::Running running = take_stock(w, ports);
      if (w.listener >= 0) ::close(w.listener);
      launch::end(running, w.last_code);
      return w.last_code;
    }
    Error error;
    int code = 125;
    if (start_again(w, ports, error, code)) (void)hand_to_self(w, ports);
    else if (error.code == "STOP_REQUESTED") continue;
    else if (ended(w, ports, code, error.text()) == Next::over) return code;
  }
}

}  // namespace secure::runtime
