// SPDX-License-Identifier: Apache-2.0
// Other firewalls, made by their own programs: iptables-nft as docker uses it, nft as firewalld does.
#include <linux/netfilter/nf_tables.h>

#include "nft_kernel.h"
#include "nft_wire.h"

using namespace secure;
using check::contains;
using check::run;

namespace {

constexpr char kIn[] = "-i secn0 -o up0 -m comment --comment \"secure:secn0>up0\" -j ACCEPT\n";
constexpr char kOut[] = "-o secn0 -m comment --comment \"secure:secn0\" -j ACCEPT\n";

std::string both(const std::string& chain) { return "-A " + chain + " " + kOut + "-A " + chain + " " + kIn; }

void iptables(const std::string& arguments) {
  auto ran = run("iptables-nft " + arguments + " && ip6tables-nft " + arguments);
  if (ran.code != 0) check::failed(__FILE__, __LINE__, "iptables " + arguments + ": " + ran.out);
}

std::string rules(const std::string& program = "iptables-nft") {
  auto ran = run(program + " -S");
  return ran.code == 0 ? ran.out : "failed: " + ran.out;
}

}  // namespace

TEST(nothing_to_pass_makes_nothing) {
  NFT_TEST();
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  CHECK_DONE(nft::unpass(nfnl, "secn0"));
  CHECK_EQ(run("nft list ruleset").out, "");
}

TEST(forward_chain_that_drops) {
  NFT_TEST();
  iptables("-P FORWARD DROP");
  iptables("-A FORWARD -i other0 -j DROP");
  std::string before = rules(), before6 = rules("ip6tables-nft");
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  for (const char* program : {"iptables-nft", "ip6tables-nft"}) {
    CHECK_EQ(rules(program), "-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n" + both("FORWARD") + "-A FORWARD -i other0 -j DROP\n");
    CHECK_EQ(run(std::string(program) + " -L FORWARD -v -n | grep -c 'ACCEPT.*secn0.*secure:secn0'").out, "2\n");
    // The program can still change the chain, and takes our rules for its own.
    CHECK_EQ(run(std::string(program) + " -C FORWARD " + std::string(kIn).substr(0, std::string(kIn).size() - 1)).out, "");
  }
  std::string made = run("nft -a list ruleset").out;
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  CHECK_EQ(run("nft -a list ruleset").out, made);
  CHECK_DONE(nft::unpass(nfnl, "secn0"));
  CHECK_EQ(rules(), before);
  CHECK_EQ(rules("ip6tables-nft"), before6);
  CHECK_DONE(nft::unpass(nfnl, "secn0"));
}

TEST(docker_user_goes_first_even_when_it_comes_later) {
  NFT_TEST();
  iptables("-P FORWARD DROP");
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  CHECK(contains(rules(), both("FORWARD")));
  // What docker does when it starts.
  iptables("-N DOCKER-USER");
  iptables("-A DOCKER-USER -j RETURN");
  iptables("-I FORWARD -j DOCKER-USER");
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  CHECK(contains(rules(), both("DOCKER-USER") + "-A DOCKER-USER -j RETURN"));
  CHECK(contains(rules("ip6tables-nft"), both("DOCKER-USER") + "-A DOCKER-USER -j RETURN"));
  CHECK(!contains(rules(), "-A FORWARD -i secn0"));
  // A rule that got before ours.
  iptables("-I DOCKER-USER -i eth9 -j DROP");
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  CHECK(contains(rules(), both("DOCKER-USER") + "-A DOCKER-USER -i eth9 -j DROP"));
  // One of the two was taken away.
  CHECK_EQ(run("iptables-nft -D DOCKER-USER 2").code, 0);
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  CHECK(contains(rules(), both("DOCKER-USER")));
  CHECK_EQ(check::occurrences(rules(), "secure:secn0"), 2);
  CHECK_DONE(nft::unpass(nfnl, "secn0"));
  CHECK(!contains(run("nft list ruleset").out, "secn0"));
  CHECK(contains(rules(), "-A DOCKER-USER -i eth9 -j DROP"));
}

