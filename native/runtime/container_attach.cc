// SPDX-License-Identifier: Apache-2.0
// `container attach`: our standard streams are those of a detached container, by way of its monitor.
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "attach.h"
#include "commands.h"
#include "detach_keys.h"
#include "raw_mode.h"
#include "record_lifecycle.h"
#include "streams.h"
#include "watch.h"

namespace secure::runtime {

namespace {

constexpr const char* kSynopsis = "secure-runtime container attach [--no-stdin] [--no-sig-proxy] [--detach-keys KEYS] ID";

struct Request {
  bool use_stdin = true, proxy_signals = true;
  std::string keys = "\x10\x11", id;  // ctrl-p ctrl-q
};

bool parse_arguments(int argc, char** argv, Request& out) {
  int i = 1;
  for (; i < argc && argv[i][0] == '-'; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--no-stdin") out.use_stdin = false;
    else if (arg == "--no-sig-proxy") out.proxy_signals = false;
    else if (arg == "--detach-keys" && i + 1 < argc) {
      auto keys = parse_detach_keys(argv[++i]);
      if (!keys) return false;
      out.keys = std::move(*keys);
    } else return false;
  }
  if (i + 1 != argc) return false;
  out.id = argv[i];
  return true;
}

class Client {
 public:
  Client(record::Roots roots, const Request& request, Fd sock, unsigned char flags)
      : roots_(std::move(roots)),
        request_(request),
        sock_(std::move(sock)),
        terminal_((flags & attach::kTerminal) != 0),
        input_(request.use_stdin && (flags & attach::kStdin) != 0),
        raw_(input_ && terminal_),
        keys_(::isatty(STDIN_FILENO) == 1 ? request.keys : "") {
    sigset_t set = forwarded_signals();
    // What ends us, when it is not meant for the container.
    if (!request_.proxy_signals)
      for (int sig : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigdelset(&set, sig);
    (void)::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    send_size();
  }

  // The container's exit code; 0 when we have left it.
  int run() {
    for (;;) {
      std::array<pollfd, 3> p{{{sock_.get(), static_cast<short>(POLLIN | (pending_.empty() ? 0 : POLLOUT)), 0},
                               {input_ && pending_.empty() ? STDIN_FILENO : -1, POLLIN, 0},
                               {signals_.get(), POLLIN, 0}}};
      if (::poll(p.data(), p.size(), -1) < 0 && errno != EINTR) return 125;
      if (p[2].revents != 0) on_signal();
      if (p[1].revents != 0 && !on_input()) return 0;
      if ((p[0].revents & POLLOUT) != 0) send_pending();
      if ((p[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
        if (auto code = on_packet()) return *code;
    }
  }

 private:
  void send_size() {
    winsize size{};
    if (!terminal_ || (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)) return;
    const std::uint16_t cells[2] = {size.ws_row, size.ws_col};
    if (size.ws_row != 0 && size.ws_col != 0) (void)attach::send(sock_.get(), attach::Kind::window, std::string_view(reinterpret_cast<const char*>(cells), sizeof cells));
  }

  void on_signal() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      const int sig = static_cast<int>(info.ssi_signo);
      if (sig == SIGWINCH) send_size();
      else if (request_.proxy_signals && sig != SIGCHLD && sig != SIGPIPE) (void)record::send_signal(roots_, request_.id, sig);
    }
  }

  // False: the detach keys.
  bool on_input() {
    char typed[attach::kMostData - 16];  // what was held back comes on top
    const ssize_t n = ::read(STDIN_FILENO, typed, sizeof typed);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (n <= 0) {
      // The container's own input stays open for who comes next.
      input_ = false;
      return true;
    }
    bool detached = false;
    pending_ = keys_.filter(std::string_view(typed, static_cast<std::size_t>(n)), detached);
    send_pending();
    return !detached;
  }

  void send_pending() {
    if (pending_.empty()) return;
    const int err = attach::send(sock_.get(), attach::Kind::input, pending_);
    if (err != EAGAIN) pending_.clear();
  }

  std::optional<int> on_packet() {
    static char buffer[attach::kMostData + 1];
    attach::Message message{};
    if (!attach::receive(sock_.get(), buffer, message)) {
      if (errno == EAGAIN) return std::nullopt;
      // The monitor is gone, or could not tell us: the record knows.
      auto code = record::wait(roots_, request_.id);
      return code ? *code : report(code.error(), 125);
    }
    if (message.kind == attach::Kind::out || message.kind == attach::Kind::err) {
      if (!write_all(message.kind == attach::Kind::out ? STDOUT_FILENO : STDERR_FILENO, message.data, "output")) return 0;
    } else if (message.kind == attach::Kind::lost && message.data.size() == sizeof(std::uint64_t)) {
      std::uint64_t lost = 0;
      std::memcpy(&lost, message.data.data(), sizeof lost);
      (void)write_all(STDERR_FILENO, "\r\n[" + std::to_string(lost) + " bytes were not shown here: this was too slow for them]\r\n", "standard error");
    } else if (message.kind == attach::Kind::exit && message.data.size() == 1) {
      return static_cast<unsigned char>(message.data[0]);
    }
    return std::nullopt;
  }

  record::Roots roots_;
  const Request& request_;
  Fd sock_, signals_;
  bool terminal_, input_;
  RawMode raw_;
  DetachKeys keys_;
  std::string pending_;
};

// The first packet, within the patience that a restart under way may need.
Result<unsigned char> greeted(int sock, const std::string& id) {
  pollfd p{sock, POLLIN, 0};
  char buffer[attach::kMostData + 1];
  attach::Message message{};
  if (::poll(&p, 1, 70'000) <= 0 || !attach::receive(sock, buffer, message) || message.kind != attach::Kind::hello || message.data.size() != 1)
    return fail(Stage::monitor, "NOT_ATTACHABLE", 0, "the monitor of container " + id + " does not answer", "too many may be attached already");
  return static_cast<unsigned char>(message.data[0]);
}

}  // namespace

int container_attach(int argc, char** argv) {
  Request request;
  if (!parse_arguments(argc, argv, request)) {
    (void)usage(kSynopsis);
    return 125;
  }
  const record::Roots roots = roots_from_env();
  auto id = record::resolve(roots, request.id);
  if (!id) return report(id.error(), 125);
  request.id = *id;
  auto sock = attach::connect(roots, *id);
  if (!sock) return report(sock.error(), 125);
  auto flags = greeted(sock->get(), *id);
  if (!flags) return report(flags.error(), 125);
  return Client(roots, request, std::move(*sock), *flags).run();
}

}  // namespace secure::runtime
