// SPDX-License-Identifier: Apache-2.0
#include "address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "number.h"

namespace secure::net {

namespace {

unsigned bits(const Address& address) { return static_cast<unsigned>(address.size()) * 8; }

// Whether the first `length` bits are the same.
bool same_bits(const Address& a, const Address& b, unsigned length) {
  const unsigned whole = length / 8, rest = length % 8;
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin())) return false;
  return rest == 0 || ((a.bytes[whole] ^ b.bytes[whole]) >> (8 - rest)) == 0;
}

Address masked(Address address, unsigned length) {
  for (unsigned i = 0; i < address.size(); ++i) {
    const unsigned kept = length >= (i + 1) * 8 ? 8 : length > i * 8 ? length - i * 8 : 0;
    address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xFF00U >> kept));
  }
  return address;
}

// ::ffff:a.b.c.d and ::a.b.c.d. A socket or a rule of the family IPv6 would mean another thing by them than a filter that looks at
// IPv4, so an address has one notation here.
bool holds_ipv4(const Address& address) {
  const auto& b = address.bytes;
  if (!std::all_of(b.begin(), b.begin() + 10, [](std::uint8_t byte) { return byte == 0; })) return false;
  return (b[10] == 0xFF && b[11] == 0xFF) || (b[10] == 0 && b[11] == 0 && (b[12] != 0 || b[13] != 0));
}

// What was given, short enough and without what would change a terminal.
std::string shown(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 64)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return "\"" + out + (text.size() > 64 ? "...\"" : "\"");
}

Error invalid(std::string_view text, const std::string& why, std::string hint) {
  return fail(Stage::network, "ADDRESS_INVALID", 0, shown(text) + " " + why, std::move(hint));
}

constexpr const char* kAddressHint = "write it like 192.0.2.1 or 2001:db8::1, without port, zone or brackets";

}  // namespace

std::size_t Address::size() const { return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0; }

std::string_view Address::view() const { return {reinterpret_cast<const char*>(bytes.data()), size()}; }

std::string Address::text() const {
  char buffer[INET6_ADDRSTRLEN];
  if (size() == 0 || ::inet_ntop(family, bytes.data(), buffer, sizeof buffer) == nullptr) return "";
  return buffer;
}

bool Address::unspecified() const {
  return size() != 0 && std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool Address::loopback() const {
  if (family == AF_INET) return bytes[0] == 127;
  if (family != AF_INET6 || bytes[15] != 1) return false;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

Result<Address> parse_address(std::string_view text) {
  // inet_pton(3) ends at a NUL, so one inside would hide what follows.
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN || text.find('\0') != text.npos)
    return invalid(text, "is no IP address", kAddressHint);
  const bool six = text.find(':') != text.npos;
  Address out;
  out.family = six ? AF_INET6 : AF_INET;
  if (::inet_pton(out.family, std::string(text).c_str(), out.bytes.data()) != 1)
    return invalid(text, "is no IP address", kAddressHint);
  if (six && (text.find('.') != text.npos || holds_ipv4(out)))
    return invalid(text, "is an IPv4 address inside an IPv6 address", "write the IPv4 address alone");
  return out;
}

bool Prefix::contains(const Address& address) const {
  return address.size() != 0 && address.family == base.family && same_bits(base, address, std::min(length, bits(base)));
}

bool Prefix::overlaps(const Prefix& other) const {
  return length <= other.length ? contains(other.base) : other.contains(base);
}

Address Prefix::host(std::uint32_t n) const {
  Address out = base;
  std::uint64_t carry = n;
  for (std::size_t i = out.size(); i-- > 0 && carry != 0;) {
    carry += out.bytes[i];
    out.bytes[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  // Past the end of the prefix, or of all addresses: none, so that a wrong number is never somebody else's address.
  return carry == 0 && contains(out) ? out : Address{};
}

std::uint32_t Prefix::hosts() const {
  if (base.size() == 0 || length > bits(base)) return 0;
  const unsigned free = std::min(bits(base) - length, 32U);
  const std::uint64_t all = 1ULL << free, taken = base.family == AF_INET ? 3 : 2;
  return all > taken ? static_cast<std::uint32_t>(all - taken) : 0;
}

std::string Prefix::text() const { return base.size() == 0 ? "" : base.text() + "/" + std::to_string(length); }

Result<Prefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return invalid(text, "has no prefix length", "write it like 10.203.0.0/16");
  SECURE_LET(base, parse_address(text.substr(0, slash)));
  const auto length = number::decimal(text.substr(slash + 1), bits(base));
  if (!length)
    return invalid(text, "has a prefix length that is not a number from 0 to " + std::to_string(bits(base)),
                   "write it like 10.203.0.0/16");
  Prefix out{base, static_cast<unsigned>(*length)};
  const Prefix meant{masked(base, out.length), out.length};
  if (meant.base != base) return invalid(text, "has bits set behind its prefix length", "write " + meant.text());
  return out;
}

}  // namespace secure::net
