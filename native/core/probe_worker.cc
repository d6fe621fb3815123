// SPDX-License-Identifier: Apache-2.0
#include "probe_worker.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "fd.h"

namespace secure::probe {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kAnswerLimit = 4U << 20;

[[noreturn]] void work(int out, unsigned timeout_ms, const std::function<std::string()>& body) {
  (void)::setsid();
  // Whoever waits for this worker, a container's thread included, waits for its turns on a processor.
  (void)::setpriority(PRIO_PROCESS, 0, -20);
  struct sigaction fallback {};
  fallback.sa_handler = SIG_DFL;
  (void)::sigaction(SIGALRM, &fallback, nullptr);
  // Ignored by the caller it would never be queued, and the tracer waits for it.
  (void)::sigaction(SIGCHLD, &fallback, nullptr);
  sigset_t blocked;
  ::sigfillset(&blocked);
  ::sigdelset(&blocked, SIGALRM);
  (void)::sigprocmask(SIG_SETMASK, &blocked, nullptr);
  const unsigned last = timeout_ms + 1000;
  itimerval timer{};
  timer.it_value = {static_cast<time_t>(last / 1000), static_cast<suseconds_t>(last % 1000 * 1000)};
  (void)::setitimer(ITIMER_REAL, &timer, nullptr);
  (void)!write_all(out, body(), "the answer").ok();
  ::_exit(0);
}

}  // namespace

std::optional<std::string> in_worker(unsigned timeout_ms, const std::function<std::string()>& body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return std::nullopt;
  Fd in(ends[0]), out(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return std::nullopt;
  if (pid == 0) {
    in.reset();
    work(out.get(), timeout_ms, body);
  }
  out.reset();
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  std::string answer;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{in.get(), POLLIN, 0};
    const int count = left <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    char buffer[4096];
    const ssize_t n = ::read(in.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 || answer.size() > kAnswerLimit) return std::nullopt;
    if (n == 0) break;
    answer.append(buffer, static_cast<std::size_t>(n));
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  // Anything but a clean end may have cut the answer short.
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return answer;
}

}  // namespace secure::probe
