// SPDX-License-Identifier: Apache-2.0
#include "protobuf.h"

namespace secure::protobuf {

namespace {

enum Wire : unsigned { kVarint = 0, kFixed64 = 1, kText = 2, kFixed32 = 5 };
constexpr std::uint64_t kMaxField = (1U << 29) - 1;
// 64 bits in groups of seven.
constexpr unsigned kMaxVarint = 10;

}  // namespace

void Writer::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
  bytes_ += static_cast<char>(value);
}

Writer& Writer::number(unsigned field, std::int64_t value) {
  varint(std::uint64_t{field} << 3 | kVarint);
  varint(static_cast<std::uint64_t>(value));
  return *this;
}

Writer& Writer::text(unsigned field, std::string_view value) {
  varint(std::uint64_t{field} << 3 | kText);
  varint(value.size());
  bytes_ += value;
  return *this;
}

std::optional<std::uint64_t> Reader::varint() {
  std::uint64_t out = 0;
  for (unsigned i = 0; i < kMaxVarint && i < rest_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rest_[i]);
    // The tenth has room for one bit.
    if (i == kMaxVarint - 1 && byte > 1) return std::nullopt;
    out |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if (byte < 0x80) {
      rest_.remove_prefix(i + 1);
      return out;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::fixed(std::size_t size) {
  if (rest_.size() < size) return std::nullopt;
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
  rest_.remove_prefix(size);
  return out;
}

std::optional<Field> Reader::broken() {
  ok_ = false;
  rest_ = {};
  return std::nullopt;
}

std::optional<Field> Reader::next() {
  if (rest_.empty()) return std::nullopt;
  const auto key = varint();
  if (!key || *key >> 3 == 0 || *key >> 3 > kMaxField) return broken();
  Field out;
  out.number = static_cast<unsigned>(*key >> 3);
  std::optional<std::uint64_t> value;
  switch (*key & 7) {
    case kVarint:
    case kText: value = varint(); break;
    case kFixed64: value = fixed(8); break;
    case kFixed32: value = fixed(4); break;
    default: break;
  }
  if (!value) return broken();
  if ((*key & 7) == kText) {
    if (*value > rest_.size()) return broken();
    out.is_text = true;
    out.text = rest_.substr(0, *value);
    rest_.remove_prefix(*value);
  } else {
    out.value = static_cast<std::int64_t>(*value);
  }
  return out;
}

}  // namespace secure::protobuf
