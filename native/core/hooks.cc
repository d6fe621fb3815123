// SPDX-License-Identifier: Apache-2.0
#include "hooks.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "fd.h"
#include "process.h"
#include "warning.h"

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

constexpr std::size_t kMaxSaid = 4096;

struct Pipe {
  Fd read, write;
};

Result<Pipe> output_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) < 0) return fail(Stage::hook, "HOOK_FAILED", errno, "make a pipe for a hook");
  (void)::fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return Pipe{Fd(fds[0]), Fd(fds[1])};
}

[[noreturn]] void execute(const spec::Hook& hook, int input, int output, int errors, const Setting& setting, char* const* argv, char* const* envp) {
  if (!process::reset_signals()) ::_exit(126);
  // A group of its own: a hook that is late takes along what it started.
  (void)::setpgid(0, 0);
  if (::dup2(input, 0) < 0 || (output >= 0 && ::dup2(output, 1) < 0) || ::dup2(errors, 2) < 0 || (!setting.cwd.empty() && ::chdir(setting.cwd.c_str()) < 0) || !close_all_but({})) ::_exit(126);
  if (setting.filter != nullptr && !seccomp::load_without_listener(*setting.filter)) ::_exit(126);
  ::execve(hook.path.c_str(), argv, envp);
  ::_exit(errno == ENOENT ? 127 : 126);
}

// What it has written to standard error so far: the beginning is kept, the rest is read and dropped.
void listen(const Fd& from, std::string& said) {
  char buf[1024];
  ssize_t n;
  while ((n = ::read(from.get(), buf, sizeof buf)) > 0)
    if (said.size() < kMaxSaid) said.append(buf, std::min(static_cast<std::size_t>(n), kMaxSaid - said.size()));
}

// Until it has ended, or its time has. What it leaves behind may hold the pipe for ever and is not waited for.
bool wait_for(int pidfd, int timeout, const Fd& errors, std::string& said) {
  const std::int64_t deadline = now_ms() + std::int64_t{timeout} * 1000;
  for (bool open = true;;) {
    const std::int64_t left = timeout > 0 ? deadline - now_ms() : -1;
    if (timeout > 0 && left <= 0) return false;
    pollfd p[2] = {{pidfd, POLLIN, 0}, {open ? errors.get() : -1, POLLIN, 0}};
    int n = ::poll(p, 2, static_cast<int>(left));
    if (n < 0 && errno != EINTR) return false;
    if (n <= 0) continue;
    if (p[1].revents != 0) listen(errors, said);
    open = open && (p[1].revents & (POLLHUP | POLLERR)) == 0;
    if (p[0].revents != 0) return true;
  }
}

struct Place {
  const char* stage;
  std::size_t number;
};

Error failed(const spec::Hook& hook, const Place& place, const std::string& how, const std::string& said, const std::string& hint = {}) {
  std::string words = said;
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return fail(Stage::hook, "HOOK_FAILED", 0,
              std::string("error running ") + place.stage + " hook #" + std::to_string(place.number) + ": " + hook.path + ": " + how + (words.empty() ? "" : ", it said: " + words), hint);
}

// "31 (bad system call)"
std::string signal_name(int signal) {
  const char* known = ::sigdescr_np(signal);
  std::string text = known == nullptr ? "" : known;
  if (!text.empty()) text[0] = static_cast<char>(text[0] | 0x20);
  return std::to_string(signal) + (text.empty() ? "" : " (" + text + ")");
}

// `code`: how it exited, if it did.
Status run_one(const spec::Hook& hook, const Place& place, const std::string& state, const Setting& setting, int& code) {
  SECURE_LET(input, input_of(state));
  SECURE_LET(errors, output_pipe());
  std::vector<std::string> args = hook.args;
  if (args.empty()) args.push_back(hook.path);
  const auto argv = pointers(args), envp = pointers(hook.env);
  pid_t pid = ::fork();
  if (pid < 0) return fail(Stage::hook, "HOOK_FAILED", errno, "make a process for a hook");
  const int out = setting.output == nullptr ? -1 : setting.output->out.get(), err = setting.output == nullptr ? -1 : setting.output->err.get();
  if (pid == 0) execute(hook, input.get(), out, err >= 0 ? err : errors.write.get(), setting, argv.data(), envp.data());
  errors.write.reset();
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  std::string said;
  const bool in_time = pidfd.valid() && wait_for(pidfd.get(), hook.timeout, errors.read, said);
  if (!in_time) {
    (void)::kill(-pid, SIGKILL);
    (void)::kill(pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return fail(Stage::hook, "HOOK_FAILED", errno, "wait for hook " + hook.path);
  listen(errors.read, said);
  if (!in_time) return failed(hook, place, "it was not done within its timeout of " + std::to_string(hook.timeout) + " s", said);
  if (WIFSIGNALED(status)) return failed(hook, place, "signal " + signal_name(WTERMSIG(status)) + " ended it", said);
  code = WEXITSTATUS(status);
  if (code == 0) return Ok{};
  return failed(hook, place, "exit status " + std::to_string(code), said, code == 127 ? "does the program exist?" : code == 126 ? "is it executable?" : "");
}

}  // namespace

Result<Output> open_output(const spec::Spec& spec) {
  Output out;
  const std::pair<const char*, Fd*> wanted[] = {{"run.oci.hooks.stdout", &out.out}, {"run.oci.hooks.stderr", &out.err}};
  for (const auto& [key, fd] : wanted) {
    const std::string path = spec::annotation(spec, key);
    if (path.empty()) continue;
    *fd = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600));
    if (!fd->valid()) return fail(Stage::hook, "HOOK_FAILED", errno, "open " + path + " of the annotation " + key);
  }
  return out;
}

Status run(const std::vector<spec::Hook>& hooks, const char* stage, const std::string& state, const Setting& setting) {
  int code = 0;
  for (std::size_t i = 0; i < hooks.size(); ++i) SECURE_TRY(run_one(hooks[i], {stage, i}, state, setting, code));
  return Ok{};
}

void run_all(const std::vector<spec::Hook>& hooks, const char* stage, const std::string& state, const Setting& setting) {
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    int code = 0;
    auto status = run_one(hooks[i], {stage, i}, state, setting, code);
    if (!status) warning::emit(std::string(stage) + " hook failed" + (code > 0 ? " with exit code " + std::to_string(code) : "") + ": " + status.error().message);
  }
}

}  // namespace secure::hooks
