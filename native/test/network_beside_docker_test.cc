// SPDX-License-Identifier: Apache-2.0
// Another engine on the same host, in the shape that docker gives it: its own bridge, closed by the chain FORWARD. What a container of ours may
// reach is the outside and what that engine publishes, not what it keeps to itself.
#include "network_fixture.h"
#include "nft_world.h"

using namespace secure;
using check::ip;
using check::run;
using check::Server;

namespace {

void docker_of(const check::Netns& host, const check::Netns& theirs, const check::Netns& outside) {
  ip(host, "ip link add docker0 type bridge; ip addr add 172.31.0.1/16 dev docker0; ip link set docker0 up;"
           "ip link add vethd type veth peer name eth0 netns " + theirs.path() + "; ip link set vethd master docker0 up;"
           "ip link add up0 type veth peer name eth0 netns " + outside.path() + "; ip addr add 198.51.100.1/24 dev up0; ip link set up0 up;"
           // An uplink may be a bridge too.
           "ip link add br0 type bridge; ip link add mac0 type ifb; ip link set mac0 master br0; ip addr add 203.0.113.1/24 dev br0; ip link set br0 up;"
           "iptables-nft -P FORWARD DROP; iptables-nft -N DOCKER-USER; iptables-nft -A DOCKER-USER -j RETURN; iptables-nft -I FORWARD -j DOCKER-USER;"
           "iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT;"
           "iptables-nft -A FORWARD -o docker0 -p tcp --dport 80 -j ACCEPT; iptables-nft -A FORWARD -i docker0 ! -o docker0 -j ACCEPT");
  ip(theirs, "ip addr add 172.31.0.2/16 dev eth0; ip link set eth0 up; ip route add default via 172.31.0.1");
  ip(outside, "ip addr add 198.51.100.2/24 dev eth0; ip link set eth0 up");
}

}  // namespace

TEST(ports_that_docker_keeps_to_itself_stay_closed) {
  NETWORK_TEST();
  const auto theirs = check::World::place(), far = check::World::place();
  check::Netns::enter(netns.fd());
  docker_of(netns, *theirs, *far);
  Server published(*theirs, "0.0.0.0", 80), closed(*theirs, "0.0.0.0", 5432), web(*far, "0.0.0.0", 443);
  Member ours(store);
  auto network = plan();
  network.egress_any = true;
  REQUIRE(ours.attach(network));
  // Whom the server sees when our container asks there.
  const auto client = [&](Server& server, const std::string& to, int port) {
    ours.inside("timeout 0.3 busybox nc " + to + " " + std::to_string(port) + " </dev/null >/dev/null 2>&1");
    return server.client();
  };
  CHECK_EQ(client(web, "198.51.100.2", 443), "198.51.100.1");
  CHECK(client(published, "172.31.0.2", 80) != "nobody");
  CHECK_EQ(client(closed, "172.31.0.2", 5432), "nobody");
  CHECK_EQ(run("iptables-nft -S DOCKER-USER | grep -c -- '-i secn0 -o br0 '").out, "1\n");
  CHECK_EQ(run("iptables-nft -S DOCKER-USER | grep -c -- '-i secn0 -o docker0 '").out, "0\n");
  // With everything let through it is open: the proof that nothing else keeps it closed.
  ip(netns, "iptables-nft -I DOCKER-USER -i secn0 -j ACCEPT");
  CHECK(client(closed, "172.31.0.2", 5432) != "nobody");
  ip(netns, "iptables-nft -D DOCKER-USER -i secn0 -j ACCEPT");
  CHECK(ours.detach().ok());
  CHECK(!check::contains(run("nft list ruleset").out, "secn0"));
}
