// SPDX-License-Identifier: Apache-2.0
// Real connections through the table, in the world of nft_world.h.
#include "nft_world.h"

using namespace secure;
using check::address;
using check::answered;
using check::connect_from;
using check::ip;
using check::member;
using check::replace;
using check::Server;

namespace {

// For who treats 127.0.0.1 as an address of somebody else.
constexpr char kForeignLoopback[] =
    "ip link set lo down; ip addr flush dev lo; echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet;";

}  // namespace

TEST(published_on_loopback_serves_the_host_alone) {
  TRAFFIC_TEST();
  auto with = member();
  with.publish = {{IPPROTO_TCP, address("127.0.0.1"), 8080, 80}};
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  Server web(container, "0.0.0.0", 80);
  CHECK_EQ(connect_from(host, "127.0.0.1", 8080), "connected");
  CHECK_EQ(web.client(), "10.203.0.1");
  CHECK_EQ(connect_from(host, "127.0.0.1", 8081), "Connection refused");
  CHECK_EQ(connect_from(host, "127.0.0.2", 8080), "Connection refused");
  CHECK_EQ(connect_from(neighbour, "198.51.100.1", 8080), "Connection refused");
  // A neighbour that routes the host's loopback addresses to the host, where the administrator allowed such packets.
  ip(neighbour, std::string(kForeignLoopback) + "ip route add 127.0.0.1/32 via 198.51.100.1");
  ip(host, "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet");
  CHECK_EQ(answered({{neighbour, "127.0.0.1", 8080}}), "");
  CHECK_EQ(web.client(), "nobody");
  // It is the guard that stops it.
  ip(host, "nft flush chain inet secn0 guard");
  CHECK_EQ(connect_from(neighbour, "127.0.0.1", 8080), "connected");
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK_EQ(answered({{neighbour, "127.0.0.1", 8080}}), "");
}

TEST(published_on_every_address) {
  TRAFFIC_TEST();
  auto with = member();
  with.publish = {{IPPROTO_TCP, address("0.0.0.0"), 8080, 80}, {IPPROTO_TCP, address("::"), 8080, 80}};
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  CHECK_DONE(nft::add(nfnl, "secn0", member("6")));
  Server web(container, "0.0.0.0", 80);
  Server web6(other, "::", 8080);  // where nobody should arrive
  CHECK_EQ(connect_from(host, "127.0.0.1", 8080), "connected");
  CHECK_EQ(web.client(), "10.203.0.1");
  CHECK_EQ(connect_from(host, "198.51.100.1", 8080), "connected");
  CHECK_EQ(web.client(), "198.51.100.1");
  CHECK_EQ(connect_from(neighbour, "198.51.100.1", 8080), "connected");
  CHECK_EQ(web.client(), "198.51.100.2");
  // Only local addresses are taken: somebody else's port 8080, to which the host forwards, is not.
  ip(neighbour, "ip route add 203.0.113.0/24 via 198.51.100.1");
  ip(far, "ip route add 198.51.100.0/24 via 203.0.113.1");
  Server foreign(far, "0.0.0.0", 8080);
  CHECK_EQ(connect_from(neighbour, "203.0.113.2", 8080), "connected");
  CHECK_EQ(foreign.client(), "198.51.100.2");
  CHECK_EQ(connect_from(host, "203.0.113.2", 8080), "connected");
  CHECK_EQ(foreign.client(), "203.0.113.1");
  // Not for other containers, by no way.
  CHECK_EQ(answered({{other, "10.203.0.1", 8080}, {other, "198.51.100.1", 8080}}), "");
  CHECK_EQ(web.client(), "nobody");
}

