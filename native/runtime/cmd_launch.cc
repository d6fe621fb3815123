// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <unistd.h>

#include "commands.h"
#include "detach.h"
#include "launch.h"
#include "self.h"
#include "streams.h"
#include "sync.h"
#include "watched.h"

namespace secure::runtime {

namespace {

int watch_detached(const spec::Extension& extension, launch::Running& running, Session& session) {
  session.log = log::Writer();
  auto watched = describe_watched(running.roots, running.state.id, extension, launch::log_settings(extension));
  // start() has refused paths that do not fit.
  if (!watched) return 125;
  watched->listener = running.listener.release();
  keep_session(*watched, session);
  (void)hand_to_self(*watched, running.ports);
  return monitor(*watched, std::move(running.ports));
}

// The exit code alone, 137, says nothing of the reason.
void say_out_of_memory(const cgroup::MemoryFacts& memory) {
  if (memory.oom_kills == 0) return;
  std::string text = "the kernel has killed " + std::to_string(memory.oom_kills) + (memory.oom_kills == 1 ? " process" : " processes") + " of the container for lack of memory";
  if (memory.limit != 0) text += ": limit " + std::to_string(memory.limit) + " bytes";
  if (memory.peak != 0) text += ", peak " + std::to_string(memory.peak);
  (void)report(fail(Stage::process, "OUT_OF_MEMORY", 0, std::move(text), "raise --memory"));
}

// Everything up to the running program, then watch it. Runs in the foreground process or in the monitor.
// `announce` is told once the program runs.
int run_to_end(launch::Plan& plan, const std::string& id, int announce, bool attached) {
  Session session;
  launch::Outcome outcome = launch::start(plan, id, session);
  if (!outcome.error.code.empty()) {
    if (announce < 0) return report(outcome.error, outcome.exit_code);
    sync::send_error(announce, outcome.error, outcome.exit_code);
    return outcome.exit_code;
  }
  if (announce >= 0) {
    (void)sync::send(announce, sync::Kind::executing);
    ::close(announce);
  }
  if (!attached) return watch_detached(*plan.spec.secure, outcome.running, session);
  session.attached = true;
  session.stdin_open = plan.spec.secure->monitor.stdin_open;
  launch::Running running = launch::forget(plan, std::move(outcome));
  (void)::malloc_trim(0);
  int code = supervise(session);
  say_out_of_memory(launch::end(running, code));
  return code;
}

}  // namespace

int cmd_launch(int argc, char** argv) {
  if (argc != 2) {
    (void)usage("secure-runtime launch PLAN");
    return 125;
  }
  if (::geteuid() != 0)
    return report(fail(Stage::config, "NOT_ROOT", EPERM, "start a container", "run it as root"), 125);
  auto plan = launch::load(argv[1]);
  if (!plan) return report(plan.error(), 125);
  if (auto s = protect_self(plan->spec); !s) return report(s.error(), 125);
  std::string id = record::new_id();
  block_signals();
  if (plan->spec.secure->monitor.detach)
    return detach_and([&](int announce) { return run_to_end(*plan, id, announce, false); }, id + "\n");
  return run_to_end(*plan, id, -1, true);
}

}  // namespace secure::runtime
