// SPDX-License-Identifier: Apache-2.0
#include <endian.h>

#include <algorithm>
#include <cstring>

#include "netlink.h"

namespace secure::netlink {

namespace {

template <typename T>
std::string_view as_bytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

Message::Message(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  (void)raw(as_bytes(header));
}

Message& Message::raw(std::string_view bytes) {
  data_.append(bytes);
  data_.resize(NLMSG_ALIGN(data_.size()), '\0');
  return *this;
}

// Of the attribute that begins at `at` and ends with the message.
void Message::set_length(std::size_t at) {
  const std::size_t length = data_.size() - at;
  oversized_ = oversized_ || length > UINT16_MAX;
  const auto field = static_cast<std::uint16_t>(length);
  std::memcpy(data_.data() + at, &field, sizeof field);
}

Message& Message::attr(std::uint16_t type, std::string_view bytes) {
  const std::size_t at = data_.size();
  const nlattr header{0, type};
  data_.append(as_bytes(header));
  data_.append(bytes);
  set_length(at);  // without the padding
  data_.resize(NLMSG_ALIGN(data_.size()), '\0');
  return *this;
}

Message& Message::text(std::uint16_t type, const std::string& value) { return attr(type, {value.c_str(), value.size() + 1}); }
Message& Message::u8(std::uint16_t type, std::uint8_t value) { return attr(type, as_bytes(value)); }
Message& Message::u16(std::uint16_t type, std::uint16_t value) { return attr(type, as_bytes(value)); }
Message& Message::u32(std::uint16_t type, std::uint32_t value) { return attr(type, as_bytes(value)); }
Message& Message::be32(std::uint16_t type, std::uint32_t value) { return u32(type, htobe32(value)); }
Message& Message::be64(std::uint16_t type, std::uint64_t value) { return attr(type, as_bytes(htobe64(value))); }
Message& Message::flag(std::uint16_t type) { return attr(type, {}); }

std::size_t Message::begin(std::uint16_t type) {
  const std::size_t at = data_.size();
  const nlattr header{0, static_cast<std::uint16_t>(type | NLA_F_NESTED)};
  data_.append(as_bytes(header));
  return at;
}

void Message::end(std::size_t at) { set_length(at); }

void Message::finish(std::uint32_t sequence, std::uint16_t extra_flags) {
  nlmsghdr header;
  std::memcpy(&header, data_.data(), sizeof header);
  header.nlmsg_len = static_cast<std::uint32_t>(data_.size());
  header.nlmsg_seq = sequence;
  header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags | extra_flags);
  std::memcpy(data_.data(), &header, sizeof header);
}

void each_attribute(std::string_view attributes, const std::function<void(std::uint16_t, std::string_view)>& visit) {
  nlattr header;
  while (attributes.size() >= sizeof header) {
    std::memcpy(&header, attributes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > attributes.size()) return;
    visit(header.nla_type & NLA_TYPE_MASK, attributes.substr(sizeof header, header.nla_len - sizeof header));
    attributes.remove_prefix(std::min<std::size_t>(NLA_ALIGN(std::size_t{header.nla_len}), attributes.size()));
  }
}

std::string_view find_attribute(std::string_view attributes, std::uint16_t type) {
  std::string_view found;
  each_attribute(attributes, [&](std::uint16_t name, std::string_view value) {
    if (name == type && found.data() == nullptr) found = value;
  });
  return found;
}

std::uint32_t to_u32(std::string_view value) {
  std::uint32_t out = 0;
  if (value.size() == sizeof out) std::memcpy(&out, value.data(), sizeof out);
  return out;
}

std::string to_text(std::string_view value) { return std::string(value.substr(0, value.find('\0'))); }

}  // namespace secure::netlink
