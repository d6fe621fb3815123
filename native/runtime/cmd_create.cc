// SPDX-License-Identifier: Apache-2.0
// create, run and start.
#include <signal.h>
#include <sys/file.h>

#include "args.h"
#include "commands.h"
#include "number.h"
#include "oci_create.h"
#include "streams.h"

namespace secure::runtime {

namespace {

// Options that both have.
Args& describe(Args& args, CreateOptions& to, std::string& preserve) {
  return args.text("bundle", 'b', to.bundle).text("config", 'f', to.config).text("console-socket", '\0', to.console_socket)
      .text("pid-file", '\0', to.pid_file).text("pidfd-socket", '\0', to.pidfd_socket).text("preserve-fds", '\0', preserve)
      .flag("no-pivot", '\0', to.no_pivot).flag("no-new-keyring", '\0', to.no_new_keyring)
      .ignored("no-subreaper", false);
}

Status finish(const Args& args, CreateOptions& to, const std::string& preserve) {
  to.id = args.operands[0];
  if (preserve.empty()) return Ok{};
  auto n = number::decimal(preserve, 1024);
  if (!n) return fail(Stage::config, "USAGE", 0, "--preserve-fds takes a number, not '" + preserve + "'");
  to.preserve_fds = static_cast<int>(*n);
  return Ok{};
}

// 126 and 127 are about the program, as in a shell; anything else is 1, as engines know it.
int create_code(const CreateError& error) { return error.exit_code == 125 ? 1 : error.exit_code; }

int stop_after_poststart(Found& found, const Error& error) {
  (void)report(error);
  if (auto s = destroy(found); !s) (void)report(s.error());
  return 1;
}

// Its exit code says that something killed it; that it was the limit only the group knows.
void explain_kill(const Created& created, int code) {
  if (code != 128 + SIGKILL) return;
  auto group = cgroup::open(created.started.layout, created.started.cgroup_path);
  if (!group) return;
  const auto memory = cgroup::memory_facts(*group);
  if (memory.oom_kills > 0) (void)report(container::out_of_memory(memory));
}

int watch(Created& created) {
  Session session;
  session.pid = created.started.pid;
  session.pidfd = created.started.pidfd.get();
  session.ends.terminal = std::move(created.started.terminal);
  session.attached = true;
  session.stdin_open = created.spec.process.terminal;
  session.notify = &created.notify;
  return supervise(session);
}

}  // namespace

int cmd_create(int argc, char** argv) {
  CreateOptions options;
  std::string preserve;
  Args args(argc, argv, "secure-runtime create [--bundle DIR] [--console-socket PATH] [--pid-file PATH] [--pidfd-socket PATH] [--preserve-fds N] [--no-pivot] [--no-new-keyring] ID");
  describe(args, options, preserve);
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  if (auto s = finish(args, options, preserve); !s) return report(s.error());
  options.wait_for_start = options.detached = true;
  auto result = create(options);
  if (auto* error = std::get_if<CreateError>(&result)) return report(error->error, create_code(*error));
  return 0;
}

int cmd_run(int argc, char** argv) {
  CreateOptions options;
  std::string preserve;
  bool keep = false;
  Args args(argc, argv, "secure-runtime run [--detach] [--keep] [--bundle DIR] [--console-socket PATH] [--pid-file PATH] [--pidfd-socket PATH] [--preserve-fds N] [--no-pivot] [--no-new-keyring] ID");
  describe(args, options, preserve).flag("detach", 'd', options.detached).flag("keep", '\0', keep);
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  if (auto s = finish(args, options, preserve); !s) return report(s.error());
  if (!options.detached) block_signals();
  auto result = create(options);
  if (auto* error = std::get_if<CreateError>(&result)) return report(error->error, create_code(*error));
  Created& created = std::get<Created>(result);
  if (auto s = run_poststart(created.found, created.spec); !s) return stop_after_poststart(created.found, s.error());
  // Other commands may change it while it runs.
  (void)::flock(created.found.dir.get(), LOCK_UN);
  // Should that have failed, we would wait for ourselves when the container has ended.
  created.found.dir.reset();
  if (options.detached) {
    notify::wait(created.notify, created.started.pidfd.get());
    return 0;
  }
  const int code = watch(created);
  explain_kill(created, code);
  if (keep) return code;
  // Somebody else may have deleted it meanwhile.
  auto found = find(options.id, true);
  if (!found || found->state.pid != created.found.state.pid) return code;
  if (auto s = destroy(*found); !s) (void)report(s.error());
  return code;
}

int cmd_start(int argc, char** argv) {
  Args args(argc, argv, "secure-runtime [OPTION...] start CONTAINER");
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  auto found = find(args.operands[0], true);
  if (!found) return report(found.error());
  const std::string& id = args.operands[0];
  if (found->status == oci::Status::stopped)
    return report(fail(Stage::state, "CONTAINER_STOPPED", 0, "cannot start a container that has stopped: container '" + id + "'", "delete it and create it again"));
  if (found->status != oci::Status::created)
    return report(fail(Stage::state, "CONTAINER_STARTED", 0, "cannot start an already running container: container '" + id + "' is " + std::string(oci::status_name(found->status))));
  auto spec = config_of(*found);
  if (!spec) return report(spec.error());
  auto relay = notify::listen(found->dir.get());
  if (!relay) return report(relay.error());
  // Its first process, as long as it cannot have ended.
  Fd process;
  if (relay->socket.valid()) {
    auto opened = process_of(*found);
    if (!opened) return report(opened.error());
    process = std::move(*opened);
  }
  auto gate = oci::open_gate(found->dir.get());
  if (!gate) return report(gate.error());
  if (auto s = oci::remove_gate(found->dir.get()); !s) return report(s.error());
  Fd terminal;
  auto outcome = container::await_exec(gate->get(), terminal);
  if (!outcome.error.code.empty()) {
    if (outcome.error.code == "CHANNEL_CLOSED")
      outcome.error = fail(Stage::process, "START_DIED", 0, "the container's process was killed before it could execute its program");
    return report(outcome.error);
  }
  if (auto s = run_poststart(*found, *spec); !s) return stop_after_poststart(*found, s.error());
  if (!relay->socket.valid()) return 0;
  (void)::flock(found->dir.get(), LOCK_UN);
  notify::wait(*relay, process.get());
  return 0;
}

}  // namespace secure::runtime
