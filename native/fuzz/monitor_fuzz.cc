// SPDX-License-Identifier: Apache-2.0
// A client of a container's monitor that sends what it likes: packets, each of a length byte (times 40, so that some are longer than the
// monitor takes) and content. What arrives at the program is the input packets as they were sent, one after the other, and nothing else.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "detach_keys.h"
#include "watch.h"

using namespace secure;
using namespace secure::runtime;

namespace {

void need(bool ok) {
  if (!ok) std::abort();
}

Fd listener(sockaddr_un& address, socklen_t& size) {
  Fd sock(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  address.sun_family = AF_UNIX;
  // A name that the kernel picks.
  need(sock.valid() && ::bind(sock.get(), reinterpret_cast<sockaddr*>(&address), sizeof address.sun_family) == 0 && ::listen(sock.get(), 4) == 0);
  size = sizeof address;
  need(::getsockname(sock.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return sock;
}

// The "process" ends a moment after the client has been served. No pid: what is waited for is nobody's child.
Fd soon() {
  Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  const itimerspec when{{0, 0}, {0, 300'000}};
  need(timer.valid() && ::timerfd_settime(timer.get(), 0, &when, nullptr) == 0);
  return timer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  (void)::signal(SIGPIPE, SIG_IGN);
  const bool stdin_open = (bytes[0] & 1) != 0;
  std::string_view rest(reinterpret_cast<const char*>(bytes) + 1, size - 1);

  sockaddr_un address{};
  socklen_t length = 0;
  Fd listening = listener(address, length);
  Fd client(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  need(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
  std::string expected;
  DetachKeys keys("\x10\x11");
  while (!rest.empty()) {
    const auto packet = rest.substr(1, std::min<std::size_t>(static_cast<unsigned char>(rest[0]) * 40U, rest.size() - 1));
    rest.remove_prefix(1 + packet.size());
    if (::send(client.get(), packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    // The monitor takes an empty packet for the end, and of a long one what it has room for.
    if (packet.empty()) break;
    if (packet[0] == 'I') expected += packet.substr(1, attach::kMostData);
    bool detached = false;
    need(keys.filter(packet, detached).size() <= packet.size() + 1);
  }

  int in[2], out[2];
  need(::pipe2(in, O_CLOEXEC | O_NONBLOCK) == 0 && ::pipe2(out, O_CLOEXEC) == 0);
  const Fd program_in(in[0]);
  Fd program_out(out[1]);
  const Fd process = soon();
  Session session;
  session.pid = 0x7ffffff0;
  session.pidfd = process.get();
  session.ends.in = Fd(in[1]);
  session.ends.out = Fd(out[0]);
  session.stdin_open = stdin_open;
  (void)!::write(program_out.get(), bytes, std::min<std::size_t>(size, 4096));
  program_out.reset();
  Watched watched{};
  watched.stdin_open = stdin_open;
  attach::Clients clients(std::move(listening), false, stdin_open);
  need(watch(watched, session, clients) == 125);

  std::string got(expected.size() + 1, 0);
  const ssize_t n = ::read(program_in.get(), got.data(), got.size());
  got.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  need(expected.starts_with(got) && (stdin_open || got.empty()));
  return 0;
}
