// SPDX-License-Identifier: Apache-2.0
// Forwarding is lent: what was before is there again after the last container, to the last setting.
#include "network_forward.h"

#include "child.h"
#include "network_fixture.h"

using namespace secure;
using check::contains;
using check::run;

namespace {

spec::Network routed(const std::string& bridge = "secn0") {
  auto out = plan(bridge);
  out.egress_any = true;
  return out;
}

// Every setting of every interface, but those of our devices.
std::string settings() {
  return run("cd /proc/sys/net && grep -r . ipv4/ip_forward ipv4/conf ipv6/conf 2>/dev/null | grep -vE '/(secn|sec[0-9a-f])|mc_forwarding' | sort").out;
}

}  // namespace

TEST(forwarding_of_whom) {
  auto network = plan();
  const auto needs = [&] {
    auto need = network::needs_forwarding(network);
    return std::string(need.v4 ? "4" : "") + (need.v6 ? "6" : "");
  };
  CHECK_EQ(needs(), "");
  network.ports = {{"tcp", "127.0.0.1", 80, 80}};
  CHECK_EQ(needs(), "");
  network.ports = {{"tcp", "192.0.2.1", 80, 80}};
  CHECK_EQ(needs(), "4");
  network.ports = {{"tcp", "0.0.0.0", 80, 80}};
  CHECK_EQ(needs(), "4");
  network.ports = {{"tcp", "::", 80, 80}};
  CHECK_EQ(needs(), "6");
  network.ports.clear();
  network.egress_ports = {443};
  CHECK_EQ(needs(), "46");
  network.subnet6.clear();
  CHECK_EQ(needs(), "4");
}

TEST(forwarding_gives_everything_back) {
  NETWORK_TEST();
  // A host with opinions: two interfaces, one of them a router of its own, redirects refused, routes from advertisements.
  REQUIRE(run("ip link add up0 type veth peer name up1 && ip link set up0 up && ip link set up1 up && cd /proc/sys/net && "
              "echo 0 > ipv4/conf/all/accept_redirects && echo 1 > ipv4/conf/up1/forwarding && "
              "echo 1 > ipv6/conf/up1/forwarding && echo 0 > ipv6/conf/up1/accept_ra")
              .code == 0);
  const std::string before = settings();
  REQUIRE(contains(before, "ipv6/conf/up0/accept_ra:1"));
  Member one(store), two(store);
  REQUIRE(one.attach(routed()) && two.attach(routed()));
  CHECK_EQ(sysctl("ipv4/conf/up0/forwarding"), "2");
  CHECK_EQ(sysctl("ipv6/conf/up0/forwarding"), "2");
  // Else the host would lose the default route that it was told.
  CHECK_EQ(sysctl("ipv6/conf/up0/accept_ra"), "2");
  CHECK_EQ(sysctl("ipv6/conf/up1/accept_ra"), "0");
  CHECK(one.detach().ok());
  CHECK_EQ(sysctl("ipv4/ip_forward"), "2");
  CHECK(two.detach().ok());
  CHECK_EQ(settings(), before);
}

TEST(forwarding_of_a_router_is_left_alone) {
  NETWORK_TEST();
  REQUIRE(run("cd /proc/sys/net && echo 1 > ipv4/ip_forward && echo 1 > ipv6/conf/all/forwarding").code == 0);
  const std::string before = settings();
  Member one(store), two(store);
  REQUIRE(one.attach(routed()));
  // Nor is what it forwards our business.
  CHECK(!contains(run("nft list set inet secn0 guarded").out, "elements"));
  CHECK(store.dir("host/networks/" + store.dir("host/networks")[0]) == (std::vector<std::string>{"addresses", "subnets"}));
  // So a second bridge may have it as well.
  REQUIRE(two.attach([] {
    auto other = routed("secn1");
    other.subnet4 = "10.204.0.0/16";
    other.subnet6 = "fd7c:5ec0:e02::/64";
    return other;
  }()));
  CHECK(one.detach().ok() && two.detach().ok());
  CHECK_EQ(settings(), before);
}

// What is made while we forward is its maker's business, and stays so whatever happens to the table.
TEST(forwarding_is_guarded_between_interfaces_of_then) {
  NETWORK_TEST();
  REQUIRE(run("ip link add up0 type veth peer name 'up*\"$(1' && ip link add secn0x type bridge").code == 0);
  const auto guarded = [] { return run("nft list set inet secn0 guarded | tr -d '\\n\\t' | sed 's/.*elements = {//; s/}.*//'").out; };
  Member one(store), two(store), three(store), later(store);
  REQUIRE(one.attach(plan()) && two.attach(routed()));
  const std::string then = guarded();
  for (const char* name : {"up0", "up*\"$(1", "secn0x"}) CHECK(contains(then, name));
  CHECK_EQ(check::occurrences(then, ","), 2);  // not lo, the bridge, or a port of it
  REQUIRE(run("ip link add late0 type veth peer name late1 && nft delete table inet secn0").code == 0);
  REQUIRE(three.attach(routed()));
  CHECK_EQ(guarded(), then);
  CHECK(one.detach().ok() && two.detach().ok() && three.detach().ok());
  REQUIRE(later.attach(routed()));
  CHECK(contains(guarded(), "late0") && contains(guarded(), "late1"));
  CHECK(later.detach().ok());
  REQUIRE(run("ip link del up0 && ip link del late0 && ip link del secn0x").code == 0);
  CHECK_EQ(left(store), "");
}

