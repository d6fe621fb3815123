// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <grp.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <climits>

#include "caps.h"
#include "environment.h"
#include "hardening.h"
#include "landlock.h"
#include "lsm.h"
#include "program.h"
#include "rlimit.h"
#include "schedule.h"
#include "sync.h"

namespace secure::process {

namespace {

Error error_at(Stage stage, const char* code, std::string message, std::string hint = {}) {
  return fail(stage, code, errno, std::move(message), std::move(hint));
}

Status set_identity(const spec::Process& process, userns::Groups others) {
  std::vector<gid_t> groups(process.additional_gids.begin(), process.additional_gids.end());
  // Raw system calls: glibc's wrappers signal every thread, and there is only this one.
  if (others != userns::Groups::keep && ::syscall(SYS_setgroups, groups.size(), groups.data()) < 0 &&
      !(others == userns::Groups::drop_if_allowed && groups.empty()))
    return error_at(Stage::process, "USER_INVALID", "set the supplementary groups");
  if (::syscall(SYS_setresgid, process.gid, process.gid, process.gid) < 0)
    return error_at(Stage::process, "USER_INVALID", "become group " + std::to_string(process.gid),
                    "the id must lie inside the user namespace's range");
  if (::syscall(SYS_setresuid, process.uid, process.uid, process.uid) < 0)
    return error_at(Stage::process, "USER_INVALID", "become user " + std::to_string(process.uid),
                    "the id must lie inside the user namespace's range");
  return Ok{};
}

// A session keyring is inherited over fork and execve: without one of its own the program would possess the keys of
// whoever started it. Nameless, so that no other container can join it.
Status join_new_keyring() {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0UL, 0UL, 0UL) >= 0 || errno == ENOSYS) return Ok{};
  return error_at(Stage::process, "KEYRING_FAILED", "join a new session keyring",
                  errno == EDQUOT ? "sysctl kernel.keys.maxkeys limits the keys of a user"
                                  : "a seccomp filter around the runtime may refuse keyctl(2)");
}

// The working directory must be inside the root: a leaked descriptor reached through
// /proc/self/fd was a way out (CVE-2024-21626).
Status enter_cwd(const std::string& cwd) {
  if (::chdir(cwd.c_str()) < 0)
    return error_at(Stage::process, "CWD_FAILED", "enter the working directory " + cwd,
                    errno == ENOENT ? "create it in the image or choose another with -w" : "");
  char buf[PATH_MAX];
  long n = ::syscall(SYS_getcwd, buf, sizeof buf);
  if (n <= 0 || buf[0] != '/') return error_at(Stage::process, "CWD_FAILED", "the working directory " + cwd + " is outside the container's root");
  return Ok{};
}

// As root still, so only what is missing counts: what this user may not reach shows later.
Failure precheck(const Prepared& prepared) {
  if (auto s = enter_cwd(prepared.process->cwd); !s && s.error().err == ENOENT) return {std::move(s.error()), 125};
  std::string program;
  Failure found = prepared.argv[0] == nullptr ? Failure{} : program::find(prepared.argv[0], prepared.envp, program);
  if (::chdir("/") < 0) return {error_at(Stage::process, "CWD_FAILED", "enter /"), 125};
  return found.exit_code == 127 ? found : Failure{};
}

Status close_others(const Prepared& prepared, int sync, const lsm::Pending& labels) {
  std::vector<int> keep{sync, prepared.gate, labels.files[0].get(), labels.files[1].get()};
  if (prepared.agent != nullptr) keep.push_back(prepared.agent->socket());
  for (int i = 0; i < prepared.preserve; ++i) keep.push_back(3 + i);
  keep.insert(keep.end(), prepared.keep.begin(), prepared.keep.end());
  return close_all_but(keep);
}

Status set_personality(const spec::Spec& spec) {
  if (!spec.personality || ::personality(*spec.personality) >= 0) return Ok{};
  return error_at(Stage::process, "PERSONALITY_FAILED", "set the execution domain of /linux/personality");
}

// A scope ends at the domain, and nothing joins one that exists: whoever joins a container would be kept from its own processes. What the scopes
// keep in stays in by the namespaces, where they are the container's.
Result<Fd> build_domain(const Prepared& prepared, const spec::Landlock& wanted) {
  if (!prepared.joins) return landlock::build(wanted);
  spec::Landlock domain = wanted;
  const auto& namespaces = prepared.spec->namespaces;
  const auto own = [&](int flag, bool shared) {
    return std::any_of(namespaces.begin(), namespaces.end(), [&](const auto& ns) { return ns.flag == flag && (shared || ns.path.empty()); });
  };
  if (own(CLONE_NEWPID, true)) std::erase(domain.scoped, "signal");
  if (own(CLONE_NEWNET, false)) std::erase(domain.scoped, "abstract_unix_socket");
  if (domain.scoped.empty() && domain.handled_access_fs.empty() && domain.handled_access_net.empty()) return Fd();
  return landlock::build(domain);
}

