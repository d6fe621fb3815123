// SPDX-License-Identifier: Apache-2.0
// The table, compared with what nft makes of the same rules in its own syntax, and who may own one.
#include <linux/netfilter/nf_tables.h>

#include <map>

#include "child.h"
#include "nft_kernel.h"
#include "nft_wire.h"

using namespace secure;
using check::contains;
using check::run;

namespace {

constexpr char kOracle[] = R"(
table inet secn0 {
  comment "secure 2"
  map publish4 { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }
  map publish6 { type inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service; }
  map anyaddress4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map anyaddress6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map egress4 { type ipv4_addr : verdict; }
  map egress6 { type ipv6_addr : verdict; }
  set egressports4 { type ipv4_addr . inet_proto . inet_service; }
  set egressports6 { type ipv6_addr . inet_proto . inet_service; }
  set host4 { type ipv4_addr; }
  set host6 { type ipv6_addr; }
  set source4 { type ipv4_addr . ether_addr; }
  set source6 { type ipv6_addr . ether_addr; }
  set guarded { type ifname; }
  chain publish {
    meta nfproto ipv4 dnat ip to meta l4proto . ip daddr . th dport map @publish4
    meta nfproto ipv6 dnat ip6 to meta l4proto . ip6 daddr . th dport map @publish6
    meta nfproto ipv4 fib daddr type local dnat ip to meta l4proto . th dport map @anyaddress4
    ip6 daddr != ::1 fib daddr type local dnat ip6 to meta l4proto . th dport map @anyaddress6
  }
  chain leaving {
    oifname "secn0" drop
    ct state established,related accept
    ip saddr vmap @egress4
    ip6 saddr vmap @egress6
    ip saddr . meta l4proto . th dport @egressports4 accept
    ip6 saddr . meta l4proto . th dport @egressports6 accept
    drop
  }
  chain entering {
    ct state established,related accept
    ct status dnat accept
    drop
  }
  chain source {
    ip saddr . ether saddr @source4 accept
    ip6 saddr . ether saddr @source6 accept
    drop
  }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr & 255.0.0.0 == 127.0.0.0 drop
    iifgroup 0x5ec0e001 drop
    iifname "secn0" jump source
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "secn0" return
    jump publish
  }
  chain output {
    type nat hook output priority -100; policy accept;
    jump publish
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "secn0" ip saddr & 255.0.0.0 == 127.0.0.0 masquerade
    oifname != "secn0" ip saddr & 255.255.0.0 == 10.203.0.0 masquerade
    oifname != "secn0" ip6 saddr & ffff:ffff:ffff:ffff:: == fd7c:5ec0:e01:: masquerade
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname != "secn0" accept
    ct state established,related accept
    icmpv6 type 135-136 accept
    ip saddr @host4 accept
    ip6 saddr @host6 accept
    drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname @guarded oifname @guarded drop
    iifname "secn0" jump leaving
    oifname "secn0" jump entering
  }
}
)";

std::string list_table(const std::string& name = "secn0") { return run("nft list table inet " + name).out; }

// What the kernel holds, without what it numbers itself: attributes `shown` of each object, under the object's names.
std::map<std::string, std::string> kept(netlink::Socket& socket, int type, std::uint16_t name, std::vector<std::uint16_t> shown) {
  std::map<std::string, std::string> out;
  auto objects = nft::dump(socket, {type, 1 /* NFPROTO_INET */, {}, "dump"});
  if (!objects) return {{"error", objects.error().text()}};
  for (const auto& object : *objects) {
    std::string value;
    for (std::uint16_t attribute : shown) {
      auto bytes = netlink::find_attribute(object, attribute);
      value += std::to_string(attribute) + "=" + std::string(bytes) + ";";
    }
    out[netlink::to_text(netlink::find_attribute(object, name))] += value;
  }
  return out;
}

void compare(netlink::Socket& ours, netlink::Socket& oracle, int type, std::uint16_t name, std::vector<std::uint16_t> shown, std::size_t n) {
  auto a = kept(ours, type, name, shown), b = kept(oracle, type, name, shown);
  CHECK_EQ(a.size(), n);
  CHECK_EQ(b.size(), n);
  for (const auto& [key, value] : b)
    if (a[key] != value) check::failed(__FILE__, __LINE__, "differs from what nft makes: " + key + " of message type " + std::to_string(type));
}

}  // namespace

