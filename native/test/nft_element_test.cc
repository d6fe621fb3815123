// SPDX-License-Identifier: Apache-2.0
// Elements of containers, read back by nft.
#include <netinet/in.h>

#include <algorithm>

#include "child.h"
#include "nft_kernel.h"

using namespace secure;
using check::address;
using check::contains;
using check::run;

namespace {

std::string list_all() { return run("nft list table inet secn0").out; }
// The elements of one map or set in order, with commas between; "" when it has none.
std::string elements(const std::string& set) {
  std::string type = contains(set, "egressports") || contains(set, "host") || contains(set, "source") ? "set" : "map";
  return run("nft -n list " + type + " inet secn0 " + set +
             " | tr -d '\\n\\t' | sed -n 's/.*elements = { *\\([^}]*[^ }]\\) *}.*/\\1/p' | sed 's/, */\\n/g' | sort | paste -sd, | tr -d '\\n'")
      .out;
}

nft::Member full_member() {
  nft::Member member;
  member.address4 = address("10.203.0.5");
  member.address6 = address("fd7c:5ec0:e01::5");
  member.hardware = {2, 0, 0, 0, 0, 5};
  member.egress_ports = {443, 53, 443};
  member.host_access = true;
  member.publish = {{IPPROTO_TCP, address("127.0.0.1"), 8080, 80},
                    {IPPROTO_UDP, address("0.0.0.0"), 53, 5353},
                    {IPPROTO_TCP, address("2001:db8::1"), 8443, 443},
                    {IPPROTO_TCP, address("::"), 8081, 80}};
  return member;
}

std::vector<std::string> member_texts(netlink::Socket& socket) {
  auto found = nft::members(socket, "secn0");
  std::vector<std::string> out;
  if (!found) return {found.error().text()};
  for (const auto& one : *found) out.push_back(one.text());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST(elements_of_a_member_in_every_map) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  std::string empty = list_all();
  CHECK_DONE(nft::add(nfnl, "secn0", full_member()));
  CHECK_EQ(elements("publish4"), "6 . 127.0.0.1 . 8080 : 10.203.0.5 . 80");
  CHECK_EQ(elements("anyaddress4"), "17 . 53 : 10.203.0.5 . 5353");
  CHECK_EQ(elements("publish6"), "6 . 2001:db8::1 . 8443 : fd7c:5ec0:e01::5 . 443");
  CHECK_EQ(elements("anyaddress6"), "6 . 8081 : fd7c:5ec0:e01::5 . 80");
  CHECK_EQ(elements("egress4"), "10.203.0.5 : continue");
  CHECK_EQ(elements("egress6"), "fd7c:5ec0:e01::5 : continue");
  CHECK_EQ(elements("egressports4"),
           "10.203.0.5 . 17 . 443,10.203.0.5 . 17 . 53,10.203.0.5 . 6 . 443,10.203.0.5 . 6 . 53");
  CHECK_EQ(check::occurrences(elements("egressports6"), "fd7c:5ec0:e01::5 . "), 4);
  CHECK_EQ(elements("host4"), "10.203.0.5");
  CHECK_EQ(elements("host6"), "fd7c:5ec0:e01::5");
  CHECK_EQ(elements("source4"), "10.203.0.5 . 02:00:00:00:00:05");
  CHECK_EQ(elements("source6"), "fd7c:5ec0:e01::5 . 02:00:00:00:00:05");
  CHECK((member_texts(nfnl) == std::vector<std::string>{"10.203.0.5", "fd7c:5ec0:e01::5"}));
  // One address after the other: each takes its own only.
  CHECK_DONE(nft::remove_member(nfnl, "secn0", {address("10.203.0.5")}));
  CHECK((member_texts(nfnl) == std::vector<std::string>{"fd7c:5ec0:e01::5"}));
  CHECK_EQ(elements("anyaddress6"), "6 . 8081 : fd7c:5ec0:e01::5 . 80");
  CHECK_DONE(nft::remove_member(nfnl, "secn0", {address("fd7c:5ec0:e01::5")}));
  CHECK_EQ(list_all(), empty);
}

TEST(every_member_is_known_whatever_it_may_do) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  nft::Member none, any;
  none.address4 = address("10.203.0.6");
  any.address4 = address("10.203.0.7");
  any.egress_any = true;
  CHECK_DONE(nft::add(nfnl, "secn0", none));
  CHECK_DONE(nft::add(nfnl, "secn0", any));
  CHECK_EQ(elements("egress4"), "10.203.0.6 : drop,10.203.0.7 : accept");
  CHECK_EQ(elements("egress6"), "");
  CHECK((member_texts(nfnl) == std::vector<std::string>{"10.203.0.6", "10.203.0.7"}));
}

TEST(only_elements_of_the_address_are_removed) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  nft::Member first = full_member(), second;
  second.address4 = address("10.203.0.50");
  second.address6 = address("fd7c:5ec0:e01::50");
  // The first one's address as a host address of the second: a key of `publish4` is no container's address.
  second.publish = {{IPPROTO_TCP, address("10.203.0.5"), 1, 2}};
  CHECK_DONE(nft::add(nfnl, "secn0", second));
  std::string before = list_all();
  CHECK_DONE(nft::add(nfnl, "secn0", first));
  CHECK_DONE(nft::remove_member(nfnl, "secn0", {first.address4, first.address6}));
  CHECK_EQ(list_all(), before);
  // Nothing is left of it, and no address means nobody: not the elements without one.
  CHECK_DONE(nft::remove_member(nfnl, "secn0", {first.address4, first.address6}));
  CHECK_DONE(nft::remove_member(nfnl, "secn0", {net::Address{}}));
  CHECK_DONE(nft::remove_member(nfnl, "secn0", {}));
  CHECK_EQ(list_all(), before);
}

