// SPDX-License-Identifier: Apache-2.0
// IPv4 and IPv6 addresses as bytes in network order.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "result.h"

namespace secure::net {

struct Address {
  int family = 0;  // AF_INET, AF_INET6; 0: none
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] std::size_t size() const;         // 4, 16 or 0
  [[nodiscard]] std::string_view view() const;    // the bytes in use
  [[nodiscard]] std::string text() const;         // "" for none
  [[nodiscard]] bool unspecified() const;         // 0.0.0.0, ::
  [[nodiscard]] bool loopback() const;            // 127.0.0.0/8, ::1
  bool operator==(const Address&) const = default;
};

// No zone, no brackets, no IPv4 in another notation than four decimal numbers. ADDRESS_INVALID.
Result<Address> parse_address(std::string_view text);

// Of an Ethernet device.
using Hardware = std::array<std::uint8_t, 6>;
inline std::string_view view(const Hardware& hardware) { return {reinterpret_cast<const char*>(hardware.data()), hardware.size()}; }

struct Prefix {
  Address base;         // host bits are zero
  unsigned length = 0;

  [[nodiscard]] bool contains(const Address& address) const;
  [[nodiscard]] bool overlaps(const Prefix& other) const;
  // base + n, for n below 2^32 and inside the prefix.
  [[nodiscard]] Address host(std::uint32_t n) const;
  // How many `n` a container may get: without the network, the bridge's own (1) and the broadcast address.
  [[nodiscard]] std::uint32_t hosts() const;
  [[nodiscard]] std::string text() const;
};

// "10.203.0.0/16"; host bits that are set are an error. ADDRESS_INVALID.
Result<Prefix> parse_prefix(std::string_view text);

}  // namespace secure::net
