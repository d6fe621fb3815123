// SPDX-License-Identifier: Apache-2.0
// What the modules of nft_table.h share: nfnetlink messages, dumps, comments, and the table's maps and sets as data.
#pragma once

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "netlink.h"

namespace secure::nft {

// A message of nf_tables: `type` is NFT_MSG_*, `family` NFPROTO_*. Of another subsystem where one is named.
netlink::Message message(int type, int flags, std::uint8_t family, int subsystem = NFNL_SUBSYS_NFTABLES,
                         std::uint8_t version = NFNETLINK_V0);

// Which objects a dump is asked for. The kernel may answer with more: the caller compares names.
struct Query {
  int type = 0;  // NFT_MSG_GET*
  std::uint8_t family = 0;
  std::vector<std::pair<std::uint16_t, std::string>> names;  // NFTA_* and its text
  std::string what;                                          // for errors
};
// The attributes of each object. Begun again when the rules changed meanwhile.
Result<std::vector<std::string>> dump(netlink::Socket& socket, const Query& query);

// A comment as nft and iptables-nft keep it in user data: type 0, length, text with its NUL.
std::string comment(const std::string& text);
// "" when there is none, or when it is malformed.
std::string comment_of(std::string_view user_data);

std::string be32_bytes(std::uint32_t value);
std::string be16_bytes(std::uint16_t value);

// NFT_UNAVAILABLE when errno says, to a transaction, that the kernel lacks a part of nf_tables, else the error as it is.
Error unavailable(Error error);
// TABLE_MISSING, when a table that ensure() saw is gone.
Error missing(const std::string& table);

// What differs between IPv4 and IPv6 in rules: sizes and offsets of addresses in the network header, nft's number of the address type.
struct Family {
  char suffix;  // of map and set names
  int af;
  std::uint8_t nfproto;
  std::uint32_t size, saddr, daddr, datatype;
};
inline constexpr std::array<Family, 2> kFamilies{{{'4', 2 /* AF_INET */, 2 /* NFPROTO_IPV4 */, 4, 12, 16, 7},
                                                  {'6', 10 /* AF_INET6 */, 10 /* NFPROTO_IPV6 */, 16, 8, 24, 8}}};

// The maps and sets of one family. In each of them the container's address is the first field: of the value where that is an address
// and a port, else of the key.
enum class Field : std::uint8_t { address, protocol, port, hardware };
enum class Value : std::uint8_t { none, verdict, endpoint };
struct SetModel {
  const char* name;  // without the family's suffix
  std::array<Field, 3> key;
  std::size_t fields;
  Value value;
};
inline constexpr std::array<SetModel, 6> kSets{{
    {"publish", {Field::protocol, Field::address, Field::port}, 3, Value::endpoint},
    {"anyaddress", {Field::protocol, Field::port}, 2, Value::endpoint},
    {"egress", {Field::address}, 1, Value::verdict},
    {"egressports", {Field::address, Field::protocol, Field::port}, 3, Value::none},
    {"host", {Field::address}, 1, Value::none},
    {"source", {Field::address, Field::hardware}, 2, Value::none},
}};
// Names of interfaces; of no family and no container.
inline constexpr char kGuarded[] = "guarded";
inline std::string set_name(const SetModel& set, const Family& family) { return std::string(set.name) + family.suffix; }

}  // namespace secure::nft
