// SPDX-License-Identifier: Apache-2.0
// Internal to network*.cc: one network as the kernel knows it, and the steps of attaching and detaching. Callers hold the lock of `dir`.
#pragma once

#include "address.h"
#include "network.h"
#include "network_dir.h"
#include "nft_table.h"
#include "rtnl.h"

namespace secure::network {

inline constexpr char kAlias[] = "secure";  // of our bridges
inline constexpr char kInside[] = "eth0";
inline constexpr char kSubnets[] = "subnets";

struct Subnets {
  net::Prefix v4;
  std::optional<net::Prefix> v6;
};
Result<Subnets> parse_subnets(const std::string& v4, const std::string& v6);
// The IPv6 address beside an IPv4 one: with the same host part. None without IPv6.
net::Address sibling(const Subnets& subnets, const net::Address& address4);

// NFT_UNAVAILABLE where the kernel has no nfnetlink.
Result<netlink::Socket> open_filter();

// The container's end of the host's device pair: "sec" and twelve digits.
std::string device_name(const std::string& id);

// The container's hardware address, which is its IPv4 address as well: nobody else on the bridge has it, and it need not be kept.
net::Hardware hardware_of(const net::Address& address4);
// Where these addresses of one container are, the IPv4 address first, as the host knows it.
Status settle_neighbours(netlink::Socket& route, int bridge, const std::vector<net::Address>& addresses);

// The bridge of this name if it is ours. BRIDGE_TAKEN when it is something else.
Result<std::optional<rtnl::Link>> find_bridge(netlink::Socket& route, const std::string& name);

// What a kill left of making it, under its working name (rtnl_make.cc); it has the addresses, and their routes, already.
Status remove_leftover(netlink::Socket& route, const std::string& name);

// Addresses, default routes, the gateway's place and up, from inside the network namespace. NETWORK_FAILED.
Status configure_inside(int netns, const Subnets& subnets, const std::vector<net::Address>& addresses, const net::Hardware& gateway);

// Elements and device (only if its alias is `id`) of a container.
Status unplug_from(const Directory& dir, const std::string& id, const std::vector<net::Address>& addresses);
// Take a container off: elements, device (only if its alias is `id`), reservation (only if it is `target`'s).
Status take_off(const Directory& dir, const std::string& id, const std::vector<net::Address>& addresses, const std::string& target);
// Forwarding, table and bridge. True when there was a bridge.
Result<bool> clear(const Directory& dir);
// The same and then the directory, of a network without reservations; else nothing happens.
Result<bool> take_down(const record::Roots& roots, Directory& dir);
// What dead owners left on this network. One line per thing.
std::vector<std::string> sweep_network(const record::Roots& roots, const Directory& dir);

}  // namespace secure::network
