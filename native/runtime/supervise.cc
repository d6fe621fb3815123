// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>

#include <array>

#include "raw_mode.h"
#include "streams.h"
#include "watch.h"

namespace secure::runtime {

sigset_t forwarded_signals() {
  sigset_t set;
  sigfillset(&set);
  // Faults of our own, job control of our own terminal, and what has no meaning for another process.
  for (int sig : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT}) sigdelset(&set, sig);
  return set;
}

void note_rest(Fd& pipe, int& left) {
  if (!pipe.valid()) return;
  if (::ioctl(pipe.get(), FIONREAD, &left) < 0 || left <= 0) pipe.reset();
}

int reap(pid_t pid) {
  int status = 0;
  pid_t got;
  do {
    got = ::waitpid(pid, &status, 0);
  } while (got < 0 && errno == EINTR);
  if (got != pid) return 125;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

namespace {

void copy_window_size(int terminal) {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
    (void)::ioctl(terminal, TIOCSWINSZ, &size);
}

class Supervisor {
 public:
  explicit Supervisor(Session& session) : s_(session), raw_(session.attached && session.ends.terminal.valid()) {
    sigset_t set = forwarded_signals();
    signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (s_.attached && s_.ends.terminal.valid()) copy_window_size(s_.ends.terminal.get());
    // A program that does not read must not block us: its signals and its output go on.
    int fd = input_target();
    if (fd >= 0) (void)::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  }

  int run() {
    while (!ended_ || outputs_open()) {
      // After the end a terminal that others still hold is given a moment for what is on its way.
      int timeout = ended_ ? 1000 : -1;
      std::array<pollfd, 8> p{{{signals_.get(), POLLIN, 0},
                               {ended_ ? -1 : s_.pidfd, POLLIN, 0},
                               {out_fd(), POLLIN, 0},
                               {s_.ends.err.get(), POLLIN, 0},
                               {wants_input() ? STDIN_FILENO : -1, POLLIN, 0},
                               {pending_.empty() ? -1 : input_target(), POLLOUT, 0},
                               {stdout_watch(), 0, 0},
                               {s_.notify == nullptr ? -1 : s_.notify->socket.get(), POLLIN, 0}}};
      int n = ::poll(p.data(), p.size(), timeout);
      if (n < 0 && errno != EINTR) break;
      if (n == 0) break;
      if (n < 0) continue;
      if (p[0].revents != 0) on_signal();
      if (p[1].revents != 0) on_exit();
      if (p[2].revents != 0) on_output(s_.ends.terminal.valid() ? s_.ends.terminal : s_.ends.out, STDOUT_FILENO, "stdout");
      if (p[3].revents != 0) on_output(s_.ends.err, STDERR_FILENO, "stderr");
      if (p[4].revents != 0) on_input();
      if (p[5].revents != 0) drain_input();
      if (p[6].revents != 0) close_output();
      if (p[7].revents != 0) notify::pass_on(*s_.notify);
    }
    s_.log.flush();
    if (!ended_) on_exit();
    return code_;
  }

 private:
  [[nodiscard]] int out_fd() const { return s_.ends.terminal.valid() ? s_.ends.terminal.get() : s_.ends.out.get(); }
  [[nodiscard]] bool outputs_open() const { return out_fd() >= 0 || s_.ends.err.valid(); }
  [[nodiscard]] int input_target() const { return s_.ends.terminal.valid() ? s_.ends.terminal.get() : s_.ends.in.get(); }
  [[nodiscard]] bool wants_input() const {
    return s_.attached && s_.stdin_open && !stdin_done_ && input_target() >= 0 && pending_.empty() && !ended_;
  }
  // POLLERR on our own stdout: the reader is gone, and the container should learn it at once.
  [[nodiscard]] int stdout_watch() const { return s_.attached && !s_.ends.terminal.valid() && s_.ends.out.valid() ? STDOUT_FILENO : -1; }

  void close_output() { s_.ends.out.reset(); }

  void on_signal() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      int sig = static_cast<int>(info.ssi_signo);
      if (sig == SIGWINCH && s_.ends.terminal.valid()) {
        copy_window_size(s_.ends.terminal.get());
      } else if (sig != SIGCHLD && sig != SIGPIPE && sig != SIGWINCH && !ended_) {
        (void)::syscall(SYS_pidfd_send_signal, s_.pidfd, sig, nullptr, 0);
      }
    }
  }

  void on_exit() {
    code_ = reap(s_.pid);
    ended_ = true;
    note_rest(s_.ends.out, out_left_);
    note_rest(s_.ends.err, err_left_);
  }

  void on_output(Fd& from, int to, std::string_view stream) {
    char buf[65536];
    ssize_t n = ::read(from.get(), buf, sizeof buf);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {  // EIO: the last holder of the terminal is gone
      from.reset();
      return;
    }
    std::string_view data(buf, static_cast<std::size_t>(n));
    s_.log.write(stream, data);
    // Our reader is gone: close the pipe, so that the container gets EPIPE as in any pipeline.
    if (s_.attached && !write_all(to, data, "output") && !s_.ends.terminal.valid()) from.reset();
    if (ended_ && !s_.ends.terminal.valid()) {
      int& left = to == STDOUT_FILENO ? out_left_ : err_left_;
      left -= static_cast<int>(n);
      if (left <= 0) from.reset();
    }
  }

  void on_input() {
    char buf[65536];
    ssize_t n = ::read(STDIN_FILENO, buf, sizeof buf);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
      stdin_done_ = true;
      if (!s_.ends.terminal.valid()) s_.ends.in.reset();
      return;
    }
    pending_.assign(buf, static_cast<std::size_t>(n));
    drain_input();
  }

  void drain_input() {
    while (!pending_.empty() && input_target() >= 0) {
      ssize_t n = ::write(input_target(), pending_.data(), pending_.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n < 0) {
        pending_.clear();
        stdin_done_ = true;
        s_.ends.in.reset();
        return;
      }
      pending_.erase(0, static_cast<std::size_t>(n));
    }
  }

  Session& s_;
  RawMode raw_;
  Fd signals_;
  std::string pending_;
  int out_left_ = 0, err_left_ = 0;  // bytes still to be read after the end
  bool stdin_done_ = false, ended_ = false;
  int code_ = 125;
};

}  // namespace

void block_signals() {
  sigset_t set = forwarded_signals();
  (void)::sigprocmask(SIG_BLOCK, &set, nullptr);
}

int supervise(Session& session) { return Supervisor(session).run(); }

}  // namespace secure::runtime
