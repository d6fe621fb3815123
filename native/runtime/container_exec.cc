// SPDX-License-Identifier: Apache-2.0
// `exec`: a further process in a running container.
#include <sys/syscall.h>
#include <unistd.h>

#include <optional>
#include <string_view>

#include "commands.h"
#include "detach.h"
#include "exec_request.h"
#include "join.h"
#include "number.h"
#include "record.h"
#include "sealed.h"
#include "self.h"
#include "streams.h"
#include "sync.h"

namespace secure::runtime {

namespace {

constexpr const char* kSynopsis =
    "secure-runtime container exec [-i] [-t] [-d] [-e K=V]... [-w DIR] [-u UID:GID] [--program FILE] ID -- COMMAND [ARGUMENT...]";

struct Request {
  bool interactive = false, terminal = false, detach = false;
  std::vector<std::string> env, args;
  std::string cwd, id;
  std::string program;  // of the host, executed from a sealed copy; empty: what the command names in the container
  std::optional<std::pair<std::uint32_t, std::uint32_t>> user;
};

// Only `UID:GID`, both decimal: a half-understood user must never become root (CVE-2026-30892).
bool parse_user(std::string_view text, Request& out) {
  std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  auto uid = number::decimal(text.substr(0, colon), 4294967294U);
  auto gid = number::decimal(text.substr(colon + 1), 4294967294U);
  if (!uid || !gid) return false;
  out.user = {static_cast<std::uint32_t>(*uid), static_cast<std::uint32_t>(*gid)};
  return true;
}

bool parse_arguments(int argc, char** argv, Request& out) {
  int i = 1;
  for (; i < argc && argv[i][0] == '-'; ++i) {
    std::string_view arg = argv[i];
    if (arg == "-i") out.interactive = true;
    else if (arg == "-t") out.terminal = true;
    else if (arg == "-d") out.detach = true;
    else if (i + 1 >= argc) return false;
    else if (arg == "-e") {
      out.env.emplace_back(argv[++i]);
      if (std::size_t eq = out.env.back().find('='); eq == std::string::npos || eq == 0) return false;
    }
    else if (arg == "-w") out.cwd = argv[++i];
    else if (arg == "--program") out.program = argv[++i];
    else if (arg == "-u") {
      if (!parse_user(argv[++i], out)) return false;
    } else return false;
  }
  if (i >= argc) return false;
  out.id = argv[i++];
  if (i < argc && std::string_view(argv[i]) == "--") ++i;
  for (; i < argc; ++i) out.args.emplace_back(argv[i]);
  if (!out.cwd.empty() && out.cwd[0] != '/') return false;
  return !out.args.empty() && !out.args[0].empty();
}

spec::Process process_of(const spec::Spec& spec, const Request& request) {
  spec::Process process = spec.process;
  process.args = request.args;
  process.terminal = request.terminal;
  if (!request.cwd.empty()) process.cwd = request.cwd;
  if (request.user) {
    process.uid = request.user->first;
    process.gid = request.user->second;
    process.additional_gids.clear();
  }
  for (const auto& entry : request.env) merge_env(process.env, entry);
  if (request.terminal) merge_env(process.env, "TERM=xterm");
  return process;
}

struct Target {
  record::State state;
  Fd pidfd;
  spec::Spec spec;
};

Result<Target> find(const record::Roots& roots, const std::string& name) {
  Target out;
  SECURE_LET(id, record::resolve(roots, name));
  // A start under way holds it until its program runs. Before that the namespaces still have the host's root, and what
  // joins them would run there.
  SECURE_LET(started, record::container_lock(roots, id));
  SECURE_LET(state, record::read_state(roots, id));
  if (state.status != "running")
    return fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "container " + name + " is " + state.status, "secure ps shows what runs");
  out.pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, state.pid, 0)));
  // The pid could have been given to another process between the reading and here.
  if (!out.pidfd.valid() || record::start_time(state.pid) != state.pid_start)
    return fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "container " + name + " has just ended");
  SECURE_LET(text, read_file(AT_FDCWD, roots.state + "/containers/" + id + "/config.json", 16U << 20));
  SECURE_LET(spec, spec::parse(text));
  out.spec = std::move(spec);
  out.state = std::move(state);
  return out;
}

// Runs the process to its end; `announce` (or -1) hears when it has been executed.
int run_process(const Target& target, const Request& request, int announce) {
  spec::Process process = process_of(target.spec, request);
  auto refuse = [&](const Error& error, int exit_code) {
    if (announce < 0) return report(error, exit_code);
    sync::send_error(announce, error, exit_code);
    return exit_code;
  };
  Fd program;
  if (!request.program.empty()) {
    auto copy = sealed::copy(request.program, target.spec.mount_label);
    if (!copy) return refuse(copy.error(), 125);
    program = std::move(*copy);
  }
  auto wiring = wire(request.interactive, target.spec, process);
  if (!wiring) return refuse(wiring.error(), 125);
  join::Options options{target.state.pid, target.pidfd.get(), target.state.cgroup, &wiring->container};
  options.program = program.get();
  // A program of ours that a container keeps from ending does not outlive whoever asked for it.
  options.die_with_parent = program.valid();
  auto result = join::start(target.spec, process, options);
  if (auto* error = std::get_if<container::StartError>(&result)) return refuse(error->error, error->exit_code);
  if (announce >= 0) (void)sync::send(announce, sync::Kind::executing);
  auto& started = std::get<container::Started>(result);
  Session session;
  session.pid = started.pid;
  session.pidfd = started.pidfd.get();
  session.ends = std::move(wiring->host);
  session.ends.terminal = std::move(started.terminal);
  session.attached = announce < 0;
  session.stdin_open = request.interactive || request.terminal;
  return supervise(session);
}

}  // namespace

int container_exec(int argc, char** argv) {
  Request request;
  if (!parse_arguments(argc, argv, request)) {
    (void)usage(kSynopsis);
    return 125;
  }
  auto target = find(roots_from_env(), request.id);
  if (!target) return report(target.error(), 125);
  if (auto s = protect_self(target->spec); !s) return report(s.error(), 125);
  block_signals();
  if (!request.detach) return run_process(*target, request, -1);
  return detach_and([&](int announce) { return run_process(*target, request, announce); }, "");
}

}  // namespace secure::runtime