TEST(kernel_holds_what_nft_would_have_made) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  std::string ours = list_table();
  check::Netns other;
  auto loaded = run("nft -f - <<'RULES'" + std::string(kOracle) + "RULES");
  CHECK_EQ(loaded.out, "");
  CHECK_EQ(ours, list_table());
  auto oracle = netlink::Socket::open(NETLINK_NETFILTER);
  REQUIRE(oracle.ok());
  compare(nfnl, *oracle, NFT_MSG_GETTABLE, NFTA_TABLE_NAME, {NFTA_TABLE_FLAGS, NFTA_TABLE_USERDATA}, 1);
  compare(nfnl, *oracle, NFT_MSG_GETCHAIN, NFTA_CHAIN_NAME, {NFTA_CHAIN_HOOK, NFTA_CHAIN_POLICY, NFTA_CHAIN_TYPE, NFTA_CHAIN_FLAGS}, 10);
  compare(nfnl, *oracle, NFT_MSG_GETSET, NFTA_SET_NAME,
          {NFTA_SET_FLAGS, NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN, NFTA_SET_DATA_TYPE, NFTA_SET_DATA_LEN}, 13);
  compare(nfnl, *oracle, NFT_MSG_GETRULE, NFTA_RULE_CHAIN, {NFTA_RULE_EXPRESSIONS}, 10);
}

TEST(prefix_of_any_length_is_masked_by_its_bits) {
  NFT_TEST();
  nft::Table table{"secn0", *net::parse_prefix("10.203.16.0/21"), *net::parse_prefix("fd7c:5ec0:e01:10::/61")};
  CHECK_DONE(nft::ensure(nfnl, table));
  CHECK(contains(list_table(), "ip saddr 10.203.16.0/21 masquerade"));
  CHECK(contains(list_table(), "ip6 saddr fd7c:5ec0:e01:10::/61 masquerade"));
}

TEST(network_without_ipv6_masquerades_ipv4_only) {
  NFT_TEST();
  auto table = check::test_table();
  table.subnet6.reset();
  CHECK_DONE(nft::ensure(nfnl, table));
  CHECK(contains(list_table(), "oifname != \"secn0\" ip saddr 10.203.0.0/16 masquerade"));
  CHECK(!contains(list_table(), "oifname != \"secn0\" ip6"));
  CHECK_DONE(nft::ensure(nfnl, table));
}

TEST(second_ensure_changes_nothing) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK_EQ(run("nft add element inet secn0 host4 '{ 10.203.0.9 }'").code, 0);
  std::string before = run("nft -a list table inet secn0").out;  // with handles
  CHECK(contains(before, "10.203.0.9"));
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK_EQ(run("nft -a list table inet secn0").out, before);
}

TEST(ensure_and_remove_at_the_same_time) {
  NFT_TEST();
  CHECK(check::all_at_once(6, [](int worker) {
    auto own = netlink::Socket::open(NETLINK_NETFILTER);
    if (!own) return 1;
    // Without the lock that callers hold: what one makes another may find half a moment later, or gone.
    for (int i = 0; i < 50; i++) {
      auto made = nft::ensure(*own, check::test_table());
      if (!made && made.error().err != EEXIST && made.error().err != ENOENT) return 2;
      if (worker == 0 && i % 5 == 0 && !nft::remove(*own, "secn0")) return 3;
    }
    return 0;
  }));
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  std::string raced = list_table();
  CHECK_DONE(nft::remove(nfnl, "secn0"));
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK_EQ(raced, list_table());
}

TEST(rules_that_were_flushed_are_restored_and_elements_kept) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK_EQ(run("nft add element inet secn0 host4 '{ 10.203.0.9 }'").code, 0);
  CHECK_DONE(nft::guard_forwarding(nfnl, "secn0", {"up0", "up1"}));
  std::string before = list_table();
  const auto intact = [&] { auto whole = nft::intact(nfnl, check::test_table()); return whole.ok() && *whole; };
  CHECK(intact());
  CHECK_EQ(run("nft flush chain inet secn0 leaving").code, 0);
  CHECK(!intact());
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK(intact());
  CHECK_EQ(list_table(), before);
  CHECK_EQ(run("nft flush table inet secn0").code, 0);
  CHECK(!contains(list_table(), "drop"));
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK_EQ(list_table(), before);
}

