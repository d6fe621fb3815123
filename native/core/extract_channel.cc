// SPDX-License-Identifier: Apache-2.0
#include "extract_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "sync.h"

namespace secure::extract {

namespace {

// One fixed size, so that no length of the other side is ever believed (CVE-2021-43784 class).
struct Wire {
  std::uint64_t number;
  std::int32_t err;
  unsigned char say, stage;
  char code[48];
  char text[4352];  // a path, or a message with a quoted name in it
  char hint[256];
};

template <std::size_t N>
void put(char (&to)[N], const std::string& from) {
  std::memcpy(to, from.data(), std::min(from.size(), N - 1));  // the rest is zero already
}

template <std::size_t N>
std::string get(const char (&from)[N]) {
  return {from, ::strnlen(from, N)};
}

// For text that goes to a terminal.
template <std::size_t N>
std::string printable(const char (&from)[N]) {
  std::string out = get(from);
  std::replace_if(out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

Status transmit(int sock, const Wire& wire, int fd) {
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
  if (n == static_cast<ssize_t>(sizeof wire)) return Ok{};
  return fail(Stage::image, "CHANNEL_CLOSED", errno, "talk to the other process of the extraction");
}

}  // namespace

Status send(int sock, Say say, std::uint64_t number, const std::string& text, int fd) {
  Wire wire{};
  wire.say = static_cast<unsigned char>(say);
  wire.number = number;
  put(wire.text, text);
  return transmit(sock, wire, fd);
}

Status send_error(int sock, const Error& error) {
  Wire wire{};
  wire.say = static_cast<unsigned char>(Say::error);
  wire.stage = static_cast<unsigned char>(error.stage);
  wire.err = error.err;
  put(wire.code, error.code);
  put(wire.text, error.message);
  put(wire.hint, error.hint);
  return transmit(sock, wire, -1);
}

Result<Message> receive(int sock) {
  Wire wire{};
  sync::Heard heard = sync::hear(sock, {reinterpret_cast<char*>(&wire), sizeof wire});
  Message out;
  out.fd = std::move(heard.fd);
  if (heard.size != static_cast<ssize_t>(sizeof wire) || wire.say < static_cast<unsigned char>(Say::ready) ||
      wire.say > static_cast<unsigned char>(Say::done))
    return fail(Stage::image, "CHANNEL_CLOSED", heard.size < 0 ? errno : 0, "the other process of the extraction is gone");
  out.say = static_cast<Say>(wire.say);
  out.number = wire.number;
  if (out.say != Say::error) {
    out.text = get(wire.text);
    return out;
  }
  const auto last = static_cast<unsigned char>(Stage::network);
  out.error = fail(static_cast<Stage>(std::min(wire.stage, last)), printable(wire.code), wire.err,
                   printable(wire.text), printable(wire.hint));
  return out;
}

Result<Message> expect(int sock, Say expected) {
  SECURE_LET(message, receive(sock));
  if (message.say == Say::error) return std::move(message.error);
  if (message.say != expected)
    return fail(Stage::image, "CHANNEL_CLOSED", EPROTO, "an unexpected message in the extraction");
  return message;
}

}  // namespace secure::extract