// After the hooks of the container, to which none of it must apply.
Status confine(const Prepared& prepared, const lsm::Pending& labels, const std::array<Fd, 2>& rulesets) {
  SECURE_TRY(set_personality(*prepared.spec));
  SECURE_TRY(hardening::apply(prepared.spec->hardening));
  SECURE_TRY(lsm::apply(labels, *prepared.process));
  for (const auto& ruleset : rulesets)
    if (ruleset.valid()) SECURE_TRY(landlock::enforce(ruleset));
  if (prepared.filter == nullptr) return Ok{};
  return prepared.agent != nullptr ? prepared.agent->load(*prepared.filter) : seccomp::load(*prepared.filter);
}

// As the first of a pid namespace it would not hear a signal that has no handler; whoever gives up what was created sends one.
void end_by_signals(bool on) {
  struct sigaction action {};
  action.sa_handler = on ? [](int signal) { ::_exit(128 + signal); } : SIG_DFL;
  for (int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2}) (void)::sigaction(signal, &action, nullptr);
}

// The other end of what was created: whoever connects starts it.
Status wait_at_gate(const Prepared& prepared, int& sync) {
  // Before anybody is told that it was created, and may end it.
  end_by_signals(true);
  SECURE_TRY(sync::send(sync, sync::Kind::ready));
  ::close(sync);
  int from;
  do {
    from = ::accept4(prepared.gate, nullptr, nullptr, SOCK_CLOEXEC);
  } while (from < 0 && errno == EINTR);
  end_by_signals(false);
  if (from < 0) return error_at(Stage::process, "START_FAILED", "wait to be started");
  sync = from;
  return Ok{};
}

// What comes between everything that can fail for the config's sake and the confinement.
Status hold(const Prepared& prepared, const std::vector<char*>& envp, int& sync) {
  if (prepared.gate >= 0) SECURE_TRY(wait_at_gate(prepared, sync));
  // runtime-spec runtime.md#start: an error of the start, and not of the creation.
  if (prepared.argv[0] == nullptr) return fail(Stage::config, "PROCESS_MISSING", 0, "/process is not set: there is no program to start", "it may be left out only of what is never started");
  return prepared.before_program ? prepared.before_program(envp) : Status(Ok{});
}

// A parent that died before prctl(2) took effect sends no signal; its end of the channel tells.
bool parent_is_gone(int sync) {
  pollfd p{sync, POLLIN, 0};
  return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

// A filter may allow one call and not the other, and a container may have no /proc.
Failure execute(int program, const std::vector<char*>& argv, const std::vector<char*>& envp) {
  ::syscall(SYS_execveat, program, "", argv.data(), envp.data(), AT_EMPTY_PATH);
  const std::string link = "/proc/self/fd/" + std::to_string(program);
  ::execve(link.c_str(), argv.data(), envp.data());
  return {error_at(Stage::exec, "COMMAND_NOT_EXECUTABLE", "execute a descriptor"), 126};
}

}  // namespace

bool open_standard_streams() {
  for (int fd = 0; fd < 3; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd) return false;
  return true;
}