TEST(published_ipv6) {
  TRAFFIC_TEST();
  auto with = member();
  with.publish = {{IPPROTO_TCP, address("::"), 8080, 80}, {IPPROTO_TCP, address("2001:db8:1::1"), 8081, 80}};
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  CHECK_DONE(nft::add(nfnl, "secn0", member("6")));
  Server web(container, "::", 80);
  CHECK_EQ(connect_from(neighbour, "2001:db8:1::1", 8080), "connected");
  CHECK_EQ(web.client(), "2001:db8:1::2");
  CHECK_EQ(connect_from(neighbour, "2001:db8:1::1", 8081), "connected");
  CHECK_EQ(web.client(), "2001:db8:1::2");
  CHECK_EQ(connect_from(far, "2001:db8:2::1", 8081), "Connection refused");
  CHECK_EQ(connect_from(host, "2001:db8:1::1", 8080), "connected");
  CHECK_EQ(web.client(), "2001:db8:1::1");
  // Refused at once, not silent: a client goes on to 127.0.0.1.
  CHECK_EQ(connect_from(host, "::1", 8080), "Connection refused");
  CHECK_EQ(answered({{other, "2001:db8:1::1", 8080}}), "");
}

TEST(host_is_reached_with_host_access_only) {
  TRAFFIC_TEST();
  Server service(host, "0.0.0.0", 9000), service6(host, "::", 9006), local(host, "127.0.0.1", 9001);
  CHECK_DONE(nft::add(nfnl, "secn0", member()));
  CHECK_DONE(nft::add(nfnl, "secn0", member("6")));
  CHECK_EQ(answered({{container, "10.203.0.1", 9000},
                     {container, "198.51.100.1", 9000},
                     {container, "fd7c:5ec0:e01::1", 9006},
                     {container, "2001:db8:1::1", 9006}}),
           "");
  CHECK_EQ(service.client(), "nobody");
  auto with = member();
  with.host_access = true;
  replace(nfnl, with);
  CHECK_EQ(connect_from(container, "10.203.0.1", 9000), "connected");
  CHECK_EQ(service.client(), "10.203.0.5");
  CHECK_EQ(connect_from(container, "fd7c:5ec0:e01::1", 9006), "connected");
  CHECK_EQ(service6.client(), "fd7c:5ec0:e01::5");
  // The host's loopback is no address for it even then.
  ip(container, kForeignLoopback);
  CHECK_EQ(answered({{other, "10.203.0.1", 9000}, {container, "127.0.0.1", 9001}}), "");
  ip(host, "nft flush chain inet secn0 guard");
  CHECK_EQ(connect_from(container, "127.0.0.1", 9001), "connected");
}

TEST(egress_none_ports_any) {
  TRAFFIC_TEST();
  Server seven(neighbour, "0.0.0.0", 7000), eight(neighbour, "0.0.0.0", 8000), seven6(neighbour, "::", 7006);
  CHECK_DONE(nft::add(nfnl, "secn0", member()));
  CHECK_EQ(answered({{container, "198.51.100.2", 7000}, {container, "2001:db8:1::2", 7006}}), "");
  auto with = member();
  with.egress_ports = {7000, 7006};
  replace(nfnl, with);
  CHECK_EQ(connect_from(container, "198.51.100.2", 7000), "connected");
  CHECK_EQ(seven.client(), "198.51.100.1");
  CHECK_EQ(answered({{container, "198.51.100.2", 8000}}), "");
  CHECK_EQ(connect_from(container, "2001:db8:1::2", 7006), "connected");
  CHECK_EQ(seven6.client(), "2001:db8:1::1");
  with.egress_ports.clear();
  with.egress_any = true;
  replace(nfnl, with);
  CHECK_EQ(connect_from(container, "198.51.100.2", 8000), "connected");
  CHECK_EQ(eight.client(), "198.51.100.1");
  CHECK_EQ(connect_from(container, "2001:db8:1::2", 7006), "connected");
  // Into the subnet: only what is published.
  ip(neighbour, "ip route add 10.203.0.0/16 via 198.51.100.1");
  Server web(container, "0.0.0.0", 80);
  CHECK_EQ(answered({{neighbour, "10.203.0.5", 80}, {other, "198.51.100.2", 8000}}), "");  // the other is no member at all
  // And no way out that is one to another container.
  ip(other, "ip route add 10.203.0.5/32 via 10.203.0.1");
  ip(container, "ip route add 10.203.0.6/32 via 10.203.0.1");
  auto second = member("6");
  second.egress_any = true;
  CHECK_DONE(nft::add(nfnl, "secn0", second));
  ip(host, "echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects; echo 0 > /proc/sys/net/ipv4/conf/secn0/send_redirects");
  CHECK_EQ(answered({{other, "10.203.0.5", 80}}), "");
  CHECK_EQ(web.client(), "nobody");
}

