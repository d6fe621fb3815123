// SPDX-License-Identifier: Apache-2.0
#include "dbus.h"

namespace secure::dbus {

namespace {

constexpr std::size_t kMaxMessage = 1U << 20;

enum Field : std::uint8_t { kPath = 1, kInterface, kMember, kError, kAnswers, kDestination, kSender, kSignature };

Error malformed() { return fail(Stage::cgroup, "BUS_PROTOCOL", 0, "the bus sends what is no D-Bus message"); }

void field(Writer& out, Field code, const char* type, const std::string& value) {
  if (value.empty()) return;
  out.align(8);
  out.byte(code);
  out.signature(type);
  type[0] == 'g' ? out.signature(value) : out.string(value);
}

}  // namespace

void Writer::u32(std::uint32_t value) {
  align(4);
  for (unsigned i = 0; i < 4; ++i) byte(static_cast<std::uint8_t>(value >> (8 * i)));
}

void Writer::u64(std::uint64_t value) {
  align(8);
  for (unsigned i = 0; i < 8; ++i) byte(static_cast<std::uint8_t>(value >> (8 * i)));
}

void Writer::string(std::string_view value) {
  u32(static_cast<std::uint32_t>(value.size()));
  data.append(value).push_back('\0');
}

void Writer::signature(std::string_view value) {
  byte(static_cast<std::uint8_t>(value.size()));
  data.append(value).push_back('\0');
}

std::size_t Writer::begin_array(std::size_t alignment) {
  u32(0);
  const std::size_t mark = data.size() - 4;
  // The padding before the first element is no part of the length.
  align(alignment);
  starts_.push_back(data.size());
  return mark;
}

void Writer::end_array(std::size_t mark) {
  const auto size = static_cast<std::uint32_t>(data.size() - starts_.back());
  starts_.pop_back();
  for (unsigned i = 0; i < 4; ++i) data[mark + i] = static_cast<char>(size >> (8 * i));
}

bool Reader::take(std::size_t count) {
  if (!ok_ || count > data_.size() - at_) return ok_ = false;
  at_ += count;
  return true;
}

void Reader::align(std::size_t to) { (void)take((to - at_ % to) % to); }

std::uint8_t Reader::byte() { return take(1) ? static_cast<std::uint8_t>(data_[at_ - 1]) : 0; }

std::uint32_t Reader::u32() {
  align(4);
  if (!take(4)) return 0;
  std::uint32_t out = 0;
  for (unsigned i = 0; i < 4; ++i) out |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(data_[at_ - 4 + i])) << (8 * i);
  return out;
}

std::string Reader::string() {
  const std::size_t size = u32();
  if (size >= data_.size() || !take(size + 1)) {
    ok_ = false;
    return {};
  }
  return std::string(data_.substr(at_ - size - 1, size));
}

std::string Reader::signature() {
  const std::size_t size = byte();
  return take(size + 1) ? std::string(data_.substr(at_ - size - 1, size)) : std::string();
}

std::string encode(const Message& message) {
  Writer out;
  out.byte('l');
  out.byte(static_cast<std::uint8_t>(message.type));
  out.byte(0);
  out.byte(1);  // version of the protocol
  out.u32(static_cast<std::uint32_t>(message.body.size()));
  out.u32(message.serial);
  const std::size_t fields = out.begin_array(8);
  field(out, kPath, "o", message.path);
  field(out, kInterface, "s", message.interface);
  field(out, kMember, "s", message.member);
  field(out, kError, "s", message.error);
  if (message.answers != 0) {
    out.align(8);
    out.byte(kAnswers);
    out.signature("u");
    out.u32(message.answers);
  }
  field(out, kDestination, "s", message.destination);
  field(out, kSignature, "g", message.signature);
  out.end_array(fields);
  out.align(8);
  return out.data + message.body;
}

std::size_t length(std::string_view start) {
  if (start.size() < 16 || start[0] != 'l') return 0;
  Reader in(start);
  for (int i = 0; i < 4; ++i) (void)in.byte();
  const std::size_t body = in.u32();
  (void)in.u32();
  const std::size_t fields = in.u32();
  if (body > kMaxMessage || fields > kMaxMessage) return 0;
  return 16 + (fields + 7) / 8 * 8 + body;
}

Result<Message> decode(std::string_view bytes) {
  if (length(bytes) != bytes.size()) return malformed();
  Message out;
  Reader in(bytes);
  (void)in.byte();
  out.type = static_cast<Type>(in.byte());
  (void)in.byte();
  (void)in.byte();
  const std::size_t body = in.u32();
  out.serial = in.u32();
  const std::size_t end = in.u32() + 16;
  while (in.ok() && in.at() < end) {
    in.align(8);
    if (in.at() >= end) break;
    const std::uint8_t code = in.byte();
    const std::string type = in.signature();
    std::string text;
    if (type == "s" || type == "o") text = in.string();
    else if (type == "g") text = in.signature();
    else if (type == "u") out.answers = code == kAnswers ? in.u32() : (in.u32(), out.answers);
    else return malformed();
    if (code == kPath) out.path = text;
    if (code == kInterface) out.interface = text;
    if (code == kMember) out.member = text;
    if (code == kError) out.error = text;
    if (code == kSignature) out.signature = text;
  }
  if (!in.ok()) return malformed();
  out.body = bytes.substr(bytes.size() - body);
  return out;
}

}  // namespace secure::dbus
