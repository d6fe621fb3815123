// SPDX-License-Identifier: Apache-2.0
// Attaching and detaching on this kernel: what it makes, what it gives back, and what it refuses.
#include "network.h"

#include "network_fixture.h"

using namespace secure;
using check::contains;
using check::run;

TEST(network_life) {
  NETWORK_TEST();
  Member web(store);
  auto network = plan();
  network.egress_any = true;
  network.ports = {{"tcp", "127.0.0.1", 8080, 80}, {"udp", "0.0.0.0", 5353, 53}};
  REQUIRE(web.attach(network));
  CHECK(web.network.address4.starts_with("10.203."));
  CHECK(web.network.address6.starts_with("fd7c:5ec0:e01::"));
  CHECK_EQ(store.dir("host/networks").size(), 1);

  const std::string inside = web.inside("ip -o addr show eth0; ip route; ip -6 route");
  CHECK(contains(inside, web.network.address4 + "/16"));
  CHECK(contains(inside, web.network.address6 + "/64"));
  CHECK(contains(inside, "default via 10.203.0.1 dev eth0"));
  CHECK(contains(inside, "default via fd7c:5ec0:e01::1 dev eth0"));
  CHECK(!contains(inside, "fe80::"));
  CHECK_EQ(run("ip -o -d link show secn0 | grep -c 'bridge '").out, "1\n");
  const std::string port = run("ip -o -d link show " + device(web.id)).out;
  CHECK(contains(port, "isolated on") && contains(port, "locked on") && contains(port, "learning off"));
  CHECK(contains(run("ip -o link show secn0").out, "NOARP"));
  // Nobody asks who has an address.
  CHECK_EQ(run("ip neigh show dev secn0 | grep -c PERMANENT").out, "2\n");
  CHECK_EQ(web.inside("ip neigh show dev eth0 | grep -c PERMANENT"), "2\n");
  CHECK(contains(run("ip link show " + device(web.id)).out, "alias " + web.id));
  CHECK(contains(run("nft list map inet secn0 publish4").out, "tcp . 127.0.0.1 . 8080 : " + web.network.address4 + " . 80"));
  CHECK_EQ(sysctl("ipv4/ip_forward"), "2");
  CHECK_EQ(sysctl("ipv6/conf/all/forwarding"), "2");
  CHECK_EQ(sysctl("ipv4/conf/secn0/route_localnet"), "1");
  CHECK_EQ(sysctl("ipv6/conf/secn0/accept_ra"), "0");
  // The host reaches it, by its address.
  CHECK_EQ(run("ping -c1 -W2 " + web.network.address4 + " || busybox ping -c1 -W2 " + web.network.address4).code, 0);

  REQUIRE(web.detach().ok());
  CHECK(web.detach().ok());
  CHECK_EQ(web.inside("ip -o link | grep -c eth0"), "0\n");
  CHECK_EQ(left(store), "");
}

TEST(network_of_two_goes_with_the_last) {
  NETWORK_TEST();
  Member one(store), two(store);
  auto network = plan();
  REQUIRE(one.attach(network) && two.attach(network));
  CHECK(one.network.address4 != two.network.address4);
  // Nothing needs forwarding: nothing was switched on.
  CHECK_EQ(sysctl("ipv4/ip_forward"), "0");
  CHECK_EQ(sysctl("ipv4/conf/secn0/route_localnet"), "0");
  CHECK(one.detach().ok());
  CHECK_EQ(run("ip link show secn0").code, 0);
  CHECK(!contains(run("ip neigh show dev secn0").out, one.network.address4 + " "));
  CHECK(contains(run("nft list map inet secn0 egress4").out, two.network.address4));
  CHECK(!contains(run("nft list map inet secn0 egress4").out, one.network.address4));
  CHECK(two.detach().ok());
  CHECK_EQ(left(store), "");
}

TEST(network_without_ipv6) {
  NETWORK_TEST();
  Member web(store);
  auto network = plan();
  network.subnet6.clear();
  network.egress_ports = {53};
  REQUIRE(web.attach(network));
  CHECK_EQ(web.network.address6, "");
  CHECK(!contains(web.inside("ip -6 addr show eth0"), "inet6"));
  CHECK_EQ(sysctl("ipv4/ip_forward"), "2");
  CHECK_EQ(sysctl("ipv6/conf/all/forwarding"), "0");
  CHECK(web.detach().ok());
  CHECK_EQ(left(store), "");
}

TEST(network_addresses_run_out) {
  NETWORK_TEST();
  auto network = plan();
  network.subnet4 = "10.203.0.0/29";
  std::vector<std::unique_ptr<Member>> members;
  std::set<std::string> seen;
  for (int i = 0; i < 5; ++i) {
    members.push_back(std::make_unique<Member>(store));
    REQUIRE(members.back()->reserve(network));
    CHECK(seen.insert(members.back()->network.address4).second);
  }
  // Not the network's, the bridge's or the broadcast address.
  CHECK(!seen.contains("10.203.0.0") && !seen.contains("10.203.0.1") && !seen.contains("10.203.0.7"));
  Member late(store);
  CHECK(!late.reserve(network));
  CHECK_EQ(late.error.code, "ADDRESSES_EXHAUSTED");
  // The address of an owner that died is found without gc().
  const std::string freed = members[2]->network.address4;
  members[2]->die();
  REQUIRE(late.reserve(network));
  CHECK_EQ(late.network.address4, freed);
  for (auto& member : members) CHECK(member->detach().ok());
  CHECK(late.detach().ok());
  CHECK_EQ(left(store), "");
}

