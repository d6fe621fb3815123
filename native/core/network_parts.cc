// SPDX-License-Identifier: Apache-2.0
#include "network_parts.h"

#include "network_forward.h"

namespace secure::network {

namespace {

// None where the kernel has no nfnetlink at all: then nothing of ours can be there. Callers keep it open until devices are gone: closing it waits
// until nobody looks at the rules any more that were removed, as the removal of a device does, and so it is waited for once.
Result<std::optional<netlink::Socket>> filter_if_any() {
  auto filter = open_filter();
  if (filter) return std::optional<netlink::Socket>(std::move(*filter));
  if (filter.error().code == "NFT_UNAVAILABLE") return std::optional<netlink::Socket>();
  return std::move(filter.error());
}

bool is_ours(const std::optional<rtnl::Link>& link) { return link && link->kind == "bridge" && link->alias == kAlias; }

// Our bridge. True when there was one.
Result<bool> remove_bridge(netlink::Socket& route, const std::string& name) {
  SECURE_TRY(remove_leftover(route, name));
  SECURE_LET(link, rtnl::find(route, name));
  if (!is_ours(link)) return false;
  SECURE_TRY(rtnl::remove(route, name));
  return true;
}

}  // namespace

Result<Subnets> parse_subnets(const std::string& v4, const std::string& v6) {
  Subnets out;
  SECURE_LET(four, net::parse_prefix(v4));
  out.v4 = four;
  if (v6.empty()) return out;
  SECURE_LET(six, net::parse_prefix(v6));
  out.v6 = six;
  return out;
}

net::Address sibling(const Subnets& subnets, const net::Address& address4) {
  if (!subnets.v6) return {};
  std::uint32_t host = 0;
  for (std::size_t i = 0; i < 4; ++i) host = host << 8 | static_cast<std::uint32_t>(address4.bytes[i] ^ subnets.v4.base.bytes[i]);
  return subnets.v6->host(host);
}

Result<netlink::Socket> open_filter() {
  auto out = netlink::Socket::open(NETLINK_NETFILTER);
  if (out || (out.error().err != EPROTONOSUPPORT && out.error().err != EAFNOSUPPORT)) return out;
  return fail(Stage::network, "NFT_UNAVAILABLE", out.error().err, "the kernel lacks nf_tables",
              "load the modules: modprobe -a nfnetlink nf_tables nft_nat nft_masq nft_fib_inet nft_ct; or attach the container to no network");
}

std::string device_name(const std::string& id) { return "sec" + id.substr(0, 12); }

net::Hardware hardware_of(const net::Address& address4) {
  // Locally administered, of one station.
  return {0x02, 0x5e, address4.bytes[0], address4.bytes[1], address4.bytes[2], address4.bytes[3]};
}

Status settle_neighbours(netlink::Socket& route, int bridge, const std::vector<net::Address>& addresses) {
  for (const auto& address : addresses) SECURE_TRY(rtnl::add_neighbour(route, bridge, address, hardware_of(addresses[0])));
  return Ok{};
}

Result<std::optional<rtnl::Link>> find_bridge(netlink::Socket& route, const std::string& name) {
  SECURE_LET(link, rtnl::find(route, name));
  if (link && !is_ours(link))
    return fail(Stage::network, "BRIDGE_TAKEN", EEXIST,
                "the device " + name + " is no bridge of ours" + (link->kind.empty() ? "" : " (" + link->kind + ")"),
                "choose another bridge name (SECURE_BRIDGE), or remove it: ip link delete " + name);
  return link;
}

Status remove_leftover(netlink::Socket& route, const std::string& name) {
  SECURE_LET(link, rtnl::find(route, name.substr(0, 14) + "~"));
  if (!link || link->kind != "bridge" || link->up || (!link->alias.empty() && link->alias != kAlias)) return Ok{};
  return rtnl::remove(route, link->name);
}

Status unplug_from(const Directory& dir, const std::string& id, const std::vector<net::Address>& addresses) {
  SECURE_LET(filter, filter_if_any());
  if (filter && !addresses.empty()) SECURE_TRY(nft::remove_member(*filter, dir.bridge, addresses));
  SECURE_LET(route, netlink::Socket::open(NETLINK_ROUTE));
  SECURE_LET(link, rtnl::find(route, device_name(id)));
  if (link && link->alias == id) SECURE_TRY(rtnl::remove(route, link->name));
  SECURE_LET(bridge, rtnl::find(route, dir.bridge));
  for (const auto& address : addresses)
    if (is_ours(bridge)) SECURE_TRY(rtnl::remove_neighbour(route, bridge->index, address));
  return Ok{};
}

Status take_off(const Directory& dir, const std::string& id, const std::vector<net::Address>& addresses, const std::string& target) {
  SECURE_TRY(unplug_from(dir, id, addresses));
  for (const auto& address : addresses)
    if (address.size() == 4) SECURE_TRY(record::release(dir.addresses.get(), address.text(), target));
  return Ok{};
}

Result<bool> clear(const Directory& dir) {
  // First no router any more, then without the table that guards one.
  SECURE_TRY(restore_forwarding(dir));
  SECURE_LET(filter, filter_if_any());
  if (filter) {
    SECURE_TRY(nft::unpass(*filter, dir.bridge));
    SECURE_TRY(nft::remove(*filter, dir.bridge));
  }
  SECURE_LET(route, netlink::Socket::open(NETLINK_ROUTE));
  return remove_bridge(route, dir.bridge);
}

Result<bool> take_down(const record::Roots& roots, Directory& dir) {
  if (!record::entries(dir.addresses.get()).empty()) return false;
  SECURE_LET(was_there, clear(dir));
  remove_directory(roots, dir);
  return was_there;
}

}  // namespace secure::network
