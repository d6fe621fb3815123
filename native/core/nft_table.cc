// SPDX-License-Identifier: Apache-2.0
// The table itself. In nft's own syntax it is in native/test/nft_table_test.cc, which compares what the kernel made of the two.
#include "nft_table.h"

#include <netinet/icmp6.h>  // first: the kernel's headers then leave their in.h out

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>

#include "nft_expr.h"
#include "nft_wire.h"
#include "rtnl.h"

namespace secure::nft {

namespace {

using netlink::Message;

constexpr char kMark[] = "secure 2";  // with the version of what is in the table

struct Chain {
  const char* name;
  const char* type;  // nullptr: reached by jumps only
  std::uint32_t hook;
  std::int32_t priority;
};
constexpr std::array<Chain, 10> kChains{{
    {"publish", nullptr, 0, 0},
    {"leaving", nullptr, 0, 0},
    {"entering", nullptr, 0, 0},
    {"source", nullptr, 0, 0},
    {"guard", "filter", NF_INET_PRE_ROUTING, -300},
    {"prerouting", "nat", NF_INET_PRE_ROUTING, -100},
    {"output", "nat", NF_INET_LOCAL_OUT, -100},
    {"postrouting", "nat", NF_INET_POST_ROUTING, 100},
    {"input", "filter", NF_INET_LOCAL_IN, 0},
    {"forward", "filter", NF_INET_FORWARD, 0},
}};

// NF_CT_STATE_BIT of IP_CT_ESTABLISHED and IP_CT_RELATED.
constexpr std::uint32_t kReplies = 2 | 4;

const net::Prefix kLoopback4{{AF_INET, {127}}, 8};
const net::Address kLoopback6{AF_INET6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

Message make_table(const std::string& name) {
  Message out = message(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, NFPROTO_INET);
  out.text(NFTA_TABLE_NAME, name).attr(NFTA_TABLE_USERDATA, comment(kMark));
  return out;
}

Message make_chain(const std::string& table, const Chain& chain) {
  Message out = message(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, NFPROTO_INET);
  out.text(NFTA_CHAIN_TABLE, table).text(NFTA_CHAIN_NAME, chain.name);
  if (chain.type == nullptr) return out;
  const auto hook = out.begin(NFTA_CHAIN_HOOK);
  out.be32(NFTA_HOOK_HOOKNUM, chain.hook).be32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(chain.priority));
  out.end(hook);
  out.be32(NFTA_CHAIN_POLICY, NF_ACCEPT).text(NFTA_CHAIN_TYPE, chain.type);
  return out;
}

// nft reads the type of a set from numbers of its own, 6 bits for each field; the kernel only keeps them.
struct Shape {
  std::uint32_t type = 0, length = 0;
  void add(std::uint32_t datatype, std::uint32_t size) {
    type = type << 6 | datatype;
    length += (size + 3) / 4 * 4;
  }
};

Message make_set(const std::string& table, const SetModel& set, const Family& family) {
  constexpr std::uint32_t kHardwareType = 9, kProtocolType = 12, kServiceType = 13;
  Shape key, value;
  for (std::size_t i = 0; i < set.fields; i++) {
    if (set.key[i] == Field::address) key.add(family.datatype, family.size);
    if (set.key[i] == Field::protocol) key.add(kProtocolType, 1);
    if (set.key[i] == Field::port) key.add(kServiceType, 2);
    if (set.key[i] == Field::hardware) key.add(kHardwareType, sizeof(net::Hardware));
  }
  value.add(family.datatype, family.size);
  value.add(kServiceType, 2);
  Message out = message(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, NFPROTO_INET);
  out.text(NFTA_SET_TABLE, table)
      .text(NFTA_SET_NAME, set_name(set, family))
      .be32(NFTA_SET_FLAGS, set.value == Value::none ? 0 : NFT_SET_MAP)
      .be32(NFTA_SET_KEY_TYPE, key.type)
      .be32(NFTA_SET_KEY_LEN, key.length);
  if (set.value == Value::verdict) out.be32(NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT).be32(NFTA_SET_DATA_LEN, 0);
  if (set.value == Value::endpoint) out.be32(NFTA_SET_DATA_TYPE, value.type).be32(NFTA_SET_DATA_LEN, value.length);
  // Only tells the sets of one transaction apart.
  out.be32(NFTA_SET_ID, static_cast<std::uint32_t>((&set - kSets.data()) * 2 + (&family - kFamilies.data()) + 1));
  return out;
}

Message make_guarded(const std::string& table) {
  constexpr std::uint32_t kInterfaceName = 41;
  // nft's own note (byte order of the key, 4 bytes: the host's), without which it shows every name as "".
  constexpr std::uint32_t kHostOrder = 1;
  std::string note("\0\4", 2);
  note.append(reinterpret_cast<const char*>(&kHostOrder), sizeof kHostOrder);
  Message out = message(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, NFPROTO_INET);
  out.text(NFTA_SET_TABLE, table)
      .text(NFTA_SET_NAME, kGuarded)
      .be32(NFTA_SET_FLAGS, 0)
      .be32(NFTA_SET_KEY_TYPE, kInterfaceName)
      .be32(NFTA_SET_KEY_LEN, IFNAMSIZ)
      .be32(NFTA_SET_ID, kSets.size() * kFamilies.size() + 1)
      .attr(NFTA_SET_USERDATA, note);
  return out;
}

std::string bytes(std::initializer_list<std::uint8_t> values) { return {values.begin(), values.end()}; }

std::vector<Message> make_rules(const Table& table) {
  const std::string& bridge = table.bridge;
  const auto& [ip4, ip6] = kFamilies;
  std::vector<Message> out;
  auto in = [&](const char* chain) { return Rule(NFPROTO_INET, bridge, chain); };
  auto add = [&](Rule& rule) { out.push_back(std::move(rule).finish()); };
  auto name = [](std::size_t set, const Family& family) { return set_name(kSets[set], family); };
  enum : std::size_t { publish, anyaddress, egress, egressports, host, source };

  // What is published on loopback is for the host alone: a neighbour may route 127.0.0.1 to us.
  add(in("guard").iif("lo", NFT_CMP_NEQ).family(ip4).destination(ip4).within(kLoopback4).verdict(NF_DROP));
  // A port is no interface of ours, though a frame to 01:80:c2:00:00:0e, or any when the bridge was taken away, comes in as if it were.
  add(in("guard").from_group(rtnl::kPorts).verdict(NF_DROP));
  // A container speaks for itself alone: not with the address of its neighbour, nor of the host.
  add(in("guard").iif(bridge).jump("source"));
  for (const auto& family : kFamilies)
    add(in("source")
            .family(family)
            .over_ethernet()
            .source(family, reg(0))
            .source_hardware(reg(family.size / 4))
            .lookup(name(source, family))
            .verdict(NF_ACCEPT));
  add(in("source").verdict(NF_DROP));

  for (const auto& family : kFamilies)
    add(in("publish")
            .family(family)
            .meta(NFT_META_L4PROTO, reg(0))
            .destination(family, reg(1))
            .destination_port(reg(1 + family.size / 4))
            .lookup_value(name(publish, family))
            .dnat(family));
  for (const auto& family : kFamilies) {
    Rule rule = in("publish").family(family);
    // The reply to ::1 would have to come from another device than lo. Refused at once, a client tries 127.0.0.1 next.
    if (family.af == AF_INET6) rule.destination(family).compare(NFT_CMP_NEQ, kLoopback6.view());
    add(rule.to_local_address()
            .meta(NFT_META_L4PROTO, reg(0))
            .destination_port(reg(1))
            .lookup_value(name(anyaddress, family))
            .dnat(family));
  }
  // Containers do not reach each other through what is published.
  add(in("prerouting").iif(bridge).verdict(NFT_RETURN));
  add(in("prerouting").jump("publish"));
  add(in("output").jump("publish"));

  add(in("postrouting").oif(bridge).family(ip4).source(ip4).within(kLoopback4).masquerade());
  add(in("postrouting").oif(bridge, NFT_CMP_NEQ).family(ip4).source(ip4).within(table.subnet4).masquerade());
  if (table.subnet6)
    add(in("postrouting").oif(bridge, NFT_CMP_NEQ).family(ip6).source(ip6).within(*table.subnet6).masquerade());

  add(in("input").iif(bridge, NFT_CMP_NEQ).verdict(NF_ACCEPT));
  add(in("input").any_bit(NFT_CT_STATE, kReplies).verdict(NF_ACCEPT));
  add(in("input")
          .family(ip6)
          .meta(NFT_META_L4PROTO)
          .compare(NFT_CMP_EQ, bytes({IPPROTO_ICMPV6}))
          .payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1)
          .compare(NFT_CMP_GTE, bytes({ND_NEIGHBOR_SOLICIT}))
          .compare(NFT_CMP_LTE, bytes({ND_NEIGHBOR_ADVERT}))
          .verdict(NF_ACCEPT));
  for (const auto& family : kFamilies)
    add(in("input").family(family).source(family).lookup(name(host, family)).verdict(NF_ACCEPT));
  add(in("input").verdict(NF_DROP));

