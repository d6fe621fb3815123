// SPDX-License-Identifier: Apache-2.0
// The part of the protocol buffer encoding that CRIU's interface needs: varints, strings and messages in messages. Numbers
// below zero take ten bytes, as the encoding wants them for int32.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace secure::protobuf {

class Writer {
 public:
  Writer& number(unsigned field, std::int64_t value);
  Writer& text(unsigned field, std::string_view value);
  Writer& message(unsigned field, const Writer& value) { return text(field, value.bytes()); }
  // For optional fields: nothing is written for what is false or empty.
  Writer& flag(unsigned field, bool value) { return value ? number(field, 1) : *this; }
  Writer& some(unsigned field, std::string_view value) { return value.empty() ? *this : text(field, value); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value);
  std::string bytes_;
};

// One field of a message. `text` points into the bytes that were read.
struct Field {
  unsigned number = 0;
  std::int64_t value = 0;  // of a varint or a fixed number
  std::string_view text;   // of a string or a message
  bool is_text = false;
};

// Reads the fields in their order. Nothing outside of the bytes is looked at, whatever they say.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  // Nothing at the end, and for bytes that are no message: ok() tells which.
  std::optional<Field> next();
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::optional<std::uint64_t> varint();
  std::optional<std::uint64_t> fixed(std::size_t size);
  std::optional<Field> broken();
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace secure::protobuf