bool reset_signals() {
  // All zero: SIG_DFL, no flags, empty mask. The system call itself, because glibc keeps signals 32 and 33 to itself and
  // leaves them ignored where the caller ignored them.
  struct {
    unsigned long handler, flags, restorer, mask;
  } act{};
  for (int sig = 1; sig <= 64; ++sig) (void)::syscall(SYS_rt_sigaction, sig, &act, nullptr, sizeof act.mask);
  sigset_t none;
  sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

Failure become(const Prepared& prepared, int procfs, int& sync) {
  const spec::Process& process = *prepared.process;
  auto failed = [](Result<Ok>&& status) { return Failure{std::move(status.error()), 125}; };
  if (!reset_signals()) return {error_at(Stage::process, "INTERNAL", "reset the signal mask"), 125};
  if (procfs >= 0)
    if (auto s = lsm::label_keyring(procfs, process); !s) return failed(std::move(s));
  if (prepared.new_keyring)
    if (auto s = join_new_keyring(); !s) return failed(std::move(s));
  lsm::Pending labels;
  if (procfs >= 0) {
    auto opened = lsm::open(procfs, process);
    if (!opened) return {std::move(opened.error()), 125};
    labels = std::move(*opened);
  }
  // From here on descriptors of ours are out of reach for the working directory and the program (CVE-2024-21626).
  if (auto s = close_others(prepared, sync, labels); !s) return failed(std::move(s));
  std::array<Fd, 2> rulesets;
  const std::array<const std::optional<spec::Landlock>*, 2> domains{&prepared.spec->outer_landlock, &prepared.spec->landlock};
  for (std::size_t i = 0; i < domains.size(); ++i) {
    if (!*domains[i]) continue;
    auto built = build_domain(prepared, **domains[i]);
    if (!built) return {std::move(built.error()), 125};
    rulesets[i] = std::move(*built);
  }
  std::vector<char*> with_home;
  std::string home;
  if (!prepared.has_home) {
    home = "HOME=" + environment::find_home(process.uid);
    with_home = prepared.envp;
    with_home.insert(with_home.end() - 1, home.data());
  }
  const std::vector<char*>& envp = prepared.has_home ? prepared.envp : with_home;
  if (auto s = rlimit::apply(process.rlimits); !s) return failed(std::move(s));
  if (prepared.affinity == nullptr || prepared.affinity->empty()) schedule::reset_affinity();
  else if (auto s = schedule::set_affinity(*prepared.affinity); !s) return failed(std::move(s));
  if (prepared.spec->memory_policy)
    if (auto s = schedule::set_memory_policy(*prepared.spec->memory_policy); !s) return failed(std::move(s));
  // Without no_new_privs both need CAP_SYS_ADMIN. It is kept until they are on, so that the filter is about the program and not about
  // us; only a user without a say in capabilities loses it by becoming that user.
  const bool confined = prepared.filter != nullptr || rulesets[0].valid() || rulesets[1].valid();
  const bool early = confined && !process.no_new_privileges && !process.has_capabilities && process.uid != 0;
  const bool admin = confined && !process.no_new_privileges && process.has_capabilities;
  if (early) {
    // What is missing is to be known when a container is created, not when it is started.
    if (prepared.gate >= 0)
      if (Failure f = precheck(prepared); !f.error.code.empty()) return f;
    if (auto s = hold(prepared, envp, sync); !s) return failed(std::move(s));
    if (auto s = confine(prepared, labels, rulesets); !s) return failed(std::move(s));
  }
  if (process.has_capabilities)
    if (auto s = caps::limit_bounding(prepared.capabilities); !s) return failed(std::move(s));
  if (auto s = set_identity(process, prepared.groups); !s) return failed(std::move(s));
  // A change of ids makes the process as dumpable as sysctl fs.suid_dumpable says.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (process.umask) (void)::umask(static_cast<mode_t>(*process.umask));
  else (void)::umask(0022);
  if (auto s = enter_cwd(process.cwd); !s) return failed(std::move(s));
  if (process.has_capabilities)
    if (auto s = caps::apply(admin ? caps::with_admin(prepared.capabilities) : prepared.capabilities); !s) return failed(std::move(s));
  // With the rights that execve(2) will have: CAP_DAC_OVERRIDE finds more than the user alone.
  std::string program;
  if (prepared.argv[0] != nullptr && prepared.program < 0)
    if (Failure f = program::find(prepared.argv[0], envp, program); !f.error.code.empty()) return f;
  if (process.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return {error_at(Stage::process, "CONTROL_UNAVAILABLE", "set no_new_privs"), 125};
  if (!early)
    if (auto s = hold(prepared, envp, sync); !s) return failed(std::move(s));
  // After the last change of credentials, which would clear it.
  if (prepared.die_with_parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
      return {error_at(Stage::process, "INTERNAL", "ask for a signal when the monitor dies"), 125};
    if (parent_is_gone(sync)) return {fail(Stage::process, "CHANNEL_CLOSED", 0, "the monitor is gone"), 125};
  }
  // Without it, end of file would also be what a process killed half-way looks like.
  if (auto s = sync::send(sync, sync::Kind::executing); !s) return failed(std::move(s));
  // Last: the filter then needs nothing that only the runtime does.
  if (!early)
    if (auto s = confine(prepared, labels, rulesets); !s) return failed(std::move(s));
  if (admin)
    if (auto s = caps::drop_admin(prepared.capabilities); !s) return failed(std::move(s));
  if (prepared.program >= 0) return execute(prepared.program, prepared.argv, envp);
  ::execve(program.c_str(), prepared.argv.data(), envp.data());
  int e = errno;
  // In one line, with the words that engines look for.
  if (e == ENOENT) return {fail(Stage::exec, "COMMAND_NOT_FOUND", 0, "exec " + program + ": no such file or directory: the file is there, so its interpreter or loader is missing"), 127};
  return {fail(Stage::exec, "COMMAND_NOT_EXECUTABLE", e, "execute '" + program + "'"), 126};
}

}  // namespace secure::process
