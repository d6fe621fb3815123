// SPDX-License-Identifier: Apache-2.0
#include "in_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace secure::isolation {

namespace {

Allowed allowed;

constexpr std::size_t kMost = 1U << 17;
// One for the child alone: after fork(2) it has a copy of its own.
char scratch[kMost];

void write_all(int fd, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

long now() {
  timespec at{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000 + at.tv_nsec / 1'000'000;
}

[[noreturn]] void child(std::size_t (*work)(const void*, std::span<char>), const void* argument, std::size_t most, int out) {
  // A parent that is killed leaves nothing behind.
  if (allowed.parent_death_signal) (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const std::size_t n = work(argument, std::span(scratch).first(std::min(most, kMost)));
  write_all(out, std::span<const char>(scratch).first(std::min(n, most)));
  ::_exit(0);
}

pid_t reap(pid_t pid, int& status) {
  pid_t got;
  do {
    got = ::waitpid(pid, &status, 0);
  } while (got < 0 && errno == EINTR);
  return got;
}

// False: the time is over.
bool read_all(int from, std::span<char> into, std::size_t& size, int milliseconds) {
  const long end = allowed.poll ? now() + milliseconds : 0;
  for (;;) {
    if (allowed.poll) {
      const long left = end - now();
      pollfd one{from, POLLIN, 0};
      const int ready = left <= 0 ? 0 : ::poll(&one, 1, static_cast<int>(left));
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) return false;
    }
    char beyond[64];
    const bool full = size == into.size();
    const ssize_t n = full ? ::read(from, beyond, sizeof beyond) : ::read(from, into.data() + size, into.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    if (!full) size += static_cast<std::size_t>(n);
  }
}

std::size_t try_poll(const void*, std::span<char>) {
  pollfd none{-1, 0, 0};
  ::_exit(::poll(&none, 1, 0) == 0 && now() > 0 ? 0 : 1);
}

std::size_t try_prctl(const void*, std::span<char>) { ::_exit(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 ? 0 : 1); }

std::size_t try_alarm(const void*, std::span<char>) {
  (void)::alarm(1000);
  ::_exit(::alarm(0) > 0 ? 0 : 1);
}

}  // namespace

Ended in_child(std::size_t (*work)(const void*, std::span<char>), const void* argument, std::span<char> answer, int milliseconds) {
  Ended out;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) {
    out.number = errno;
    return out;
  }
  const pid_t pid = ::fork();
  if (pid < 0) {
    out.number = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    return out;
  }
  if (pid == 0) {
    ::close(ends[0]);
    child(work, argument, answer.size(), ends[1]);
  }
  ::close(ends[1]);
  const bool in_time = read_all(ends[0], answer, out.size, milliseconds);
  ::close(ends[0]);
  if (!in_time) (void)::kill(pid, SIGKILL);
  int status = 0;
  if (reap(pid, status) < 0) out.number = errno;
  else if (!in_time) out.how = Ended::How::timeout;
  else if (WIFSIGNALED(status)) {
    out.how = Ended::How::killed;
    out.number = WTERMSIG(status);
  } else if (WEXITSTATUS(status) == 0) out.how = Ended::How::answered;
  return out;
}

Allowed settle(unsigned seconds) {
  const auto passes = [](std::size_t (*work)(const void*, std::span<char>)) {
    return in_child(work, nullptr, {}, 1000).how == Ended::How::answered;
  };
  Allowed found;
  found.poll = passes(try_poll);
  found.parent_death_signal = passes(try_prctl);
  found.alarm = passes(try_alarm);
  allowed = found;
  // SIGALRM ends it: whoever started it may be gone.
  if (found.alarm) (void)::alarm(seconds);
  return found;
}

}  // namespace secure::isolation
