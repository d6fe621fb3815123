// SPDX-License-Identifier: Apache-2.0
// Our nftables table, as docs/network.md describes it. `socket` is of NETLINK_NETFILTER. Where the kernel has no nf_tables, or not what
// the rules need (nat, fib, ct), the code is NFT_UNAVAILABLE and the hint names the module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "address.h"
#include "netlink.h"

namespace secure::nft {

struct Table {
  std::string bridge;  // also the table's name
  net::Prefix subnet4;
  std::optional<net::Prefix> subnet6;
};

// Make the table unless it is there, and restore rules that somebody flushed. TABLE_TAKEN when a table of that name is not ours (its user data says whose it is) or is
// of another version.
Status ensure(netlink::Socket& socket, const Table& table);
// Whether it is there, ours, and has its rules.
Result<bool> intact(netlink::Socket& socket, const Table& table);
// Drop what is forwarded from one of these interfaces to another one of them; idempotent. Others are their maker's business: docker, a
// VPN or virtual machines may come after us.
Status guard_forwarding(netlink::Socket& socket, const std::string& table, const std::vector<std::string>& interfaces);
// A missing table is success.
Status remove(netlink::Socket& socket, const std::string& table);
// The same for a table of the family inet that is somebody else's: the caller knows whose.
Status remove_of_others(netlink::Socket& socket, const std::string& table);

struct Publish {
  std::uint8_t protocol = 0;  // IPPROTO_TCP, IPPROTO_UDP
  net::Address host;          // unspecified: every local address of its family
  std::uint16_t host_port = 0, container_port = 0;
};

struct Member {
  net::Address address4, address6;  // address6 may be none
  net::Hardware hardware{};         // the only one from which it may send, and only with these addresses
  bool egress_any = false;
  std::vector<std::uint16_t> egress_ports;  // TCP and UDP
  bool host_access = false;
  std::vector<Publish> publish;             // to address4 or address6, whichever has the family of `host`
};

// All elements of one container in one transaction. PORT_IN_USE, naming the port, when one is published already; TABLE_MISSING. Its
// addresses are the caller's: what a crash left of them in the table is removed first.
Status add(netlink::Socket& socket, const std::string& table, const Member& member);
// Every element, in every map and set, that has one of these addresses as its container, then what connection tracking remembers of
// them. Missing ones and a missing table are success.
Status remove_member(netlink::Socket& socket, const std::string& table, const std::vector<net::Address>& addresses);
// All container addresses that some element names, each once; empty without a table.
Result<std::vector<net::Address>> members(netlink::Socket& socket, const std::string& table);

// Let forwarded packets of the bridge pass the chains of docker, iptables and firewalld that would drop them: those to it, and those from it
// that leave by one of the interfaces `outside`. Where else they go, to docker's own networks for one, stays for those chains to say. What was
// there before for the bridge is replaced. A table that its owner keeps to itself (flag owner) is left alone, as success: what it drops
// stays dropped.
Status pass(netlink::Socket& socket, const std::string& bridge, const std::vector<std::string>& outside);
Status unpass(netlink::Socket& socket, const std::string& bridge);

}  // namespace secure::nft
