// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include <netinet/in.h>

#include <algorithm>
#include <set>

#include "network_forward.h"
#include "network_parts.h"

namespace secure::network {

namespace {

// Another route would take the packets, or ours would take those of whoever has it.
Status check_routes(netlink::Socket& route, const Subnets& subnets, int bridge) {
  SECURE_LET(routes, rtnl::routes(route));
  for (const auto& one : routes)
    if (one.interface != bridge && (one.destination.overlaps(subnets.v4) || (subnets.v6 && one.destination.overlaps(*subnets.v6))))
      return fail(Stage::network, "SUBNET_IN_USE", 0,
                  "the subnet " + (one.destination.base.size() == 4 ? subnets.v4 : *subnets.v6).text() + " of the containers overlaps the route to " +
                      one.destination.text(),
                  "choose another one: SECURE_SUBNET4 or SECURE_SUBNET6, or network.subnet4 or subnet6 in a configuration file");
  return Ok{};
}

// A network keeps its subnets until its last container is gone.
Status settle_subnets(const Directory& dir, const spec::Network& network) {
  std::vector<std::string> wanted{network.subnet4};
  if (!network.subnet6.empty()) wanted.push_back(network.subnet6);
  const std::vector<std::string> present = read_lines(dir, kSubnets);
  if (!record::entries(dir.addresses.get()).empty()) {
    if (present.empty()) return write_lines(dir, kSubnets, wanted);  // of a namespace that had our inode
    if (present == wanted) return Ok{};
    return fail(Stage::network, "BRIDGE_TAKEN", 0,
                "containers run on the bridge " + dir.bridge + " with the subnet " + present[0] + (present.size() > 1 ? " and " + present[1] : ""),
                "stop them first, or use another bridge name: SECURE_BRIDGE");
  }
  // What a killed end left would have the gateways of then.
  if (record::entries(dir.fd.get()).size() > 1) SECURE_TRY(clear(dir));
  return write_lines(dir, kSubnets, wanted);
}

// From a random place, so that an address does not come back at once: somebody may still talk to the one before.
Result<net::Address> claim_address(const Directory& dir, const net::Prefix& subnet, const std::string& target) {
  const auto entries = record::entries(dir.addresses.get());
  const std::set<std::string> taken(entries.begin(), entries.end());
  const std::uint32_t count = subnet.hosts();
  const auto start = static_cast<std::uint32_t>(std::stoul(record::new_id().substr(0, 8), nullptr, 16));
  for (std::uint32_t i = 0; i < count && taken.size() < count; ++i) {
    const net::Address address = subnet.host(2 + (start % count + i) % count);
    const std::string entry = address.text();
    if (taken.contains(entry)) continue;
    if (::symlinkat(target.c_str(), dir.addresses.get(), entry.c_str()) == 0) return address;
    return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "STATE_UNWRITABLE", errno, "reserve " + entry);
  }
  return fail(Stage::network, "ADDRESSES_EXHAUSTED", 0, "all " + std::to_string(count) + " addresses of " + subnet.text() + " are in use",
              "stop containers, run secure-runtime gc, or choose a larger subnet");
}

std::vector<net::Address> both(const net::Address& address4, const net::Address& address6) {
  if (address6.family == 0) return {address4};
  return {address4, address6};
}

Result<rtnl::Link> ensure_bridge(netlink::Socket& route, const Directory& dir, const Subnets& subnets) {
  const std::string& name = dir.bridge;
  SECURE_LET(present, find_bridge(route, name));
  std::vector<std::pair<net::Address, unsigned>> gateways{{subnets.v4.host(1), subnets.v4.length}};
  if (subnets.v6) gateways.emplace_back(subnets.v6->host(1), subnets.v6->length);
  if (!present) {
    SECURE_TRY(remove_leftover(route, name));
    SECURE_TRY(check_routes(route, subnets, 0));
    return rtnl::add_bridge(route, name, kAlias, gateways);
  }
  if (present->up) return std::move(*present);
  // Somebody switched it off, which takes IPv6 addresses away and makes it forget where the containers are.
  SECURE_TRY(rtnl::set_up(route, present->index));
  for (const auto& [address, length] : gateways)
    if (auto added = rtnl::add_address(route, present->index, address, length); !added && added.error().err != EEXIST)
      return std::move(added.error());
  for (const auto& entry : record::entries(dir.addresses.get())) {
    auto address = net::parse_address(entry);
    if (address) SECURE_TRY(settle_neighbours(route, present->index, both(*address, sibling(subnets, *address))));
  }
  return std::move(*present);
}

// Interfaces that are neither ours nor loopback. The ports of our bridge never are where a packet comes from or goes to.
Result<std::vector<std::string>> others(netlink::Socket& route, int bridge) {
  SECURE_LET(links, rtnl::links(route));
  std::vector<std::string> out;
  for (const auto& link : links)
    if (link.index != 1 && link.index != bridge && link.master != bridge) out.push_back(link.name);
  return out;
}

// By which packets leave for somewhere else than other containers and machines of this host: a bridge with no other ports than theirs is
// somebody's inside (docker0, virbr0, another bridge of ours), which his own rules keep closed.
Result<std::vector<std::string>> outside(netlink::Socket& route, int bridge) {
  SECURE_LET(links, rtnl::links(route));
  std::set<int> bridges, uplinks;
  for (const auto& link : links)
    if (link.kind == "bridge") bridges.insert(link.index);
  for (const auto& link : links)
    if (link.kind != "veth" && link.kind != "tun") uplinks.insert(link.master);
  std::vector<std::string> out;
  for (const auto& link : links)
    if (link.index != 1 && link.index != bridge && !bridges.contains(link.master) && (link.kind != "bridge" || uplinks.contains(link.index)))
      out.push_back(link.name);
  return out;
}

Status set_sysctls(const spec::Network& network) {
  // A container must not be able to give the host a default route.
  auto quiet = write_sysctl("ipv6/conf/" + network.bridge + "/accept_ra", "0");
  if (!quiet && quiet.error().err != ENOENT) return quiet;
  for (const auto& port : network.ports) {
    auto address = net::parse_address(port.host_address);
    // What is published on every address is on 127.0.0.1 too.
    if (address && address->family == AF_INET && (address->loopback() || address->unspecified()))
      return write_sysctl("ipv4/conf/" + network.bridge + "/route_localnet", "1");
  }
  return Ok{};
}

Result<nft::Member> member_of(const spec::Network& network) {
  nft::Member out;
  SECURE_LET(address4, net::parse_address(network.address4));
  out.address4 = address4;
  out.hardware = hardware_of(address4);
  if (!network.address6.empty()) {
    SECURE_LET(address6, net::parse_address(network.address6));
    out.address6 = address6;
  }
  out.egress_any = network.egress_any;
  out.egress_ports = network.egress_ports;
  out.host_access = network.host_access;
  for (const auto& port : network.ports) {
    SECURE_LET(host, net::parse_address(port.host_address));
    out.publish.push_back({static_cast<std::uint8_t>(port.protocol == "udp" ? IPPROTO_UDP : IPPROTO_TCP), host, port.host_port, port.container_port});
  }
  return out;
}

// An alias is the whole id: a device that has ours is what a crash of the same start left.
Status make_pair(netlink::Socket& route, const std::string& id, int bridge, int netns, const net::Hardware& hardware) {
  const std::string name = device_name(id);
  auto made = rtnl::add_pair(route, name, id, bridge, kInside, netns, hardware);
  if (made || made.error().code != "DEVICE_EXISTS") return made;
  SECURE_LET(link, rtnl::find(route, name));
  if (!link || link->alias != id) return made;
  SECURE_TRY(rtnl::remove(route, name));
  return rtnl::add_pair(route, name, id, bridge, kInside, netns, hardware);
}

Status add_member(const record::Roots& roots, const Directory& dir, netlink::Socket& filter, const nft::Member& member) {
  auto added = nft::add(filter, dir.bridge, member);
  if (added || added.error().code != "PORT_IN_USE") return added;
  // The port's socket is ours, so nobody serves it: its elements are of a container whose monitor was killed.
  (void)sweep_network(roots, dir);
  return nft::add(filter, dir.bridge, member);
}

// None when a sweep has given them to somebody else meanwhile.
std::vector<net::Address> own_addresses(const Directory& dir, const spec::Network& network, const std::string& target) {
  std::vector<net::Address> out;
  for (const auto& text : {network.address4, network.address6})
    if (auto address = net::parse_address(text)) out.push_back(*address);
  if (!out.empty() && record::link_target(dir.addresses.get(), network.address4) != target) out.clear();
  return out;
}

}  // namespace

