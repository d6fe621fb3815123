// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <unistd.h>

#include "commands.h"
#include "detach.h"
#include "launch.h"
#include "self.h"
#include "streams.h"
#include "sync.h"

namespace secure::runtime {

namespace {

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
  session.attached = attached;
  session.stdin_open = plan.spec.secure->monitor.stdin_open;
  launch::Running running = launch::forget(plan, std::move(outcome));
  (void)::malloc_trim(0);
  int code = supervise(session);
  launch::end(running, code);
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
