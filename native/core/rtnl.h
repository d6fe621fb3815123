// SPDX-License-Identifier: Apache-2.0
// Network devices, addresses and routes through rtnetlink.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "address.h"
#include "netlink.h"

namespace secure::rtnl {

struct Link {
  int index = 0;
  int master = 0;
  bool up = false;
  std::string name, kind, alias;
  net::Hardware hardware{};  // zeros where it has none, or one of another size
};

// Nothing when there is none.
Result<std::optional<Link>> find(netlink::Socket& socket, const std::string& name);
Result<std::vector<Link>> links(netlink::Socket& socket);

// An empty bridge, up, without ARP, STP, multicast snooping and link-local address, with a locally administered hardware address of its
// own (else it would change with its ports). `gateways` are its addresses, each with the length of its subnet. All or nothing: it gets
// its name when it is complete; what a kill leaves under another name (name~) is down, and the next call takes it away, so calls for
// one name must not be concurrent. DEVICE_EXISTS when the name is taken, DEVICE_NAME_INVALID, DEVICE_ALIAS_INVALID.
Result<Link> add_bridge(netlink::Socket& socket, const std::string& name, const std::string& alias,
                        const std::vector<std::pair<net::Address, unsigned>>& gateways);

// The interface group of all ports.
inline constexpr std::uint32_t kPorts = 0x5ec0e001;

// A pair: `name` (alias `alias`) here as port of `bridge`, up, without ARP, of the group kPorts; `peer` with the address `hardware` in the network namespace `netns`, down,
// without link-local address. The port is isolated, takes frames from `hardware` alone and gives out, of frames for one station, those for it alone (before Linux 5.18 it
// takes any frame, and only does not learn from it where others are). On an error nothing is left. A kill may leave the pair with `name` down, with or without alias and bridge,
// until the namespace `netns` ends. DEVICE_EXISTS (either name), DEVICE_NAME_INVALID, DEVICE_ALIAS_INVALID.
Status add_pair(netlink::Socket& socket, const std::string& name, const std::string& alias, int bridge, const std::string& peer,
                int netns, const net::Hardware& hardware);

// Without a link-local address.
Status set_up(netlink::Socket& socket, int index);
// Returns when the kernel has taken note that the device has a carrier or none, which it does in its own time else: until then a device
// that was just switched on throws away what it is to send, and a port of a bridge what comes in.
Status settle(netlink::Socket& socket, const std::string& name);
// Without duplicate address detection: nobody else can have it.
Status add_address(netlink::Socket& socket, int index, const net::Address& address, unsigned prefix);
// Returns when packets to an address given above are taken for ours: for IPv6 the kernel makes the route in its own time.
Status await_local(netlink::Socket& socket, const net::Address& address);
Status add_default_route(netlink::Socket& socket, int index, const net::Address& gateway);
// Where `address` is found beyond device `index`, for ever and whatever anybody on the wire says; instead of what was known.
Status add_neighbour(netlink::Socket& socket, int index, const net::Address& address, const net::Hardware& hardware);
// A missing one, also because its device is gone, is success.
Status remove_neighbour(netlink::Socket& socket, int index, const net::Address& address);
// A missing device is success. Returns when it is gone.
Status remove(netlink::Socket& socket, const std::string& name);

struct Route {
  net::Prefix destination;
  int interface = 0;
};
// Routes of the main and local tables to hosts (unicast) and to own addresses (local), without the default ones.
Result<std::vector<Route>> routes(netlink::Socket& socket);

}  // namespace secure::rtnl
