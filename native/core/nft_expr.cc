// SPDX-License-Identifier: Apache-2.0
#include "nft_expr.h"

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

namespace secure::nft {

namespace {

// The kernel compares connection tracking fields and routing types in its own byte order.
std::string host32_bytes(std::uint32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

}  // namespace

Rule::Rule(std::uint8_t family, const std::string& table, const std::string& chain, bool at_head)
    : message_(nft::message(NFT_MSG_NEWRULE, NLM_F_CREATE | (at_head ? 0 : NLM_F_APPEND), family)) {
  message_.text(NFTA_RULE_TABLE, table).text(NFTA_RULE_CHAIN, chain);
  expressions_ = message_.begin(NFTA_RULE_EXPRESSIONS);
}

template <typename Body>
Rule& Rule::expression(const char* name, Body body) {
  const auto element = message_.begin(NFTA_LIST_ELEM);
  message_.text(NFTA_EXPR_NAME, name);
  const auto attributes = message_.begin(NFTA_EXPR_DATA);
  body();
  message_.end(attributes);
  message_.end(element);
  return *this;
}

Rule& Rule::data(std::uint16_t type, std::string_view bytes) {
  const auto at = message_.begin(type);
  message_.attr(NFTA_DATA_VALUE, bytes);
  message_.end(at);
  return *this;
}

Rule& Rule::meta(std::uint32_t key, std::uint32_t to) {
  return expression("meta", [&] { message_.be32(NFTA_META_KEY, key).be32(NFTA_META_DREG, to); });
}

Rule& Rule::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length, std::uint32_t to) {
  return expression("payload", [&] {
    message_.be32(NFTA_PAYLOAD_DREG, to)
        .be32(NFTA_PAYLOAD_BASE, base)
        .be32(NFTA_PAYLOAD_OFFSET, offset)
        .be32(NFTA_PAYLOAD_LEN, length);
  });
}

Rule& Rule::ct(std::uint32_t key, std::uint32_t to) {
  return expression("ct", [&] { message_.be32(NFTA_CT_KEY, key).be32(NFTA_CT_DREG, to); });
}

Rule& Rule::compare(std::uint32_t operation, std::string_view bytes) {
  return expression("cmp", [&] {
    message_.be32(NFTA_CMP_SREG, kAccumulator).be32(NFTA_CMP_OP, operation);
    data(NFTA_CMP_DATA, bytes);
  });
}

Rule& Rule::mask(std::string_view bytes) {
  return expression("bitwise", [&] {
    message_.be32(NFTA_BITWISE_SREG, kAccumulator)
        .be32(NFTA_BITWISE_DREG, kAccumulator)
        .be32(NFTA_BITWISE_LEN, static_cast<std::uint32_t>(bytes.size()));
    data(NFTA_BITWISE_MASK, bytes);
    data(NFTA_BITWISE_XOR, std::string(bytes.size(), '\0'));
  });
}

Rule& Rule::lookup(const std::string& set, std::uint32_t from) {
  return expression("lookup", [&] { message_.text(NFTA_LOOKUP_SET, set).be32(NFTA_LOOKUP_SREG, from); });
}

Rule& Rule::lookup_value(const std::string& map, std::uint32_t from, std::uint32_t to) {
  return expression("lookup", [&] {
    message_.text(NFTA_LOOKUP_SET, map).be32(NFTA_LOOKUP_SREG, from).be32(NFTA_LOOKUP_DREG, to);
  });
}

Rule& Rule::lookup_verdict(const std::string& map, std::uint32_t from) { return lookup_value(map, from, NFT_REG_VERDICT); }

Rule& Rule::counter() {
  return expression("counter", [] {});
}

Rule& Rule::interface(std::uint32_t key, const std::string& name, std::uint32_t operation) {
  // The whole field: a shorter comparison would match every name that begins so.
  std::string field = name;
  field.resize(IFNAMSIZ, '\0');
  return meta(key).compare(operation, field);
}

Rule& Rule::family(const Family& family) {
  return meta(NFT_META_NFPROTO).compare(NFT_CMP_EQ, {reinterpret_cast<const char*>(&family.nfproto), 1});
}

Rule& Rule::source(const Family& family, std::uint32_t to) {
  return payload(NFT_PAYLOAD_NETWORK_HEADER, family.saddr, family.size, to);
}

Rule& Rule::destination(const Family& family, std::uint32_t to) {
  return payload(NFT_PAYLOAD_NETWORK_HEADER, family.daddr, family.size, to);
}

Rule& Rule::destination_port(std::uint32_t to) { return payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, to); }

Rule& Rule::from_group(std::uint32_t group) { return meta(NFT_META_IIFGROUP).compare(NFT_CMP_EQ, host32_bytes(group)); }

Rule& Rule::over_ethernet() {
  constexpr std::uint16_t kEthernet = ARPHRD_ETHER;
  return meta(NFT_META_IIFTYPE).compare(NFT_CMP_EQ, {reinterpret_cast<const char*>(&kEthernet), sizeof kEthernet});
}

Rule& Rule::source_hardware(std::uint32_t to) {
  return payload(NFT_PAYLOAD_LL_HEADER, offsetof(ethhdr, h_source), ETH_ALEN, to);
}

Rule& Rule::within(const net::Prefix& prefix) {
  std::string bits(prefix.base.size(), '\0');
  for (std::size_t i = 0; i < prefix.length && i < bits.size() * 8; i++)
    bits[i / 8] = static_cast<char>(static_cast<unsigned char>(bits[i / 8]) | (0x80U >> (i % 8)));
  return mask(bits).compare(NFT_CMP_EQ, prefix.base.view());
}

Rule& Rule::any_bit(std::uint32_t key, std::uint32_t bits) {
  return ct(key).mask(host32_bytes(bits)).compare(NFT_CMP_NEQ, host32_bytes(0));
}

Rule& Rule::to_local_address() {
  expression("fib", [&] {
    message_.be32(NFTA_FIB_DREG, kAccumulator)
        .be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE)
        .be32(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
  });
  return compare(NFT_CMP_EQ, host32_bytes(RTN_LOCAL));
}

Rule& Rule::verdict(int code, const std::string& chain) {
  return expression("immediate", [&] {
    message_.be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    const auto at = message_.begin(NFTA_IMMEDIATE_DATA);
    const auto verdict = message_.begin(NFTA_DATA_VERDICT);
    message_.be32(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(code));
    if (!chain.empty()) message_.text(NFTA_VERDICT_CHAIN, chain);
    message_.end(verdict);
    message_.end(at);
  });
}

Rule& Rule::dnat(const Family& family) {
  return expression("nat", [&] {
    message_.be32(NFTA_NAT_TYPE, NFT_NAT_DNAT)
        .be32(NFTA_NAT_FAMILY, family.nfproto)
        .be32(NFTA_NAT_REG_ADDR_MIN, kAccumulator)
        .be32(NFTA_NAT_REG_PROTO_MIN, reg(family.size / 4));
  });
}

Rule& Rule::masquerade() {
  return expression("masq", [] {});
}

netlink::Message Rule::finish(const std::string& user_data) && {
  message_.end(expressions_);
  if (!user_data.empty()) message_.attr(NFTA_RULE_USERDATA, user_data);
  return std::move(message_);
}

}  // namespace secure::nft
