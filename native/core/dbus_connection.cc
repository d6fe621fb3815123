// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <algorithm>

#include "dbus.h"

namespace secure::dbus {

namespace {

constexpr int kAnswerMs = 30'000;

std::int64_t now_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000;
}

std::string unescape(std::string_view text) {
  std::string out;
  auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 0; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 2 >= text.size()) out += text[i];
    else {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    }
  }
  return out;
}

// "unix:path=/run/dbus/system_bus_socket,guid=..." or "unix:abstract=..."; anything else is no address of this machine.
Fd connect_to(std::string_view one) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!one.starts_with("unix:")) {
    errno = EAFNOSUPPORT;
    return Fd();
  }
  one.remove_prefix(5);
  std::string path;
  for (; !one.empty(); one.remove_prefix(std::min(one.size(), one.find(',') + (one.find(',') == std::string_view::npos ? 0 : 1)))) {
    const std::string_view pair = one.substr(0, one.find(','));
    if (pair.starts_with("path=")) path = unescape(pair.substr(5));
    if (pair.starts_with("abstract=")) path = std::string(1, '\0') + unescape(pair.substr(9));
    if (one.find(',') == std::string_view::npos) break;
  }
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    errno = EINVAL;
    return Fd();
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (path[0] == '\0' ? 0 : 1));
  Fd out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (out.valid() && ::connect(out.get(), reinterpret_cast<sockaddr*>(&address), size) < 0) {
    const int err = errno;
    out.reset();
    errno = err;
  }
  return out;
}

}  // namespace

Result<Connection> Connection::open(const std::string& address, bool direct) {
  Connection out;
  int err = EINVAL;
  for (std::size_t at = 0; at <= address.size() && !out.socket_.valid();) {
    const std::size_t end = std::min(address.find(';', at), address.size());
    out.socket_ = connect_to(std::string_view(address).substr(at, end - at));
    err = errno;
    at = end + 1;
  }
  if (!out.socket_.valid()) return fail(Stage::cgroup, "BUS_UNREACHABLE", err, "connect to " + address);
  // No name of ours: in a user namespace it is another number than the one by which the bus knows us, and it asks the kernel.
  static constexpr char kHello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
  SECURE_TRY(write_all(out.socket_.get(), {kHello, sizeof kHello - 1}, "the bus"));
  // "DATA", then "OK <guid>"; what follows is messages.
  const std::int64_t deadline = now_ms() + kAnswerMs;
  for (int line = 0; line < 2; ++line) {
    std::size_t end;
    while ((end = out.buffer_.find("\r\n")) == std::string::npos) {
      if (out.buffer_.size() > 4096) return fail(Stage::cgroup, "BUS_PROTOCOL", 0, "the bus at " + address + " does not speak D-Bus");
      SECURE_TRY(out.fill(out.buffer_.size() + 1, deadline));
    }
    const std::string answer = out.buffer_.substr(0, end);
    out.buffer_.erase(0, end + 2);
    if (!answer.starts_with(line == 0 ? "DATA" : "OK"))
      return fail(Stage::cgroup, "BUS_REFUSED", 0, "the bus at " + address + " refuses this user: " + answer.substr(0, 80));
  }
  if (direct) return out;
  Message hello;
  hello.destination = hello.interface = "org.freedesktop.DBus";
  hello.path = "/org/freedesktop/DBus";
  hello.member = "Hello";
  SECURE_TRY(out.call(hello));
  return out;
}

Status Connection::fill(std::size_t count, std::int64_t deadline) {
  while (buffer_.size() < count) {
    pollfd wait{socket_.get(), POLLIN, 0};
    const std::int64_t left = deadline - now_ms();
    const int ready = left <= 0 ? 0 : ::poll(&wait, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return fail(Stage::cgroup, "BUS_TIMEOUT", 0, "the bus does not answer");
    char chunk[8192];
    const ssize_t n = ready < 0 ? -1 : ::recv(socket_.get(), chunk, sizeof chunk, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(Stage::cgroup, "BUS_CLOSED", n < 0 ? errno : 0, "the bus closed the connection");
    buffer_.append(chunk, static_cast<std::size_t>(n));
  }
  return Ok{};
}

Result<Message> Connection::receive(std::int64_t deadline) {
  SECURE_TRY(fill(16, deadline));
  const std::size_t size = length(buffer_);
  if (size == 0) return fail(Stage::cgroup, "BUS_PROTOCOL", 0, "the bus sends what is no D-Bus message");
  SECURE_TRY(fill(size, deadline));
  auto out = decode(std::string_view(buffer_).substr(0, size));
  buffer_.erase(0, size);
  return out;
}

Result<Message> Connection::call(const Message& request) {
  Message sent = request;
  sent.serial = ++serial_;
  SECURE_TRY(write_all(socket_.get(), encode(sent), "the bus"));
  const std::int64_t deadline = now_ms() + kAnswerMs;
  for (;;) {
    SECURE_LET(message, receive(deadline));
    if (message.type == Type::signal) signals_.push_back(std::move(message));
    else if (message.answers == sent.serial && message.type == Type::answer) return message;
    else if (message.answers == sent.serial && message.type == Type::error) {
      Reader body(message.body);
      return fail(Stage::cgroup, "BUS_ERROR", 0, request.member + ": " + (message.signature.starts_with('s') ? body.string() : message.error), message.error);
    }
  }
}

Result<Message> Connection::signal(int timeout_ms) {
  const std::int64_t deadline = now_ms() + timeout_ms;
  for (;;) {
    if (!signals_.empty()) {
      Message out = std::move(signals_.front());
      signals_.pop_front();
      return out;
    }
    SECURE_LET(message, receive(deadline));
    if (message.type == Type::signal) return message;
  }
}

}  // namespace secure::dbus
