// SPDX-License-Identifier: Apache-2.0
// The elements of one container. Every container has one in `egress`, so the table knows all its members.
#include <netinet/in.h>  // first: the kernel's header then leaves its own out

#include <linux/netfilter.h>
#include <net/if.h>

#include <algorithm>

#include "nft_flow.h"
#include "nft_table.h"
#include "nft_wire.h"

namespace secure::nft {

namespace {

using net::Address;
using netlink::Message;

enum : std::size_t { kPublish, kAnyAddress, kEgress, kEgressPorts, kHost, kSource };

const Family& family_of(const Address& address) { return kFamilies[address.family == kFamilies[0].af ? 0 : 1]; }

// Fields of a concatenation are padded to registers.
std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + 3) / 4 * 4, '\0');
  return bytes;
}
std::string field(const Address& address) { return std::string(address.view()); }
std::string field(const net::Hardware& hardware) { return padded(std::string(net::view(hardware))); }
std::string field(std::uint8_t protocol) { return padded({static_cast<char>(protocol)}); }
std::string field(std::uint16_t port) { return padded(be16_bytes(port)); }

struct Element {
  std::string set, key;
  std::string value;                    // of a map of endpoints
  std::optional<std::uint32_t> verdict;  // of a map of verdicts
};

void put(Message& message, std::uint16_t type, std::string_view bytes) {
  const auto at = message.begin(type);
  message.attr(NFTA_DATA_VALUE, bytes);
  message.end(at);
}

Message element_message(int type, int flags, const std::string& table, const Element& element) {
  Message out = message(type, flags, NFPROTO_INET);
  out.text(NFTA_SET_ELEM_LIST_TABLE, table).text(NFTA_SET_ELEM_LIST_SET, element.set);
  const auto elements = out.begin(NFTA_SET_ELEM_LIST_ELEMENTS);
  const auto one = out.begin(NFTA_LIST_ELEM);
  put(out, NFTA_SET_ELEM_KEY, element.key);
  if (!element.value.empty()) put(out, NFTA_SET_ELEM_DATA, element.value);
  if (element.verdict) {
    const auto data = out.begin(NFTA_SET_ELEM_DATA);
    const auto verdict = out.begin(NFTA_DATA_VERDICT);
    out.be32(NFTA_VERDICT_CODE, *element.verdict);
    out.end(verdict);
    out.end(data);
  }
  out.end(one);
  out.end(elements);
  return out;
}

std::string protocol_name(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "protocol " + std::to_string(protocol);
}

std::string endpoint_text(const Publish& port) {
  const std::string address = port.host.text();
  return protocol_name(port.protocol) + " port " + std::to_string(port.host_port) + " of " +
         (port.host.unspecified() ? "every address (" + address + ")" : address);
}

std::vector<Element> traffic_elements(const Member& member, const Address& address) {
  const Family& family = family_of(address);
  std::vector<Element> out;
  const int verdict = member.egress_any ? NF_ACCEPT : member.egress_ports.empty() ? NF_DROP : NFT_CONTINUE;
  out.push_back({set_name(kSets[kEgress], family), field(address), {}, static_cast<std::uint32_t>(verdict)});
  out.push_back({set_name(kSets[kSource], family), field(address) + field(member.hardware), {}, {}});
  std::vector<std::uint16_t> ports = member.egress_ports;
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  for (std::uint16_t port : ports)
    for (auto protocol : {std::uint8_t{IPPROTO_TCP}, std::uint8_t{IPPROTO_UDP}})
      out.push_back({set_name(kSets[kEgressPorts], family), field(address) + field(protocol) + field(port), {}, {}});
  if (member.host_access) out.push_back({set_name(kSets[kHost], family), field(address), {}, {}});
  return out;
}

Result<Element> publish_element(const Member& member, const Publish& port) {
  const Address& to = port.host.family == member.address4.family ? member.address4 : member.address6;
  if (to.family == 0 || to.family != port.host.family)
    return fail(Stage::network, "NETWORK_FAILED", EAFNOSUPPORT,
                endpoint_text(port) + " cannot be published: the container has no address of that family",
                "publish on an IPv4 address, or give the network an IPv6 subnet");
  const Family& family = family_of(to);
  const bool any = port.host.unspecified();
  return Element{set_name(kSets[any ? kAnyAddress : kPublish], family),
                 field(port.protocol) + (any ? "" : field(port.host)) + field(port.host_port),
                 field(to) + field(port.container_port),
                 {}};
}

