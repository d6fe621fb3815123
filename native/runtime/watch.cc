// SPDX-License-Identifier: Apache-2.0
#include "watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <termios.h>

#include <array>

#include "health.h"

namespace secure::runtime {

namespace {

// Not on the stack: a frame of that size dirties all of its pages, and most containers write little.
char buffer[16U << 10];

class Watch {
 public:
  Watch(Watched& watched, Session& session, attach::Clients& clients) : w_(watched), s_(session), clients_(clients), health_(watched) {
    sigset_t set = forwarded_signals();
    signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    // A program that does not read must not block us: its signals and its output go on.
    if (int fd = input_target(); fd >= 0) (void)::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  }

  int run() {
    std::array<pollfd, 6 + attach::kMostClients + 1> p{};
    while (!ended_ || outputs_open()) {
      p[0] = {signals_.get(), POLLIN, 0};
      p[1] = {ended_ ? -1 : s_.pidfd, POLLIN, 0};
      p[2] = {out().get(), POLLIN, 0};
      p[3] = {s_.ends.err.get(), POLLIN, 0};
      p[4] = {pending_.empty() ? -1 : input_target(), POLLOUT, 0};
      p[5] = {ended_ ? -1 : health_.watched_fd(), POLLIN, 0};
      const std::size_t n = 6 + clients_.fill(std::span(p).subspan(6), pending_.empty());
      // After the end a terminal that others still hold is given a moment for what is on its way.
      const int ready = ::poll(p.data(), n, ended_ ? 1000 : health_.wait_ms());
      if (ready < 0 && errno != EINTR) break;
      if (ready == 0 && ended_) break;
      if (!ended_) health_.step();
      if (ready <= 0) continue;
      if (p[0].revents != 0) on_signal();
      if (p[1].revents != 0) on_exit();
      if (p[2].revents != 0) on_output(out(), out_left_, "stdout", attach::Kind::out);
      if (p[3].revents != 0) on_output(s_.ends.err, err_left_, "stderr", attach::Kind::err);
      if (p[4].revents != 0) drain_input();
      for (std::size_t i = 7; i < n; ++i)
        if (p[i].revents != 0) on_client(p[i].fd);
      if (p[6].revents != 0) clients_.accept();
    }
    s_.log.flush();
    if (!ended_) on_exit();
    return code_;
  }

 private:
  [[nodiscard]] Fd& out() { return s_.ends.terminal.valid() ? s_.ends.terminal : s_.ends.out; }
  [[nodiscard]] bool outputs_open() { return out().valid() || s_.ends.err.valid(); }
  [[nodiscard]] int input_target() const { return s_.ends.terminal.valid() ? s_.ends.terminal.get() : s_.ends.in.get(); }

  void on_signal() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      const int sig = static_cast<int>(info.ssi_signo);
      if (sig == SIGCHLD || sig == SIGPIPE || sig == SIGWINCH || ended_) continue;
      // The machine is going down, or somebody wants us gone: no time to start anything again.
      if (sig == SIGTERM || sig == SIGINT || sig == SIGQUIT) w_.ending = true;
      (void)::syscall(SYS_pidfd_send_signal, s_.pidfd, sig, nullptr, 0);
    }
  }

  void on_exit() {
    code_ = reap(s_.pid);
    ended_ = true;
    health_.stop();
    pending_.clear();
    note_rest(s_.ends.out, out_left_);
    note_rest(s_.ends.err, err_left_);
  }

  void on_output(Fd& from, int& left, std::string_view stream, attach::Kind kind) {
    const ssize_t n = ::read(from.get(), buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {  // EIO: the last holder of the terminal is gone
      from.reset();
      return;
    }
    const std::string_view data(buffer, static_cast<std::size_t>(n));
    s_.log.write(stream, data);
    clients_.broadcast(kind, data);
    if (ended_ && !s_.ends.terminal.valid() && (left -= static_cast<int>(n)) <= 0) from.reset();
  }

  void on_client(int sock) {
    attach::Message message{};
    if (!attach::receive(sock, std::span(buffer, attach::kMostData + 1), message)) {
      if (errno != EAGAIN) clients_.drop(sock);
      return;
    }
    if (message.kind == attach::Kind::window && message.data.size() == 4 && s_.ends.terminal.valid()) {
      std::uint16_t size[2];
      std::memcpy(size, message.data.data(), sizeof size);
      const winsize window{size[0], size[1], 0, 0};
      (void)::ioctl(s_.ends.terminal.get(), TIOCSWINSZ, &window);
    } else if (message.kind == attach::Kind::input && w_.stdin_open && !ended_) {
      pending_ += message.data;
      drain_input();
    }
  }

  void drain_input() {
    while (!pending_.empty() && input_target() >= 0) {
      const ssize_t n = ::write(input_target(), pending_.data(), pending_.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n < 0) {  // it has closed its standard input
        s_.ends.in.reset();
        break;
      }
      pending_.erase(0, static_cast<std::size_t>(n));
    }
    pending_.clear();
  }

  Watched& w_;
  Session& s_;
  attach::Clients& clients_;
  health::Check health_;
  Fd signals_;
  std::string pending_;              // at most one message of each client that sent before the program stopped reading
  int out_left_ = 0, err_left_ = 0;  // bytes still to be read after the end
  bool ended_ = false;
  int code_ = 125;
};

}  // namespace

int watch(Watched& watched, Session& session, attach::Clients& clients) { return Watch(watched, session, clients).run(); }

}  // namespace secure::runtime
