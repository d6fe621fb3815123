// SPDX-License-Identifier: Apache-2.0
// As much of D-Bus as asking systemd takes: one connection, calls that wait for their answer, and signals.
// https://dbus.freedesktop.org/doc/dbus-specification.html
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "fd.h"
#include "result.h"

namespace secure::dbus {

// A body, little-endian. Each value is aligned by its type; an array is begun with the alignment of its elements.
class Writer {
 public:
  void align(std::size_t to) { data.append((to - data.size() % to) % to, '\0'); }
  void byte(std::uint8_t value) { data += static_cast<char>(value); }
  void u32(std::uint32_t value);
  void u64(std::uint64_t value);
  void boolean(bool value) { u32(value ? 1 : 0); }
  void string(std::string_view value);     // also an object path
  void signature(std::string_view value);  // also the first half of a variant
  std::size_t begin_array(std::size_t alignment);
  void end_array(std::size_t mark);

  std::string data;

 private:
  std::vector<std::size_t> starts_;
};

// Reading past the end gives zeros and empty strings, and ok() is false from then on.
class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}
  std::uint8_t byte();
  std::uint32_t u32();
  std::string string();
  std::string signature();
  void align(std::size_t to);
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  bool take(std::size_t count);
  std::string_view data_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

enum class Type : std::uint8_t { call = 1, answer = 2, error = 3, signal = 4 };

struct Message {
  Type type = Type::call;
  std::uint32_t serial = 0, answers = 0;
  std::string path, interface, member, error, destination, signature, body;
};

std::string encode(const Message& message);
// One whole message. BUS_PROTOCOL for what is none.
Result<Message> decode(std::string_view bytes);
// Length of the message that starts with these 16 bytes; 0 for none, or for one above 1 MiB.
std::size_t length(std::string_view start);

class Connection {
 public:
  // `address` as in DBUS_SYSTEM_BUS_ADDRESS; of several the first that answers. `direct`: a socket of one program, without a bus.
  static Result<Connection> open(const std::string& address, bool direct);
  // Waits for the answer for up to 30 s; signals meanwhile are kept. An error of the other side is BUS_ERROR, with its name in the hint.
  Result<Message> call(const Message& request);
  // The next signal, or BUS_TIMEOUT.
  Result<Message> signal(int timeout_ms);

 private:
  Result<Message> receive(std::int64_t deadline);
  Status fill(std::size_t count, std::int64_t deadline);
  Fd socket_;
  std::string buffer_;
  std::deque<Message> signals_;
  std::uint32_t serial_ = 0;
};

}  // namespace secure::dbus