  // A host that was no router does not become one because of us; nobody is in the set when it was one.
  add(in("forward").meta(NFT_META_IIFNAME).lookup(kGuarded).meta(NFT_META_OIFNAME).lookup(kGuarded).verdict(NF_DROP));
  add(in("forward").iif(bridge).jump("leaving"));
  add(in("forward").oif(bridge).jump("entering"));

  add(in("leaving").oif(bridge).verdict(NF_DROP));
  add(in("leaving").any_bit(NFT_CT_STATE, kReplies).verdict(NF_ACCEPT));
  for (const auto& family : kFamilies)
    add(in("leaving").family(family).source(family).lookup_verdict(name(egress, family)));
  for (const auto& family : kFamilies)
    add(in("leaving")
            .family(family)
            .source(family, reg(0))
            .meta(NFT_META_L4PROTO, reg(family.size / 4))
            .destination_port(reg(family.size / 4 + 1))
            .lookup(name(egressports, family))
            .verdict(NF_ACCEPT));
  add(in("leaving").verdict(NF_DROP));

  add(in("entering").any_bit(NFT_CT_STATE, kReplies).verdict(NF_ACCEPT));
  add(in("entering").any_bit(NFT_CT_STATUS, IPS_DST_NAT).verdict(NF_ACCEPT));
  add(in("entering").verdict(NF_DROP));
  return out;
}

enum class Found { absent, ours, older, foreign };

Result<Found> find(netlink::Socket& socket, const std::string& name) {
  auto tables = dump(socket, {NFT_MSG_GETTABLE, NFPROTO_INET, {}, "list the nftables tables"});
  if (!tables) {
    // EINVAL is what nfnetlink says to a question for a subsystem that is not there.
    if (tables.error().err == EINVAL) tables.error().err = EOPNOTSUPP;
    return unavailable(std::move(tables.error()));
  }
  for (const auto& table : *tables) {
    if (netlink::to_text(netlink::find_attribute(table, NFTA_TABLE_NAME)) != name) continue;
    const std::string mark = comment_of(netlink::find_attribute(table, NFTA_TABLE_USERDATA));
    return mark == kMark ? Found::ours : mark.rfind("secure ", 0) == 0 ? Found::older : Found::foreign;
  }
  return Found::absent;
}

// `nft flush table`, by hand or by a firewall's script, leaves the chains without rules, and every container open.
Result<bool> has_rules(netlink::Socket& socket, const std::string& name, std::size_t wanted) {
  SECURE_LET(all, dump(socket, {NFT_MSG_GETRULE, NFPROTO_INET, {{NFTA_RULE_TABLE, name}}, "list the rules of table inet " + name}));
  const auto present = std::count_if(all.begin(), all.end(), [&](const std::string& rule) {
    return netlink::to_text(netlink::find_attribute(rule, NFTA_RULE_TABLE)) == name;
  });
  return static_cast<std::size_t>(present) >= wanted;
}

Status restore_rules(netlink::Socket& socket, const Table& table) {
  const std::string& name = table.bridge;
  std::vector<Message> rules = make_rules(table);
  SECURE_LET(whole, has_rules(socket, name, rules.size()));
  if (whole) return Ok{};
  Message flush = message(NFT_MSG_DELRULE, 0, NFPROTO_INET);
  flush.text(NFTA_RULE_TABLE, name);
  rules.insert(rules.begin(), std::move(flush));
  auto status = socket.transaction(rules, "restore the rules of table inet " + name);
  if (!status && status.error().err == ENOENT) return missing(name);
  return status;
}

}  // namespace

