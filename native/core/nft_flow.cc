// SPDX-License-Identifier: Apache-2.0
#include "nft_flow.h"

#include <netinet/in.h>  // first: the kernel's header then leaves its own out

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <algorithm>
#include <optional>

#include "nft_wire.h"

namespace secure::nft {

namespace {

using net::Address;
using netlink::find_attribute;
using netlink::Message;

// CTA_FILTER_F_*, which the kernel's headers do not export.
constexpr std::uint32_t kBySource = 1U << 0, kByProtocol = 1U << 3;

// Both directions of a flow have a tuple. A container is the source of its own flows, and of the replies of those that came to it.
enum : std::uint16_t { kOriginal = CTA_TUPLE_ORIG, kReply = CTA_TUPLE_REPLY };

bool no_conntrack(const Error& error) {
  return error.err == EINVAL || error.err == EOPNOTSUPP || error.err == EPROTONOSUPPORT || error.err == ENOENT;
}

std::uint8_t family_of(const Address& address) { return static_cast<std::uint8_t>(address.family); }

std::uint16_t source_attribute(const Address& address) {
  return address.family == AF_INET ? std::uint16_t{CTA_IP_V4_SRC} : std::uint16_t{CTA_IP_V6_SRC};
}

void put_filter(Message& message, std::uint16_t direction, std::uint32_t fields) {
  const auto at = message.begin(CTA_FILTER);
  message.u32(CTA_FILTER_ORIG_FLAGS, direction == kOriginal ? fields : 0);
  message.u32(CTA_FILTER_REPLY_FLAGS, direction == kReply ? fields : 0);
  message.end(at);
}

// Flows whose tuple of `direction` has this source. A kernel that does not know the filter answers with all of them, or, since a part of
// a tuple is none, with EINVAL.
void put_source(Message& message, std::uint16_t direction, const Address& address) {
  const auto tuple = message.begin(direction);
  const auto ip = message.begin(CTA_TUPLE_IP);
  message.attr(source_attribute(address), address.view());
  message.end(ip);
  message.end(tuple);
  put_filter(message, direction, kBySource);
}

void put_udp(Message& message) {
  const auto tuple = message.begin(kOriginal);
  const auto protocol = message.begin(CTA_TUPLE_PROTO);
  message.u8(CTA_PROTO_NUM, IPPROTO_UDP);
  message.end(protocol);
  message.end(tuple);
  put_filter(message, kOriginal, kByProtocol);
}

std::string_view field(std::string_view flow, std::uint16_t direction, std::uint16_t part, std::uint16_t attribute) {
  return find_attribute(find_attribute(find_attribute(flow, direction), part), attribute);
}

// What names a flow to the kernel; the number so that a new flow with the same tuple is left alone.
Message delete_message(std::uint8_t family, std::string_view flow) {
  Message out = message(IPCTNL_MSG_CT_DELETE, 0, family, NFNL_SUBSYS_CTNETLINK);
  const auto tuple = out.begin(CTA_TUPLE_ORIG);
  netlink::each_attribute(find_attribute(flow, CTA_TUPLE_ORIG), [&](std::uint16_t type, std::string_view value) {
    out.attr(static_cast<std::uint16_t>(type | NLA_F_NESTED), value);
  });
  out.end(tuple);
  for (std::uint16_t attribute : {CTA_ZONE, CTA_ID})
    if (auto value = find_attribute(flow, attribute); value.data() != nullptr) out.attr(attribute, value);
  return out;
}

// Delete the flows that `request` lists and `matches` chooses, some thousand at a time: who made them decides how many there are.
template <typename Request, typename Matches>
Status forget_listed(netlink::Socket& socket, std::uint8_t family, Request request, Matches matches) {
  constexpr std::size_t kAtOnce = 4096;
  constexpr int kRounds = 256;
  for (int round = 0; round < kRounds; round++) {
    std::vector<Message> found;
    Message list = message(IPCTNL_MSG_CT_GET, NLM_F_DUMP, family, NFNL_SUBSYS_CTNETLINK);
    request(list);
    auto status = socket.dump(list, "list tracked connections", [&](const nlmsghdr&, std::string_view payload) {
      if (found.size() >= kAtOnce || payload.size() < NLMSG_ALIGN(sizeof(nfgenmsg))) return;
      payload.remove_prefix(NLMSG_ALIGN(sizeof(nfgenmsg)));
      if (matches(payload)) found.push_back(delete_message(family, payload));
    });
    if (!status) return no_conntrack(status.error()) ? Status(Ok{}) : status;
    for (auto& one : found) {
      auto deleted = socket.request(one, "forget a tracked connection");
      if (!deleted && deleted.error().err != ENOENT) return deleted;
    }
    if (found.size() < kAtOnce) break;
  }
  return Ok{};
}

}  // namespace

Status forget_flows_by_list(netlink::Socket& socket, const Address& container) {
  for (std::uint16_t direction : {kOriginal, kReply})
    SECURE_TRY(forget_listed(
        socket, family_of(container), [&](Message& list) { put_source(list, direction, container); },
        [&](std::string_view flow) { return field(flow, direction, CTA_TUPLE_IP, source_attribute(container)) == container.view(); }));
  return Ok{};
}

Status forget_flows(netlink::Socket& socket, const Address& container) {
  if (container.family == 0) return Ok{};
  for (std::uint16_t direction : {kOriginal, kReply}) {
    // The tuple makes this safe: without it, a kernel that does not know the filter would forget every flow of the host.
    // Version 1: the family counts.
    Message flush = message(IPCTNL_MSG_CT_DELETE, 0, family_of(container), NFNL_SUBSYS_CTNETLINK, 1);
    put_source(flush, direction, container);
    auto status = socket.request(flush, "forget the tracked connections of " + container.text());
    if (status) continue;
    if (!no_conntrack(status.error())) return status;
    return forget_flows_by_list(socket, container);
  }
  return Ok{};
}

Status forget_unanswered(netlink::Socket& socket, const std::vector<Publish>& ports) {
  for (const auto& family : kFamilies) {
    std::vector<Publish> published;
    for (const auto& port : ports)
      if (port.protocol == IPPROTO_UDP && port.host.family == family.af) published.push_back(port);
    if (published.empty()) continue;
    const bool v4 = family.af == AF_INET;
    const auto from = v4 ? std::uint16_t{CTA_IP_V4_SRC} : std::uint16_t{CTA_IP_V6_SRC};
    const auto to = v4 ? std::uint16_t{CTA_IP_V4_DST} : std::uint16_t{CTA_IP_V6_DST};
    SECURE_TRY(forget_listed(socket, family.nfproto, put_udp, [&](std::string_view flow) {
      const auto target = field(flow, kOriginal, CTA_TUPLE_IP, to), port = field(flow, kOriginal, CTA_TUPLE_PROTO, CTA_PROTO_DST_PORT);
      const auto protocol = field(flow, kOriginal, CTA_TUPLE_PROTO, CTA_PROTO_NUM);
      const auto status = find_attribute(flow, CTA_STATUS);
      // What was answered, or sent elsewhere, is a flow of something that works.
      if (protocol != std::string_view("\x11", 1) || status.size() != 4 || target != field(flow, kReply, CTA_TUPLE_IP, from)) return false;
      if ((static_cast<unsigned char>(status[3]) & IPS_SEEN_REPLY) != 0) return false;  // network order
      return std::any_of(published.begin(), published.end(), [&](const Publish& one) {
        return port == be16_bytes(one.host_port) && (one.host.unspecified() || target == one.host.view());
      });
    }));
  }
  return Ok{};
}

}  // namespace secure::nft