Result<Addresses> reserve(const record::Roots& roots, const std::string& id, const spec::Network& network) {
  SECURE_LET(subnets, parse_subnets(network.subnet4, network.subnet6));
  SECURE_LET(route, netlink::Socket::open(NETLINK_ROUTE));
  SECURE_LET(dir, open_directory(roots, network.bridge, true));
  const auto attempt = [&]() -> Result<Addresses> {
    SECURE_LET(bridge, find_bridge(route, network.bridge));
    SECURE_TRY(settle_subnets(dir, network));
    if (!bridge) SECURE_TRY(remove_leftover(route, network.bridge));
    SECURE_TRY(check_routes(route, subnets, bridge ? bridge->index : 0));
    const std::string target = record::record_path(roots, id);
    auto address = claim_address(dir, subnets.v4, target);
    if (!address && address.error().code == "ADDRESSES_EXHAUSTED") {
      (void)sweep_network(roots, dir);
      address = claim_address(dir, subnets.v4, target);
    }
    if (!address) return std::move(address.error());
    return Addresses{address->text(), sibling(subnets, *address).text()};
  };
  auto out = attempt();
  if (!out) (void)take_down(roots, dir);
  return out;
}

Status attach(const record::Roots& roots, const std::string& id, const spec::Network& network, pid_t pid) {
  SECURE_LET(subnets, parse_subnets(network.subnet4, network.subnet6));
  SECURE_LET(member, member_of(network));
  // Of a child that was not waited for: nobody else can have this pid.
  SECURE_LET(netns, [&]() -> Result<Fd> {
    Fd fd(::open(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return fail(Stage::network, "NETWORK_FAILED", errno, "open the container's network namespace");
    return fd;
  }());
  SECURE_LET(route, netlink::Socket::open(NETLINK_ROUTE));
  SECURE_LET(filter, open_filter());
  const auto addresses = both(member.address4, member.address6);
  net::Hardware gateway;
  {
    SECURE_LET(dir, open_directory(roots, network.bridge, false));
    SECURE_LET(bridge, ensure_bridge(route, dir, subnets));
    SECURE_TRY(nft::ensure(filter, {network.bridge, subnets.v4, subnets.v6}));
    SECURE_TRY(set_sysctls(network));
    const Forwarding need = needs_forwarding(network);
    SECURE_TRY(enable_forwarding(roots, dir, need, [&] { return others(route, bridge.index); },
                                 [&](const auto& names) { return nft::guard_forwarding(filter, network.bridge, names); }));
    if (need.v4 || need.v6) {
      SECURE_LET(exits, outside(route, bridge.index));
      SECURE_TRY(nft::pass(filter, network.bridge, exits));
    }
    SECURE_TRY(make_pair(route, id, bridge.index, netns.get(), member.hardware));
    SECURE_TRY(settle_neighbours(route, bridge.index, addresses));
    SECURE_TRY(add_member(roots, dir, filter, member));
    gateway = bridge.hardware;
  }
  SECURE_TRY(configure_inside(netns.get(), subnets, addresses, gateway));
  // With its other end on, the port has a carrier, and with the first port the bridge has.
  SECURE_TRY(rtnl::settle(route, device_name(id)));
  return rtnl::settle(route, network.bridge);
}

Status unplug(const record::Roots& roots, const std::string& id, const spec::Network& network) {
  SECURE_LET(dir, open_directory(roots, network.bridge, false));
  return unplug_from(dir, id, own_addresses(dir, network, record::record_path(roots, id)));
}

Status detach(const record::Roots& roots, const std::string& id, const spec::Network& network) {
  auto dir = open_directory(roots, network.bridge, false);
  // Never there, or taken away by gc() already.
  if (!dir) return dir.error().code == "NOT_FOUND" ? Status(Ok{}) : Status(std::move(dir.error()));
  const std::string target = record::record_path(roots, id);
  const std::vector<net::Address> addresses = own_addresses(*dir, network, target);
  SECURE_TRY(take_off(*dir, id, addresses, target));
  auto down = take_down(roots, *dir);
  return down ? Status(Ok{}) : Status(std::move(down.error()));
}

}  // namespace secure::network