// The container's address at the start of the value or the key, see kSets.
Address address_in(const SetModel& set, const Family& family, std::string_view element) {
  std::string_view bytes = netlink::find_attribute(
      netlink::find_attribute(element, set.value == Value::endpoint ? NFTA_SET_ELEM_DATA : NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
  Address out;
  if (bytes.size() < family.size) return out;
  out.family = family.af;
  std::copy_n(bytes.begin(), family.size, out.bytes.begin());
  return out;
}

struct Present {
  Element element;  // set and key
  Address address;
};

Result<std::vector<Present>> list(netlink::Socket& socket, const std::string& table) {
  std::vector<Present> out;
  for (const auto& family : kFamilies) {
    for (const auto& set : kSets) {
      const std::string name = set_name(set, family);
      auto replies = dump(socket, {NFT_MSG_GETSETELEM, NFPROTO_INET, {{NFTA_SET_ELEM_LIST_TABLE, table}, {NFTA_SET_ELEM_LIST_SET, name}},
                                   "list " + name + " of table inet " + table});
      // No such map, no table, or no nf_tables at all: nothing there.
      if (!replies && (replies.error().err == ENOENT || replies.error().err == EINVAL)) continue;
      if (!replies) return replies.error();
      for (const auto& reply : *replies)
        netlink::each_attribute(
            netlink::find_attribute(reply, NFTA_SET_ELEM_LIST_ELEMENTS), [&](std::uint16_t, std::string_view element) {
              const auto key = netlink::find_attribute(netlink::find_attribute(element, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
              const Address address = address_in(set, family, element);
              if (address.family != 0) out.push_back({{name, std::string(key), {}, {}}, address});
            });
    }
  }
  return out;
}

}  // namespace

Status add(netlink::Socket& socket, const std::string& table, const Member& member) {
  std::vector<Element> elements;
  std::vector<Address> addresses;
  for (const Address& address : {member.address4, member.address6}) {
    if (address.family == 0) continue;
    addresses.push_back(address);
    for (auto& element : traffic_elements(member, address)) elements.push_back(std::move(element));
  }
  const std::size_t first_port = elements.size();
  for (const auto& port : member.publish) {
    SECURE_LET(element, publish_element(member, port));
    elements.push_back(std::move(element));
  }
  if (elements.empty()) return Ok{};
  for (bool again = false;; again = true) {
    // One message for each element: the refused one is known by its number.
    std::vector<Message> messages;
    for (const auto& element : elements)
      messages.push_back(element_message(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, table, element));
    std::size_t failed = 0;
    auto status = socket.transaction(messages, "add the container to table inet " + table, &failed);
    if (status) return forget_unanswered(socket, member.publish);
    const int err = status.error().err;
    if (err == ENOENT) return missing(table);
    if (err != EEXIST) return unavailable(std::move(status.error()));
    if (failed >= first_port && failed < elements.size()) {
      const Publish& port = member.publish[failed - first_port];
      return fail(Stage::network, "PORT_IN_USE", err, endpoint_text(port) + " is published by another container already",
                  "choose another host port, or stop the container that has it");
    }
    // The address is the caller's, so an element of it is what a crash left; the new container must not inherit its egress.
    if (again) return std::move(status.error());
    SECURE_TRY(remove_member(socket, table, addresses));
  }
}

Status remove_member(netlink::Socket& socket, const std::string& table, const std::vector<Address>& addresses) {
  constexpr int kTries = 20;
  for (int attempt = 1;; attempt++) {
    SECURE_LET(present, list(socket, table));
    std::vector<Message> messages;
    for (const auto& [element, address] : present)
      if (std::find(addresses.begin(), addresses.end(), address) != addresses.end())
        messages.push_back(element_message(NFT_MSG_DELSETELEM, 0, table, element));
    Status status = Ok{};
    if (!messages.empty()) status = socket.transaction(messages, "take the container out of table inet " + table);
    if (status) break;
    // Somebody took one of them away since they were listed, gc for instance.
    if (status.error().err != ENOENT || attempt == kTries) return status;
  }
  // Only now: nothing makes new ones any more.
  for (const auto& address : addresses) SECURE_TRY(forget_flows(socket, address));
  return Ok{};
}

Status guard_forwarding(netlink::Socket& socket, const std::string& table, const std::vector<std::string>& interfaces) {
  std::vector<Message> messages;
  for (std::string name : interfaces) {
    // The whole field, as the kernel compares it. No interface has another name.
    if (name.empty() || name.size() >= IFNAMSIZ) continue;
    name.resize(IFNAMSIZ, '\0');
    messages.push_back(element_message(NFT_MSG_NEWSETELEM, NLM_F_CREATE, table, {kGuarded, name, {}, {}}));
  }
  if (messages.empty()) return Ok{};
  auto status = socket.transaction(messages, "guard what the host forwards, in table inet " + table);
  if (!status && status.error().err == ENOENT) return missing(table);
  return status;
}

Result<std::vector<Address>> members(netlink::Socket& socket, const std::string& table) {
  SECURE_LET(present, list(socket, table));
  std::vector<Address> out;
  for (const auto& one : present)
    if (std::find(out.begin(), out.end(), one.address) == out.end()) out.push_back(one.address);
  return out;
}

}  // namespace secure::nft
