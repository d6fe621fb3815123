// SPDX-License-Identifier: Apache-2.0
// One rule, written in the order in which the kernel evaluates it: expressions load into registers, compare, and give a verdict.
//
//   Rule(NFPROTO_INET, table, "input").iif(bridge, NFT_CMP_NEQ).verdict(NF_ACCEPT)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "address.h"
#include "nft_wire.h"

namespace secure::nft {

// The n-th 32-bit register. Fields of a concatenation lie in consecutive ones, each field padded to whole registers.
constexpr std::uint32_t reg(std::uint32_t n) { return NFT_REG32_00 + n; }
// Where a single value is loaded and compared.
constexpr std::uint32_t kAccumulator = reg(0);

class Rule {
 public:
  // At the end of the chain; `at_head` at its beginning.
  Rule(std::uint8_t family, const std::string& table, const std::string& chain, bool at_head = false);

  Rule& meta(std::uint32_t key, std::uint32_t to = kAccumulator);
  Rule& payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length, std::uint32_t to = kAccumulator);
  Rule& ct(std::uint32_t key, std::uint32_t to = kAccumulator);
  Rule& compare(std::uint32_t operation, std::string_view bytes);
  Rule& mask(std::string_view bytes);
  Rule& lookup(const std::string& set, std::uint32_t from = kAccumulator);                        // goes on when it is there
  Rule& lookup_value(const std::string& map, std::uint32_t from = kAccumulator, std::uint32_t to = kAccumulator);
  Rule& lookup_verdict(const std::string& map, std::uint32_t from = kAccumulator);
  Rule& counter();

  Rule& interface(std::uint32_t key, const std::string& name, std::uint32_t operation);
  Rule& iif(const std::string& name, std::uint32_t operation = NFT_CMP_EQ) { return interface(NFT_META_IIFNAME, name, operation); }
  Rule& oif(const std::string& name, std::uint32_t operation = NFT_CMP_EQ) { return interface(NFT_META_OIFNAME, name, operation); }
  Rule& family(const Family& family);
  Rule& source(const Family& family, std::uint32_t to = kAccumulator);
  Rule& destination(const Family& family, std::uint32_t to = kAccumulator);
  Rule& destination_port(std::uint32_t to);
  Rule& from_group(std::uint32_t group);     // of interfaces
  Rule& over_ethernet();
  Rule& source_hardware(std::uint32_t to);
  Rule& within(const net::Prefix& prefix);   // of the address in the accumulator
  Rule& any_bit(std::uint32_t key, std::uint32_t bits);  // of a conntrack field
  Rule& to_local_address();                  // by the routing tables

  Rule& verdict(int code, const std::string& chain = {});  // NF_ACCEPT, NF_DROP, NFT_RETURN
  Rule& jump(const std::string& chain) { return verdict(NFT_JUMP, chain); }
  Rule& dnat(const Family& family);          // to the address and the port that begin in the accumulator
  Rule& masquerade();

  // `user_data` as comment() makes it, or none.
  [[nodiscard]] netlink::Message finish(const std::string& user_data = {}) &&;

 private:
  template <typename Body>
  Rule& expression(const char* name, Body body);
  Rule& data(std::uint16_t type, std::string_view bytes);

  netlink::Message message_;
  std::size_t expressions_ = 0;
};

}  // namespace secure::nft
