// SPDX-License-Identifier: Apache-2.0
// JSON into a buffer of fixed size: nothing is allocated, and what does not fit is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace secure::isolation {

class Writer {
 public:
  explicit Writer(std::span<char> into) : into_(into) {}

  Writer& open(char bracket);   // '{' or '['
  Writer& close(char bracket);  // '}' or ']'
  Writer& key(std::string_view name);
  // Bytes that are not printable ASCII become \u00XX, one by one: names inside need not be UTF-8, and no control character leaves.
  // Cut after `limit` bytes.
  Writer& text(std::string_view value, std::size_t limit = 512);
  Writer& number(std::int64_t value);
  Writer& natural(std::uint64_t value);
  Writer& boolean(bool value);
  Writer& null();
  // JSON that is complete in itself.
  Writer& raw(std::string_view json);

  [[nodiscard]] std::string_view written() const { return {into_.data(), size_}; }
  // Something was left out: what is there is no JSON.
  [[nodiscard]] bool overflowed() const { return overflowed_; }

 private:
  void put(char c);
  void put(std::string_view bytes);
  void separate();

  std::span<char> into_;
  std::size_t size_ = 0;
  bool comma_ = false, overflowed_ = false;
};

// Digits of a number; the view lies in `into`.
std::string_view decimal(std::uint64_t value, std::span<char, 20> into);
// EPERM and the like; `E` and the number for one that is not known here.
std::string_view errno_name(int error, std::span<char, 24> into);

}  // namespace secure::isolation
