// SPDX-License-Identifier: Apache-2.0
#include "sync.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace secure::sync {

namespace {

// Fixed size: nothing that crosses the namespaces is parsed by length (CVE-2021-43784 class).
struct Wire {
  unsigned char kind;
  unsigned char stage;
  int number;
  int err;
  char code[40];
  char message[1024];
  char hint[512];
};

template <std::size_t N>
void put(char (&to)[N], const std::string& from) {
  std::size_t n = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), n);
  to[n] = '\0';
}

template <std::size_t N>
std::string get(const char (&from)[N]) {
  return {from, ::strnlen(from, N)};
}

bool transmit(int sock, const Wire& wire, int fd) {
  iovec iov{const_cast<Wire*>(&wire), sizeof wire};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr msg{};
  msg.msg_iov = &iov;
  msg.msg_iovlen = 1;
  if (fd >= 0) {
    msg.msg_control = control;
    msg.msg_controllen = sizeof control;
    cmsghdr* c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  ssize_t n;
  do {
    n = ::sendmsg(sock, &msg, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(sizeof wire);
}

}  // namespace

Result<std::pair<Fd, Fd>> channel() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return fail(Stage::clone, "CHANNEL_FAILED", errno, "make the start channel");
  return std::pair<Fd, Fd>(Fd(pair[0]), Fd(pair[1]));
}

Status send(int sock, Kind kind, int fd, int number) {
  Wire wire{};
  wire.kind = static_cast<unsigned char>(kind);
  wire.number = number;
  if (!transmit(sock, wire, fd)) return fail(Stage::clone, "CHANNEL_FAILED", errno, "send to the other side of the start");
  return Ok{};
}

void send_error(int sock, const Error& error, int exit_code) {
  Wire wire{};
  wire.kind = static_cast<unsigned char>(Kind::error);
  wire.stage = static_cast<unsigned char>(error.stage);
  wire.number = exit_code;
  wire.err = error.err;
  put(wire.code, error.code);
  put(wire.message, error.message);
  put(wire.hint, error.hint);
  (void)transmit(sock, wire, -1);
}

Heard hear(int sock, std::span<char> buffer, int flags) {
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  Heard out;
  bool reset = false;
  do {
    out.size = ::recvmsg(sock, &message, flags | MSG_CMSG_CLOEXEC);
  } while (out.size < 0 && (errno == EINTR || (errno == ECONNRESET && !std::exchange(reset, true))));
  if (out.size <= 0) return out;
  out.cut = (message.msg_flags & MSG_TRUNC) != 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int))) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(c), sizeof fd);
      out.fd = Fd(fd);
    }
  return out;
}

Result<Message> receive(int sock) {
  Wire wire{};
  Heard heard = hear(sock, {reinterpret_cast<char*>(&wire), sizeof wire});
  if (heard.size < 0) return fail(Stage::clone, "CHANNEL_FAILED", errno, "hear from the other side of the start");
  if (heard.size == 0) return fail(Stage::clone, "CHANNEL_CLOSED", 0, "the other side of the start is gone");
  Message out;
  out.fd = std::move(heard.fd);
  if (heard.size != static_cast<ssize_t>(sizeof wire)) return fail(Stage::clone, "CHANNEL_FAILED", EPROTO, "short message of a start");
  out.kind = static_cast<Kind>(wire.kind);
  out.number = wire.number;
  if (out.kind == Kind::error) {
    auto stage = wire.stage <= static_cast<unsigned char>(Stage::hook) ? static_cast<Stage>(wire.stage) : Stage::process;
    out.error = Error{stage, get(wire.code), wire.err, get(wire.message), get(wire.hint)};
  }
  return out;
}

Result<Message> expect(int sock, Kind expected) {
  SECURE_LET(message, receive(sock));
  if (message.kind == Kind::error) return std::move(message.error);
  if (message.kind != expected) return fail(Stage::clone, "CHANNEL_FAILED", EPROTO, "unexpected message of a start");
  return message;
}

}  // namespace secure::sync