TEST(forwarding_is_guarded_between_those_that_are_named) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  std::string before = list_table();
  // Nobody, and what is no name of an interface.
  CHECK_DONE(nft::guard_forwarding(nfnl, "secn0", {}));
  CHECK_DONE(nft::guard_forwarding(nfnl, "secn0", {"", "0123456789abcdef", std::string(100'000, 'a')}));
  CHECK_EQ(list_table(), before);
  for (int i = 0; i < 3; i++) CHECK_DONE(nft::guard_forwarding(nfnl, "secn0", {"up0", "0123456789abcde", "up0"}));
  CHECK_DONE(nft::guard_forwarding(nfnl, "secn0", {"up*"}));
  std::string guarded = run("nft list set inet secn0 guarded").out;
  for (const char* name : {"\"up0\"", "\"0123456789abcde\"", "\"up*\""}) CHECK_EQ(check::occurrences(guarded, name), 1);
  CHECK_EQ(check::occurrences(guarded, "\""), 6);
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK_EQ(run("nft list set inet secn0 guarded").out, guarded);
}

TEST(two_bridges_have_a_table_each) {
  NFT_TEST();
  CHECK_DONE(nft::ensure(nfnl, check::test_table("secn0")));
  CHECK_DONE(nft::ensure(nfnl, check::test_table("sec_n.1-abcdefg")));
  CHECK_DONE(nft::guard_forwarding(nfnl, "sec_n.1-abcdefg", {"up0"}));
  CHECK(contains(list_table("sec_n.1-abcdefg"), "up0") && !contains(list_table(), "up0"));
  CHECK_DONE(nft::remove(nfnl, "secn0"));
  CHECK_EQ(run("nft list tables").out, "table inet sec_n.1-abcdefg\n");
}

TEST(table_of_somebody_else_is_refused_and_left_alone) {
  NFT_TEST();
  for (const char* body : {"", "comment \"my own\"", "comment \"secure 1\""}) {
    CHECK_EQ(run(std::string("nft 'table inet secn0 { ") + body + "; chain c { }; }'").out, "");
    std::string before = list_table();
    auto status = nft::ensure(nfnl, check::test_table());
    CHECK(!status);
    if (!status) CHECK_EQ(status.error().code, "TABLE_TAKEN");
    CHECK_EQ(list_table(), before);
    bool ours = contains(body, "secure 1");
    CHECK_DONE(nft::remove(nfnl, "secn0"));
    CHECK_EQ(list_table() == before, !ours);  // a table of another version of ours is ours to remove
    CHECK_EQ(run("nft destroy table inet secn0 2>/dev/null || nft delete table inet secn0").code, ours ? 1 : 0);
  }
  // The same name in another family is another table.
  CHECK_EQ(run("nft add table ip secn0").code, 0);
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
}

TEST(remove_takes_all_and_may_be_repeated) {
  NFT_TEST();
  CHECK_DONE(nft::remove(nfnl, "secn0"));
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK_DONE(nft::remove(nfnl, "secn0"));
  CHECK_DONE(nft::remove(nfnl, "secn0"));
  CHECK_EQ(run("nft list ruleset").out, "");
}

TEST(without_the_right_to_change_rules_the_error_is_the_kernels) {
  NFT_TEST();
  // In a child without CAP_NET_ADMIN; its socket is opened after that.
  pid_t pid = ::fork();
  if (pid == 0) {
    if (::setuid(65534) < 0) ::_exit(10);
    auto own = netlink::Socket::open(NETLINK_NETFILTER);
    if (!own) ::_exit(own.error().err == EPERM ? 0 : 11);
    auto status = nft::ensure(*own, check::test_table());
    ::_exit(!status && status.error().err == EPERM && status.error().code == "NETLINK_FAILED" ? 0 : 12);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  CHECK_EQ(WEXITSTATUS(status), 0);
  CHECK_EQ(run("nft list ruleset").out, "");
}

// This kernel has everything: the errnos are those of nfnetlink and nf_tables without their modules.
TEST(what_the_kernel_lacks_is_named_with_the_modules) {
  for (int err : {EPROTONOSUPPORT, EAFNOSUPPORT, EOPNOTSUPP, ENOENT}) {
    Error error = nft::unavailable(fail(Stage::network, "NETLINK_FAILED", err, "make the table"));
    CHECK_EQ(error.code, "NFT_UNAVAILABLE");
    CHECK_EQ(error.err, err);
    CHECK(contains(error.message, "make the table") && contains(error.hint, "modprobe") && contains(error.hint, "nft_fib_inet"));
  }
  CHECK_EQ(nft::unavailable(fail(Stage::network, "NETLINK_FAILED", EPERM, "make the table")).code, "NETLINK_FAILED");
}

TEST(comments_are_read_within_their_bytes) {
  CHECK_EQ(nft::comment_of(nft::comment("secure 1")), "secure 1");
  CHECK_EQ(nft::comment_of(std::string("\x02\x01x", 3) + nft::comment("after another")), "after another");
  for (const auto& bytes : {std::string(), std::string("\0", 1), std::string("\0\xff""abc", 5), std::string("\x01\xff", 2),
                            std::string("\0\0", 2), std::string(300, '\xff')})
    CHECK_EQ(nft::comment_of(bytes), "");
  CHECK_EQ(nft::comment_of(std::string("\0\3abc", 5)), "abc");  // without the NUL
}
