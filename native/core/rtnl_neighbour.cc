// SPDX-License-Identifier: Apache-2.0
// Who is where on the wire, said by us instead of asked for: what nobody asks nobody can lie about.
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "rtnl_parts.h"

namespace secure::rtnl {

namespace {

using netlink::Message;
using netlink::Socket;

Message neighbour(std::uint16_t type, std::uint16_t flags, int family, int index, std::uint16_t state, std::uint8_t how) {
  Message message(type, flags);
  ndmsg header{};
  header.ndm_family = static_cast<std::uint8_t>(family);
  header.ndm_ifindex = index;
  header.ndm_state = state;
  header.ndm_flags = how;
  message.header(header);
  return message;
}

}  // namespace

Status add_neighbour(Socket& socket, int index, const net::Address& address, const net::Hardware& hardware) {
  const std::string what = "say where " + address.text() + " is";
  if (address.size() == 0) return fail(Stage::network, "ADDRESS_INVALID", 0, what);
  Message message = neighbour(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, address.family, index, NUD_PERMANENT, 0);
  message.attr(NDA_DST, address.view()).attr(NDA_LLADDR, net::view(hardware));
  return socket.request(message, what);
}

Status remove_neighbour(Socket& socket, int index, const net::Address& address) {
  const std::string what = "forget where " + address.text() + " was";
  if (address.size() == 0) return fail(Stage::network, "ADDRESS_INVALID", 0, what);
  Message message = neighbour(RTM_DELNEIGH, 0, address.family, index, NUD_NONE, 0);
  message.attr(NDA_DST, address.view());
  auto done = socket.request(message, what);
  if (!done && (done.error().err == ENOENT || done.error().err == ENODEV)) return Ok{};
  return done;
}

Status add_forwarding_entry(Socket& socket, int port, const net::Hardware& hardware) {
  // Not NUD_PERMANENT, which is an address of the bridge itself. Sticky (Linux 4.20): nor does a port that somebody adds, and that learns,
  // get it by using it.
  Message message = neighbour(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, AF_BRIDGE, port, NUD_NOARP, NTF_MASTER | NTF_STICKY);
  message.attr(NDA_LLADDR, net::view(hardware));
  return socket.request(message, "give port " + std::to_string(port) + " its hardware address");
}

}  // namespace secure::rtnl