Status ensure(netlink::Socket& socket, const Table& table) {
  const std::string what = "the nftables table inet " + table.bridge;
  for (bool again = false;; again = true) {
    SECURE_LET(found, find(socket, table.bridge));
    if (found == Found::ours) return restore_rules(socket, table);
    if (found == Found::older)
      return fail(Stage::network, "TABLE_TAKEN", EEXIST, what + " was made by another version of secure",
                  "stop the containers of this bridge with that version, or choose another bridge name (SECURE_BRIDGE)");
    if (found == Found::foreign)
      return fail(Stage::network, "TABLE_TAKEN", EEXIST, what + " belongs to something else",
                  "choose another bridge name (SECURE_BRIDGE), or remove the table: nft delete table inet " + table.bridge);
    std::vector<Message> all;
    all.push_back(make_table(table.bridge));
    for (const auto& chain : kChains) all.push_back(make_chain(table.bridge, chain));
    for (const auto& set : kSets)
      for (const auto& family : kFamilies) all.push_back(make_set(table.bridge, set, family));
    all.push_back(make_guarded(table.bridge));
    for (auto& rule : make_rules(table)) all.push_back(std::move(rule));
    auto status = socket.transaction(all, "make " + what);
    if (status) return status;
    // Somebody made it since we looked: look whose it is.
    if (status.error().err == EEXIST && !again) continue;
    return unavailable(std::move(status.error()));
  }
}

Result<bool> intact(netlink::Socket& socket, const Table& table) {
  SECURE_LET(found, find(socket, table.bridge));
  if (found != Found::ours) return false;
  return has_rules(socket, table.bridge, make_rules(table).size());
}

Status remove(netlink::Socket& socket, const std::string& table) {
  auto found = find(socket, table);
  if (!found && found.error().code == "NFT_UNAVAILABLE") return Ok{};  // then there is no table either
  if (!found) return found.error();
  // What somebody else calls so is not ours to remove.
  if (*found == Found::absent || *found == Found::foreign) return Ok{};
  return remove_of_others(socket, table);
}

Status remove_of_others(netlink::Socket& socket, const std::string& table) {
  std::vector<Message> all;
  all.push_back(message(NFT_MSG_DELTABLE, 0, NFPROTO_INET));
  all.back().text(NFTA_TABLE_NAME, table);
  auto status = socket.transaction(all, "remove the nftables table inet " + table);
  return status || status.error().err == ENOENT ? Status(Ok{}) : status;
}

}  // namespace secure::nft