TEST(port_that_is_published_names_itself_and_nothing_is_added) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK_DONE(nft::add(nfnl, "secn0", full_member()));
  std::string before = list_all();
  struct Case {
    nft::Publish port;
    const char* named;
  };
  for (const auto& test : {Case{{IPPROTO_TCP, address("127.0.0.1"), 8080, 81}, "tcp port 8080 of 127.0.0.1"},
                           Case{{IPPROTO_UDP, address("0.0.0.0"), 53, 53}, "udp port 53 of every address (0.0.0.0)"},
                           Case{{IPPROTO_TCP, address("2001:db8::1"), 8443, 1}, "tcp port 8443 of 2001:db8::1"},
                           Case{{IPPROTO_TCP, address("::"), 8081, 1}, "tcp port 8081 of every address (::)"}}) {
    nft::Member other;
    other.address4 = address("10.203.0.8");
    other.address6 = address("fd7c:5ec0:e01::8");
    // The one in the way is neither first nor last.
    other.publish = {{IPPROTO_UDP, address("127.0.0.1"), 9999, 1}, test.port, {IPPROTO_UDP, address("127.0.0.1"), 9998, 1}};
    auto status = nft::add(nfnl, "secn0", other);
    CHECK(!status);
    if (status) continue;
    CHECK_EQ(status.error().code, "PORT_IN_USE");
    CHECK(contains(status.error().message, test.named));
    CHECK(!status.error().hint.empty());
    CHECK_EQ(list_all(), before);
  }
}

TEST(rights_that_a_crash_left_are_not_inherited) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  nft::Member dead = full_member(), next;
  dead.egress_any = true;
  CHECK_DONE(nft::add(nfnl, "secn0", dead));
  next.address4 = dead.address4;
  next.hardware = {2, 0, 0, 0, 0, 6};
  CHECK_DONE(nft::add(nfnl, "secn0", next));
  CHECK_EQ(elements("egress4"), "10.203.0.5 : drop");
  CHECK_EQ(elements("source4"), "10.203.0.5 . 02:00:00:00:00:06");
  CHECK_EQ(elements("host4"), "");
  CHECK_EQ(elements("publish4"), "");
}

TEST(port_for_a_family_that_the_container_lacks_is_refused) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  nft::Member member;
  member.address4 = address("10.203.0.5");
  for (const auto& host : {address("::"), net::Address{}}) {
    member.publish = {{IPPROTO_TCP, host, 80, 80}};
    auto status = nft::add(nfnl, "secn0", member);
    CHECK(!status);
    if (!status) CHECK_EQ(status.error().code, "NETWORK_FAILED");
  }
  CHECK(member_texts(nfnl).empty());
}

TEST(missing_table_has_no_members) {
  NFT_TEST();
  CHECK(member_texts(nfnl).empty());
  CHECK_DONE(nft::remove_member(nfnl, "secn0", {address("10.203.0.5")}));
  auto status = nft::add(nfnl, "secn0", full_member());
  CHECK(!status);
  if (!status) CHECK_EQ(status.error().code, "TABLE_MISSING");
  auto guarded = nft::guard_forwarding(nfnl, "secn0", {"up0"});
  CHECK(!guarded);
  if (!guarded) CHECK_EQ(guarded.error().code, "TABLE_MISSING");
}

TEST(thousand_ports) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  nft::Member many;
  many.address4 = address("10.203.0.5");
  many.address6 = address("fd7c:5ec0:e01::5");
  for (unsigned i = 0; i < 1024; i++) {
    const auto port = static_cast<std::uint16_t>(20000 + i);
    many.publish.push_back({IPPROTO_TCP, address(i % 2 == 0 ? "0.0.0.0" : "::"), port, port});
  }
  CHECK_DONE(nft::add(nfnl, "secn0", many));
  CHECK_EQ(check::occurrences(list_all(), ": 10.203.0.5 . 2"), 512);
  CHECK_EQ(check::occurrences(list_all(), ": fd7c:5ec0:e01::5 . 2"), 512);
  // The last of all is refused, and is the one that is named.
  nft::Member late = many;
  late.address4 = address("10.203.0.6");
  late.address6 = address("fd7c:5ec0:e01::6");
  for (auto& port : late.publish) port.host_port = static_cast<std::uint16_t>(port.host_port + 10000);
  late.publish.back() = many.publish.back();
  auto status = nft::add(nfnl, "secn0", late);
  CHECK(!status && contains(status.error().message, "tcp port 21023 of every address (::)"));
  CHECK_EQ(member_texts(nfnl).size(), 2);
  CHECK_DONE(nft::remove_member(nfnl, "secn0", {many.address4, many.address6}));
  CHECK(member_texts(nfnl).empty());
}

// gc and a stop at the same time, while another process changes rules: every removal is a success and nothing is left.
TEST(removals_at_the_same_time) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  std::vector<net::Address> all;
  for (int i = 1; i <= 100; i++) {
    nft::Member member;
    member.address4 = address("10.203.1." + std::to_string(i));
    for (unsigned p = 0; p < 5; p++)
      member.publish.push_back({IPPROTO_TCP, address("127.0.0.1"), static_cast<std::uint16_t>(i * 10 + static_cast<int>(p)), 80});
    CHECK_DONE(nft::add(nfnl, "secn0", member));
    all.push_back(member.address4);
  }
  CHECK(check::all_at_once(4, [&](int) {
    auto own = netlink::Socket::open(NETLINK_NETFILTER);
    if (!own) return 1;
    for (const auto& one : all)
      if (!nft::remove_member(*own, "secn0", {one})) return 2;
    return 0;
  }));
  CHECK(member_texts(nfnl).empty());
}