TEST(two_bridges_do_not_push_each_other_away) {
  NFT_TEST();
  iptables("-P FORWARD DROP");
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  CHECK_DONE(nft::pass(nfnl, "secn01", {"up0"}));
  std::string made = run("nft -a list ruleset").out;
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  CHECK_EQ(run("nft -a list ruleset").out, made);
  CHECK_DONE(nft::unpass(nfnl, "secn0"));
  CHECK_EQ(check::occurrences(rules(), "\"secure:secn01"), 2);
  CHECK_EQ(check::occurrences(rules(), "secn0>"), 0);
  CHECK_EQ(check::occurrences(rules(), "\"secure:secn0\""), 0);
}

TEST(firewalld_is_passed_and_its_rules_stay) {
  NFT_TEST();
  CHECK_EQ(run("nft 'table inet firewalld { chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept; "
               "ct state established accept; reject with icmpx admin-prohibited; }; }'")
               .out,
           "");
  std::string before = run("nft list ruleset").out;
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  std::string after = run("nft list ruleset").out;
  auto in = after.find("iifname \"secn0\" oifname \"up0\" counter packets 0 bytes 0 accept comment \"secure:secn0>up0\"");
  auto out = after.find("oifname \"secn0\" counter packets 0 bytes 0 accept comment \"secure:secn0\"");
  auto theirs = after.find("ct state established accept");
  CHECK(out != std::string::npos && out < in && in < theirs && theirs != std::string::npos);
  CHECK_DONE(nft::unpass(nfnl, "secn0"));
  CHECK_EQ(run("nft list ruleset").out, before);
}

TEST(table_with_an_owner_is_left_to_it) {
  NFT_TEST();
  iptables("-P FORWARD DROP");
  auto owner = netlink::Socket::open(NETLINK_NETFILTER);
  REQUIRE(owner.ok());
  std::vector<netlink::Message> messages;
  messages.push_back(nft::message(NFT_MSG_NEWTABLE, NLM_F_CREATE, 1));
  messages.back().text(NFTA_TABLE_NAME, "firewalld").be32(NFTA_TABLE_FLAGS, 2 /* NFT_TABLE_F_OWNER */);
  messages.push_back(nft::message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, 1));
  messages.back().text(NFTA_CHAIN_TABLE, "firewalld").text(NFTA_CHAIN_NAME, "filter_FORWARD");
  CHECK_DONE(owner->transaction(messages, "make a table with an owner"));
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0"}));
  CHECK(contains(rules(), both("FORWARD")));
  CHECK(!contains(run("nft list table inet firewalld").out, "secn0"));
  CHECK_DONE(nft::unpass(nfnl, "secn0"));
  CHECK(!contains(rules(), "secn0"));
}

TEST(what_is_outside_changes) {
  NFT_TEST();
  iptables("-P FORWARD DROP");
  const std::string before = rules();
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up0", "up1", "a+", "b c", "\"", "", "a name that is far too long"}));
  CHECK_EQ(check::occurrences(rules(), "-j ACCEPT\n"), 3);
  CHECK(contains(rules(), "-A FORWARD -i secn0 -o up0 ") && contains(rules(), "-A FORWARD -i secn0 -o up1 "));
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up1"}));
  CHECK_EQ(check::occurrences(rules(), "up0"), 0);
  CHECK_EQ(check::occurrences(rules(), "-i secn0 -o up1 "), 1);
  // What iptables saves it takes back, in another shape; they are still ours.
  CHECK_EQ(run("iptables-nft-save | iptables-nft-restore").code, 0);
  CHECK_EQ(check::occurrences(rules(), "-i secn0 -o up1 "), 1);
  CHECK_DONE(nft::pass(nfnl, "secn0", {"up1"}));
  CHECK_EQ(check::occurrences(rules(), "-i secn0 -o up1 "), 1);
  CHECK_DONE(nft::unpass(nfnl, "secn0"));
  CHECK_EQ(rules(), before);
}
