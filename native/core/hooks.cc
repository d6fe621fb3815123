// SPDX-License-Identifier: Apache-2.0
#include "hooks.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "fd.h"
#include "process.h"

namespace secure::hooks {

namespace {

std::int64_t now_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const auto& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// A file in memory: a hook that does not read its input cannot block us, and one that reads slowly gets all of it.
Result<Fd> input_of(const std::string& state) {
  Fd file(::memfd_create("state", MFD_CLOEXEC));
  if (!file.valid()) return fail(Stage::hook, "HOOK_FAILED", errno, "make a hook's input");
  SECURE_TRY(write_all(file.get(), state, "a hook's input"));
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail(Stage::hook, "HOOK_FAILED", errno, "rewind a hook's input");
  return file;
}

[[noreturn]] void execute(const spec::Hook& hook, int input, const std::string& cwd, char* const* argv, char* const* envp) {
  process::reset_signals();
  // A group of its own: a hook that is late takes along what it started.
  (void)::setpgid(0, 0);
  if (::dup2(input, 0) < 0 || (!cwd.empty() && ::chdir(cwd.c_str()) < 0) || !close_all_but({})) ::_exit(126);
  ::execve(hook.path.c_str(), argv, envp);
  ::_exit(errno == ENOENT ? 127 : 126);
}

Error failed(const spec::Hook& hook, const char* stage, const std::string& how, const std::string& hint = {}) {
  return fail(Stage::hook, "HOOK_FAILED", 0, std::string("error running ") + stage + " hook " + hook.path + ": " + how, hint);
}

Status run_one(const spec::Hook& hook, const char* stage, const std::string& state, const std::string& cwd) {
  SECURE_LET(input, input_of(state));
  std::vector<std::string> args = hook.args;
  if (args.empty()) args.push_back(hook.path);
  const auto argv = pointers(args), envp = pointers(hook.env);
  pid_t pid = ::fork();
  if (pid < 0) return fail(Stage::hook, "HOOK_FAILED", errno, "make a process for a hook");
  if (pid == 0) execute(hook, input.get(), cwd, argv.data(), envp.data());
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const std::int64_t deadline = now_ms() + std::int64_t{hook.timeout} * 1000;
  bool late = false;
  while (hook.timeout > 0 && pidfd.valid()) {
    const std::int64_t left = deadline - now_ms();
    pollfd p{pidfd.get(), POLLIN, 0};
    int n = left <= 0 ? 0 : ::poll(&p, 1, static_cast<int>(left));
    if (n > 0) break;
    if (n < 0 && errno == EINTR) continue;
    late = true;
    (void)::kill(-pid, SIGKILL);
    (void)::kill(pid, SIGKILL);
    break;
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return fail(Stage::hook, "HOOK_FAILED", errno, "wait for hook " + hook.path);
  if (late) return failed(hook, stage, "it was not done within its timeout of " + std::to_string(hook.timeout) + " s");
  if (WIFSIGNALED(status)) return failed(hook, stage, "signal " + std::to_string(WTERMSIG(status)) + " ended it");
  const int code = WEXITSTATUS(status);
  if (code == 0) return Ok{};
  return failed(hook, stage, "exit status " + std::to_string(code), code == 127 ? "does the program exist?" : code == 126 ? "is it executable?" : "");
}

}  // namespace

Status run(const std::vector<spec::Hook>& hooks, const char* stage, const std::string& state, const std::string& cwd) {
  for (const auto& hook : hooks) SECURE_TRY(run_one(hook, stage, state, cwd));
  return Ok{};
}

}  // namespace secure::hooks