TEST(network_names_and_subnets_of_others) {
  NETWORK_TEST();
  Member web(store);
  for (const char* kind : {"type bridge", "type veth peer name other"}) {
    REQUIRE(run(std::string("ip link add secn0 ") + kind).code == 0);
    CHECK(!web.reserve(plan()));
    CHECK_EQ(web.error.code, "BRIDGE_TAKEN");
    CHECK_EQ(run("ip link show secn0").code, 0);
    REQUIRE(run("ip link del secn0").code == 0);
    CHECK_EQ(left(store), "");
  }
  REQUIRE(run("ip link add up0 type veth peer name up1 && ip link set up0 up && ip link set up1 up").code == 0);
  for (const char* route : {"10.203.4.0/24", "10.0.0.0/8", "10.203.0.9/32", "fd7c:5ec0:e01::/48"}) {
    const std::string six = std::string(route).find(':') == std::string::npos ? "" : "-6 ";
    REQUIRE(run("ip " + six + "route add " + route + " dev up0").code == 0);
    CHECK(!web.reserve(plan()));
    CHECK_EQ(web.error.code, "SUBNET_IN_USE");
    REQUIRE(run("ip " + six + "route del " + route + " dev up0").code == 0);
  }
  CHECK_EQ(store.dir("host/networks").size(), 0);
  // A default route is everybody's.
  REQUIRE(run("ip route add default dev up0").code == 0);
  REQUIRE(web.attach(plan()));
  auto other = plan();
  other.subnet4 = "10.204.0.0/16";
  Member second(store);
  CHECK(!second.reserve(other));
  CHECK_EQ(second.error.code, "BRIDGE_TAKEN");
  CHECK(web.detach().ok());
  // With the first gone it is free for another subnet.
  CHECK(second.attach(other));
  CHECK(second.detach().ok());
  REQUIRE(run("ip link del up0").code == 0);
  CHECK_EQ(left(store), "");
}

TEST(network_table_of_somebody_else) {
  NETWORK_TEST();
  REQUIRE(run("nft add table inet secn0").code == 0);
  Member web(store);
  CHECK(!web.attach(plan()));
  CHECK_EQ(web.error.code, "TABLE_TAKEN");
  CHECK(web.detach().ok());
  CHECK_EQ(run("nft list tables").out, "table inet secn0\n");
  REQUIRE(run("nft delete table inet secn0").code == 0);
  CHECK_EQ(left(store), "");
}

TEST(network_device_name) {
  NETWORK_TEST();
  Member web(store);
  REQUIRE(web.reserve(plan()));
  REQUIRE(run("ip link add " + device(web.id) + " type bridge").code == 0);
  CHECK(!web.attach_reserved());
  CHECK_EQ(web.error.code, "DEVICE_EXISTS");
  // With our alias it is what a crash left.
  REQUIRE(run("ip link set " + device(web.id) + " alias " + web.id).code == 0);
  CHECK(web.attach_reserved());
  CHECK(web.detach().ok());
  CHECK_EQ(left(store), "");
}

// With the right to do so, a container switches its device off and on: what the host knows about it outlasts that, also when it is alone on
// the bridge, which then has no carrier. It brings back what it lost itself, the gateway's place included.
TEST(network_device_switched_off_inside) {
  NETWORK_TEST();
  Member web(store);
  REQUIRE(web.attach(plan()));
  const auto known = [&] { return run("ip neigh show dev secn0 | sort; ip -o addr show secn0; bridge fdb show dev " + device(web.id)).out; };
  const std::string before = known();
  CHECK(contains(before, "PERMANENT") && contains(before, "static"));
  const std::string gateway = run("ip -o link show secn0 | sed 's/.*ether \\([^ ]*\\).*/\\1/' | tr -d '\\n'").out;
  CHECK_EQ(web.inside("ip link set eth0 down"), "");
  CHECK_EQ(known(), before);
  CHECK_EQ(web.inside("ip link set eth0 up; ip route add default via 10.203.0.1; ip neigh replace 10.203.0.1 lladdr " + gateway + " dev eth0"), "");
  CHECK_EQ(known(), before);
  CHECK_EQ(run("busybox ping -c1 -W2 " + web.network.address4).code, 0);
  CHECK(web.detach().ok());
  CHECK_EQ(left(store), "");
}

TEST(network_bridge_switched_off) {
  NETWORK_TEST();
  Member one(store), two(store);
  REQUIRE(one.attach(plan()));
  REQUIRE(run("ip link set secn0 down").code == 0);
  REQUIRE(two.attach(plan()));
  const std::string bridge = run("ip -o addr show secn0").out;
  CHECK(contains(bridge, "10.203.0.1/16") && contains(bridge, "fd7c:5ec0:e01::1/64"));
  CHECK(contains(run("ip -o link show secn0").out, ",UP"));
  for (const auto* member : {&one, &two})
    for (const auto& address : {member->network.address4, member->network.address6})
      CHECK_EQ(run("ip neigh show dev secn0 | grep -c '^" + address + " .*PERMANENT'").out, "1\n");
  CHECK(one.detach().ok() && two.detach().ok());
  CHECK_EQ(left(store), "");
}