TEST(host_that_was_no_router_does_not_become_one) {
  TRAFFIC_TEST();
  Server service(far, "0.0.0.0", 7000), reverse(neighbour, "0.0.0.0", 7000);
  ip(neighbour, "ip route add 203.0.113.0/24 via 198.51.100.1");
  ip(far, "ip route add 198.51.100.0/24 via 203.0.113.1");
  CHECK_EQ(connect_from(neighbour, "203.0.113.2", 7000), "connected");
  CHECK_EQ(service.client(), "198.51.100.2");
  CHECK_DONE(nft::guard_forwarding(nfnl, "secn0", {"out0", "out1"}));
  CHECK_EQ(answered({{neighbour, "203.0.113.2", 7000}, {far, "198.51.100.2", 7000}}), "");
  // What comes later is its maker's: a bridge of docker, a tunnel.
  auto later = check::World::place();
  check::Netns::enter(host.fd());
  world.outside(*later, "late0", "192.0.2", "2001:db8:3");
  ip(*later, "ip route add default via 192.0.2.1");
  ip(neighbour, "ip route add 192.0.2.0/24 via 198.51.100.1");
  Server late(*later, "0.0.0.0", 7000);
  CHECK_EQ(connect_from(neighbour, "192.0.2.2", 7000), "connected");
  CHECK_EQ(late.client(), "198.51.100.2");
  CHECK_EQ(connect_from(*later, "198.51.100.2", 7000), "connected");
  CHECK_EQ(reverse.client(), "192.0.2.2");
  // The containers' traffic goes on.
  auto with = member();
  with.egress_any = true;
  with.publish = {{IPPROTO_TCP, address("0.0.0.0"), 8080, 80}};
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  Server web(container, "0.0.0.0", 80);
  CHECK_EQ(connect_from(container, "203.0.113.2", 7000), "connected");
  CHECK_EQ(connect_from(far, "203.0.113.1", 8080), "connected");
}

TEST(firewall_that_drops_is_passed) {
  TRAFFIC_TEST();
  ip(host, "iptables-nft -P FORWARD DROP; ip6tables-nft -P FORWARD DROP");
  ip(host, "nft 'table inet firewalld { chain filter_FORWARD { type filter hook forward priority filter + 10; reject; }; }'");
  auto with = member();
  with.egress_any = true;
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  CHECK_DONE(nft::add(nfnl, "secn0", member("6")));
  Server service(neighbour, "0.0.0.0", 7000), service6(neighbour, "::", 7006);
  CHECK_EQ(answered({{container, "198.51.100.2", 7000}}), "");
  CHECK_DONE(nft::pass(nfnl, "secn0", {"out0"}));
  CHECK_EQ(connect_from(container, "198.51.100.2", 7000), "connected");
  CHECK_EQ(connect_from(container, "2001:db8:1::2", 7006), "connected");
  // Others are dropped as before, and our own table still decides about ours.
  ip(neighbour, "ip route add 203.0.113.0/24 via 198.51.100.1");
  ip(far, "ip route add 198.51.100.0/24 via 203.0.113.1");
  CHECK_EQ(answered({{neighbour, "203.0.113.2", 7000}, {other, "198.51.100.2", 7000}}), "");
  CHECK_DONE(nft::unpass(nfnl, "secn0"));
  CHECK_EQ(answered({{container, "198.51.100.2", 7000}}), "");
}
