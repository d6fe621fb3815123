// SPDX-License-Identifier: Apache-2.0
// exec: a further process in a container of --root.
#include <signal.h>
#include <sys/syscall.h>

#include "args.h"
#include "caps.h"
#include "commands.h"
#include "exec_request.h"
#include "help.h"
#include "join.h"
#include "number.h"
#include "oci.h"
#include "oci_hand_over.h"
#include "oci_policy.h"
#include "self.h"
#include "streams.h"

namespace secure::runtime {

namespace {

constexpr const char* kSynopsis = "secure-runtime [OPTION...] exec CONTAINER cmd [ARGUMENT...]  or  secure-runtime [OPTION...] exec --process FILE CONTAINER";
constexpr std::size_t kMaxProcess = 16U << 20;

struct Request {
  std::string cwd, user, process, pid_file, console_socket, pidfd_socket, label, apparmor, preserve;
  std::vector<std::string> env, caps, groups, cgroups;
  int preserved = 0;
  bool terminal = false, detach = false, no_new_privileges = false, ignore_paused = false, no_new_keyring = false;
};

Error usage_error(const std::string& what) { return fail(Stage::config, "USAGE", 0, what, "usage: " + as_called(kSynopsis)); }

// UID or UID:GID, both decimal: a half-understood user must never become root (CVE-2026-30892).
Status set_user(const std::string& text, spec::Process& process) {
  const std::size_t colon = text.find(':');
  auto uid = number::decimal(std::string_view(text).substr(0, colon), 4294967294U);
  auto gid = colon == std::string::npos ? std::optional<std::uint64_t>(process.gid) : number::decimal(std::string_view(text).substr(colon + 1), 4294967294U);
  if (!uid || !gid) return usage_error("--user takes UID or UID:GID in digits, not '" + text + "'");
  process.uid = static_cast<std::uint32_t>(*uid);
  process.gid = static_cast<std::uint32_t>(*gid);
  return Ok{};
}

Status add_capabilities(const std::vector<std::string>& names, spec::Process& process) {
  for (const auto& name : names) {
    const int number = caps::number(name);
    if (number < 0) return usage_error("--cap names no capability: '" + name + "'");
    const std::uint64_t bit = 1ULL << static_cast<unsigned>(number);
    auto& c = process.capabilities;
    for (auto* set : {&c.bounding, &c.effective, &c.permitted}) *set |= bit;
    // An unprivileged user keeps it over execve(2) only as an ambient one; that also takes an inheritable one.
    if ((c.inheritable & bit) != 0) c.ambient |= bit;
    process.has_capabilities = true;
  }
  return Ok{};
}

Result<spec::Process> process_wanted(const Request& request, const spec::Spec& spec, std::vector<std::string> args) {
  if (!request.process.empty()) {
    SECURE_LET(text, read_named(request.process, kMaxProcess));
    return spec::parse_process(text);
  }
  if (args.empty() || args[0].empty()) return usage_error("a command is missing");
  spec::Process process = spec.process;
  process.args = std::move(args);
  process.terminal = request.terminal;
  if (!request.cwd.empty()) {
    if (request.cwd[0] != '/') return usage_error("--cwd must be an absolute path");
    process.cwd = request.cwd;
  }
  if (!request.user.empty()) SECURE_TRY(set_user(request.user, process));
  if (!request.groups.empty()) process.additional_gids.clear();
  for (const auto& group : request.groups) {
    auto gid = number::decimal(group, 4294967294U);
    if (!gid) return usage_error("--additional-gids takes numbers, not '" + group + "'");
    process.additional_gids.push_back(static_cast<std::uint32_t>(*gid));
  }
  for (const auto& entry : request.env) {
    if (entry.find('=') == 0 || entry.empty()) return usage_error("--env takes NAME=VALUE, not '" + entry + "'");
    merge_env(process.env, entry);
  }
  if (request.no_new_privileges) process.no_new_privileges = true;
  if (!request.label.empty()) process.selinux_label = request.label;
  if (!request.apparmor.empty()) process.apparmor_profile = request.apparmor;
  SECURE_TRY(add_capabilities(request.caps, process));
  return process;
}

// "path" below the container's own group, or "controller[,controller]:path" in the hierarchies of those alone.
Result<cgroup::SubGroup> sub_group(const std::string& wanted) {
  cgroup::SubGroup out;
  const std::size_t colon = wanted.find(':');
  out.path = colon == std::string::npos ? wanted : wanted.substr(colon + 1);
  if (("/" + out.path + "/").find("/../") != std::string::npos) return usage_error("bad sub cgroup path '" + wanted + "': `..` components are not allowed");
  if (colon == std::string::npos) return out;
  for (std::size_t at = 0; at <= colon;) {
    const std::size_t end = std::min(wanted.find(',', at), colon);
    if (end == at) return usage_error("--cgroup takes [CONTROLLER[,CONTROLLER]:]PATH, not '" + wanted + "'");
    out.controllers.push_back(wanted.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

Status count_preserved(Request& request) {
  if (request.preserve.empty()) return Ok{};
  auto n = number::decimal(request.preserve, 1024);
  if (!n) return usage_error("--preserve-fds takes a number, not '" + request.preserve + "'");
  SECURE_LET(preserved, check_preserved(static_cast<int>(*n)));
  request.preserved = preserved;
  return Ok{};
}

Status check(const Found& found, const Request& request, const spec::Process& process) {
  if (found.status == oci::Status::stopped)
    return fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "cannot exec in a stopped container: container '" + found.state.id + "' is not running");
  if (found.status == oci::Status::paused && !request.ignore_paused)
    return fail(Stage::state, "CONTAINER_PAUSED", 0, "cannot exec in a paused container (use --ignore-paused to override): container '" + found.state.id + "'", "resume it first");
  if (process.terminal && request.detach && request.console_socket.empty())
    return usage_error("cannot allocate tty if runc will detach without setting console socket: give --console-socket");
  if (!process.terminal && !request.console_socket.empty()) return usage_error("cannot use console socket if runc will not detach or allocate tty");
  return Ok{};
}

Result<container::Started> start(Found& found, const spec::Spec& spec, const spec::Process& process, const Request& request, int& exit_code) {
  SECURE_LET(pidfd, process_of(found));
  join::Options options;
  options.target = found.state.pid;
  options.target_pidfd = pidfd.get();
  options.cgroup_path = found.state.cgroup;
  for (const auto& wanted : request.cgroups) {
    SECURE_LET(one, sub_group(wanted));
    options.sub_groups.push_back(std::move(one));
  }
  options.new_keyring = !request.no_new_keyring;
  options.id = found.state.id;
  options.describe = [&](pid_t) { return oci::to_json(found.state, oci::Status::running, found.state.pid); };
  options.preserve = request.preserved;
  auto result = join::start(spec, process, options);
  if (auto* error = std::get_if<container::StartError>(&result)) {
    exit_code = error->exit_code;
    return std::move(error->error);
  }
  container::Started started = std::move(std::get<container::Started>(result));
  auto hand_over = [&]() -> Status {
    if (!request.console_socket.empty()) SECURE_TRY(send_terminal(request.console_socket, started.terminal));
    if (!request.pidfd_socket.empty()) SECURE_TRY(send_descriptor(request.pidfd_socket, started.pidfd));
    if (!request.pid_file.empty()) SECURE_TRY(write_pid_file(request.pid_file, started.pid));
    return Ok{};
  };
  if (auto s = hand_over(); !s) {
    (void)::syscall(SYS_pidfd_send_signal, started.pidfd.get(), SIGKILL, nullptr, 0);
    return std::move(s.error());
  }
  return started;
}

}  // namespace

int cmd_exec(int argc, char** argv) {
  Request request;
  Args args(argc, argv, kSynopsis, true);
  args.text("cwd", '\0', request.cwd).list("env", 'e', request.env).flag("tty", 't', request.terminal).text("user", 'u', request.user)
      .list("additional-gids", 'g', request.groups).text("process", 'p', request.process).flag("detach", 'd', request.detach)
      .text("pid-file", '\0', request.pid_file).text("console-socket", '\0', request.console_socket).text("pidfd-socket", '\0', request.pidfd_socket)
      .text("process-label", '\0', request.label).text("apparmor", '\0', request.apparmor).flag("no-new-privs", '\0', request.no_new_privileges)
      .list("cap", 'c', request.caps).text("preserve-fds", '\0', request.preserve).list("cgroup", '\0', request.cgroups)
      .flag("ignore-paused", '\0', request.ignore_paused).flag("no-new-keyring", '\0', request.no_new_keyring).ignored("no-subreaper", false);
  if (auto s = args.parse(1, SIZE_MAX); !s) return report(s.error(), 255);
  std::vector<std::string> words(args.operands.begin() + 1, args.operands.end());
  if (!words.empty() && words[0] == "--") words.erase(words.begin());
  if (auto s = count_preserved(request); !s) return report(s.error(), 255);
  // Nobody deletes the container, or lets another one take its place, while the process is being made.
  auto found = find(args.operands[0], true);
  if (!found) return report(found.error(), 255);
  auto spec = config_of(*found);
  if (!spec) return report(spec.error(), 255);
  // It starts this program again, and --process may name a pipe, which can be read only once.
  if (auto s = protect_self(*spec); !s) return report(s.error(), 255);
  auto process = process_wanted(request, *spec, std::move(words));
  if (!process) return report(process.error(), 255);
  if (auto s = check(*found, request, *process); !s) return report(s.error(), 255);
  if (auto s = hold_to_policy(*spec, *process, found->state.id, found->state.bundle); !s) return report(s.error(), 255);
  if (!request.detach) block_signals();
  // In a frozen group the new process does not move before it is thawed, which takes this lock. The process that it joins is known
  // by its descriptor: should it be gone by then, joining fails.
  if (found->status == oci::Status::paused) found->dir.reset();
  int exit_code = 255;
  auto started = start(*found, *spec, *process, request, exit_code);
  if (!started) return report(started.error(), exit_code == 125 ? 255 : exit_code);
  found->dir.reset();
  if (request.detach) return 0;
  Session session;
  session.pid = started->pid;
  session.pidfd = started->pidfd.get();
  session.ends.terminal = std::move(started->terminal);
  session.attached = true;
  session.stdin_open = process->terminal;
  return supervise(session);
}

}  // namespace secure::runtime