TEST(forwarding_is_for_one_bridge) {
  NETWORK_TEST();
  Member one(store), two(store), three(store);
  REQUIRE(one.attach(routed()));
  auto other = routed("secn1");
  other.subnet4 = "10.204.0.0/16";
  other.subnet6 = "fd7c:5ec0:e02::/64";
  REQUIRE(two.reserve(other));
  CHECK(!two.attach_reserved());
  CHECK_EQ(two.error.code, "FORWARDING_LENT");
  CHECK(two.detach().ok());
  other.egress_any = false;  // needs none
  CHECK(three.attach(other));
  CHECK(one.detach().ok() && three.detach().ok());
  CHECK_EQ(left(store), "");
}

TEST(forwarding_half_switched) {
  NETWORK_TEST();
  const std::string before = settings();
  Member one(store), two(store);
  auto four = routed();
  four.subnet6.clear();
  // IPv4 first, IPv6 with a second network after it.
  REQUIRE(one.attach(four));
  CHECK_EQ(sysctl("ipv6/conf/all/forwarding"), "0");
  CHECK(one.detach().ok());
  CHECK_EQ(settings(), before);
  REQUIRE(two.attach(routed()));
  // A kill between note and write: the note is there, nothing was switched.
  REQUIRE(run("cd /proc/sys/net && echo 0 > ipv4/ip_forward").code == 0);
  CHECK(two.detach().ok());
  CHECK_EQ(sysctl("ipv6/conf/all/forwarding"), "0");
  CHECK_EQ(left(store), "");
}

// Notes are of one namespace, not of its inode, which comes back.
TEST(forwarding_notes_of_a_former_namespace) {
  NETWORK_TEST();
  Member web(store);
  REQUIRE(web.reserve(plan()));
  const std::string dir = "host/networks/" + store.dir("host/networks")[0];
  store.write(dir + "/restore", "1\nipv4/ip_forward 0\n");
  REQUIRE(run("echo 1 > /proc/sys/net/ipv4/ip_forward").code == 0);
  REQUIRE(web.attach_reserved());
  CHECK(web.detach().ok());
  CHECK_EQ(sysctl("ipv4/ip_forward"), "1");
  CHECK(store.dir("host/networks").empty());
}

TEST(forwarding_needs_a_real_proc) {
  NETWORK_TEST();
  const int code = check::in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 || check::run("mount --make-rprivate / && mount -t tmpfs none /proc/sys/net && mkdir -p /proc/sys/net/ipv4 && "
                                                  "echo 0 > /proc/sys/net/ipv4/ip_forward").code != 0)
      return 9;
    auto written = network::write_sysctl("ipv4/ip_forward", "1");
    return written ? 1 : written.error().code == "NETWORK_FAILED" ? 0 : 2;
  });
  CHECK_EQ(code, 0);
  CHECK(!network::read_sysctl("../kernel/ostype/x").ok());
}

// docker is started, or an administrator wants a router, while a container runs. Both write 1 and find nothing but a 1 good enough.
TEST(forwarding_that_somebody_else_wants_too_is_not_taken_from_him) {
  NETWORK_TEST();
  auto other = routed("secn1");
  other.subnet4 = "10.204.0.0/16";
  other.subnet6 = "fd7c:5ec0:e02::/64";
  Member one(store), two(store), three(store);
  REQUIRE(one.attach(routed()) && run("echo 1 > /proc/sys/net/ipv4/ip_forward").code == 0);
  CHECK(two.attach(routed()));
  CHECK_EQ(sysctl("ipv4/ip_forward"), "1");
  // Of IPv6 the host is still no router of its own.
  REQUIRE(three.reserve(other));
  CHECK(!three.attach_reserved());
  CHECK_EQ(three.error.code, "FORWARDING_LENT");
  CHECK(three.detach().ok());
  other.subnet6.clear();
  Member four(store);
  CHECK(four.attach(other));
  CHECK(one.detach().ok() && two.detach().ok() && four.detach().ok());
  CHECK_EQ(sysctl("ipv4/ip_forward"), "1");
  CHECK_EQ(sysctl("ipv4/conf/lo/forwarding"), "1");
  CHECK_EQ(sysctl("ipv6/conf/all/forwarding"), "0");
  CHECK(store.dir("host/networks").empty());
}

// What was before is noted once: not again after somebody switched it off, and redirects on with it.
TEST(forwarding_switched_off_by_somebody) {
  NETWORK_TEST();
  REQUIRE(run("cd /proc/sys/net && echo 0 > ipv4/conf/all/accept_redirects").code == 0);
  const std::string before = settings();
  Member one(store), two(store);
  REQUIRE(one.attach(routed()));
  REQUIRE(run("cd /proc/sys/net && echo 0 > ipv4/ip_forward && echo 0 > ipv6/conf/all/forwarding").code == 0);
  CHECK_EQ(sysctl("ipv4/conf/all/accept_redirects"), "1");
  REQUIRE(two.attach(routed()));
  CHECK_EQ(sysctl("ipv4/ip_forward"), "2");
  CHECK_EQ(sysctl("ipv6/conf/all/forwarding"), "2");
  CHECK(one.detach().ok() && two.detach().ok());
  CHECK_EQ(settings(), before);
}
