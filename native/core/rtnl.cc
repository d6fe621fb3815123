// SPDX-License-Identifier: Apache-2.0
#include "rtnl.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "rtnl_parts.h"

namespace secure::rtnl {

using netlink::Message;
using netlink::Socket;

constexpr int kStep = 100, kPatience = 5'000'000;  // microseconds

Status add_address(Socket& socket, int index, const net::Address& address, unsigned prefix) {
  const std::string what = "give device " + std::to_string(index) + " the address " + address.text() + "/" + std::to_string(prefix);
  if (address.size() == 0 || prefix > address.size() * 8) return fail(Stage::network, "ADDRESS_INVALID", 0, what);
  Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  ifaddrmsg header{};
  header.ifa_family = static_cast<std::uint8_t>(address.family);
  header.ifa_prefixlen = static_cast<std::uint8_t>(prefix);
  header.ifa_index = static_cast<std::uint32_t>(index);
  message.header(header).attr(IFA_LOCAL, address.view()).attr(IFA_ADDRESS, address.view());
  if (address.family == AF_INET6) message.u32(IFA_FLAGS, IFA_F_NODAD);
  return socket.request(message, what);
}

Status await_local(Socket& socket, const net::Address& address) {
  const std::string what = "wait for the route to the own address " + address.text();
  for (int waited = 0; waited < kPatience; waited += kStep) {
    Message message(RTM_GETROUTE, 0);
    rtmsg header{};
    header.rtm_family = static_cast<std::uint8_t>(address.family);
    header.rtm_dst_len = static_cast<std::uint8_t>(address.size() * 8);
    message.header(header).attr(RTA_DST, address.view());
    bool local = false;
    auto asked = socket.get(message, what, [&](const nlmsghdr&, std::string_view payload) {
      if (payload.size() >= sizeof header) std::memcpy(&header, payload.data(), sizeof header);
      local = header.rtm_type == RTN_LOCAL;
    });
    if (local) return Ok{};
    if (!asked && asked.error().err != ENETUNREACH && asked.error().err != EHOSTUNREACH) return asked;
    (void)::usleep(kStep);
  }
  return fail(Stage::network, "NETWORK_FAILED", ETIMEDOUT, what);
}

Status add_default_route(Socket& socket, int index, const net::Address& gateway) {
  const std::string what = "route through " + gateway.text();
  if (gateway.size() == 0) return fail(Stage::network, "ADDRESS_INVALID", 0, what);
  Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
  rtmsg header{};
  header.rtm_family = static_cast<std::uint8_t>(gateway.family);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  message.header(header).attr(RTA_GATEWAY, gateway.view()).u32(RTA_OIF, static_cast<std::uint32_t>(index));
  return socket.request(message, what);
}

std::optional<Route> parse_route(std::string_view payload) {
  rtmsg header;
  if (payload.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, payload.data(), sizeof header);
  Route out;
  out.destination.base.family = header.rtm_family;
  out.destination.length = header.rtm_dst_len;
  const std::size_t size = out.destination.base.size();
  // An address without a subnet of its own (10.0.0.5/32) has a route of the type local only.
  const bool counts = header.rtm_type == RTN_UNICAST || header.rtm_type == RTN_LOCAL;
  if (!counts || size == 0 || header.rtm_dst_len == 0 || header.rtm_dst_len > size * 8) return std::nullopt;
  const std::string_view attributes = payload.substr(NLMSG_ALIGN(sizeof header));
  const std::string_view destination = netlink::find_attribute(attributes, RTA_DST);
  if (destination.size() != size) return std::nullopt;
  std::memcpy(out.destination.base.bytes.data(), destination.data(), size);
  const auto table = netlink::find_attribute(attributes, RTA_TABLE);
  const std::uint32_t number = table.size() == 4 ? netlink::to_u32(table) : header.rtm_table;
  if (number != RT_TABLE_MAIN && number != RT_TABLE_LOCAL) return std::nullopt;
  out.interface = static_cast<int>(netlink::to_u32(netlink::find_attribute(attributes, RTA_OIF)));
  // Of several ways, the first one's.
  const std::string_view ways = netlink::find_attribute(attributes, RTA_MULTIPATH);
  rtnexthop way;
  if (out.interface == 0 && ways.size() >= sizeof way) {
    std::memcpy(&way, ways.data(), sizeof way);
    out.interface = way.rtnh_ifindex;
  }
  return out;
}

Result<std::vector<Route>> routes(Socket& socket) {
  std::vector<Route> out;
  for (int family : {AF_INET, AF_INET6}) {
    const std::size_t before = out.size();
    auto done = restarted([&] {
      out.resize(before);
      Message message(RTM_GETROUTE, 0);
      rtmsg header{};
      header.rtm_family = static_cast<std::uint8_t>(family);
      message.header(header);
      return socket.dump(message, "list the routes", [&](const nlmsghdr& answer, std::string_view payload) {
        if (answer.nlmsg_type != RTM_NEWROUTE) return;
        if (auto route = parse_route(payload)) out.push_back(*route);
      });
    });
    // A kernel without IPv6 has none of its routes.
    if (!done && !(family == AF_INET6 && (done.error().err == EAFNOSUPPORT || done.error().err == EOPNOTSUPP)))
      return std::move(done.error());
  }
  return out;
}

}  // namespace secure::rtnl
