// SPDX-License-Identifier: Apache-2.0
// Other firewalls. A packet must be accepted by every chain of a hook: that our table accepts it does not help where docker, an
// administrator's iptables or firewalld drop what is forwarded. Rules at the head of their chain accept what comes to us, and what leaves for
// the outside, since our own table decides about it. About what leaves for the containers of docker it does not: their ports that are not published are
// closed by those very chains. Rules of the old x_tables (iptables-legacy) cannot be seen or changed here.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "nft_expr.h"
#include "nft_table.h"
#include "nft_wire.h"

namespace secure::nft {

namespace {

using netlink::Message;

struct Foreign {
  std::uint8_t family;
  const char* table;
  std::array<const char*, 2> chains;  // the first that exists
};
// DOCKER-USER is what docker jumps to before its own rules and leaves alone when it rewrites them.
constexpr std::array<Foreign, 3> kForeign{{
    {NFPROTO_IPV4, "filter", {"DOCKER-USER", "FORWARD"}},
    {NFPROTO_IPV6, "filter", {"DOCKER-USER", "FORWARD"}},
    {NFPROTO_INET, "firewalld", {"filter_FORWARD", nullptr}},
}};

constexpr char kMark[] = "secure:";
std::string mark_of(const std::string& bridge) { return kMark + bridge; }

// One of our rules, known by its comment: no name of a bridge has a '>'.
struct Passage {
  std::string out, comment;  // out "": whatever goes to the bridge
};
bool of_bridge(const std::string& comment, const std::string& bridge) {
  return comment == mark_of(bridge) || comment.starts_with(mark_of(bridge) + ">");
}

// A name that iptables-save writes as it is and iptables-restore takes for one interface.
bool plain(const std::string& name) {
  return !name.empty() && name.size() < IFNAMSIZ &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") == std::string::npos;
}

std::vector<Passage> passages(const std::string& bridge, const std::vector<std::string>& outside) {
  std::vector<Passage> out{{"", mark_of(bridge)}};
  for (const auto& name : outside)
    if (plain(name)) out.push_back({name, mark_of(bridge) + ">" + name});
  return out;
}

std::string description(const Foreign& foreign) {
  const char* family = foreign.family == NFPROTO_IPV4 ? "ip " : foreign.family == NFPROTO_IPV6 ? "ip6 " : "inet ";
  return std::string("table ") + family + foreign.table;
}

// Nobody's table can be in the way where nf_tables is not even there (EINVAL, see nft_table.cc).
bool nothing_there(const Error& error) { return error.err == EINVAL || error.err == EOPNOTSUPP || error.err == ENOENT; }

Result<std::optional<std::string>> chain_of(netlink::Socket& socket, const Foreign& foreign) {
  auto chains = dump(socket, {NFT_MSG_GETCHAIN, foreign.family, {}, "list the chains of " + description(foreign)});
  if (!chains && nothing_there(chains.error())) return std::optional<std::string>{};
  if (!chains) return chains.error();
  for (const char* wanted : foreign.chains)
    for (const auto& chain : *chains)
      if (wanted != nullptr && netlink::to_text(netlink::find_attribute(chain, NFTA_CHAIN_TABLE)) == foreign.table &&
          netlink::to_text(netlink::find_attribute(chain, NFTA_CHAIN_NAME)) == wanted)
        return std::optional<std::string>{wanted};
  return std::optional<std::string>{};
}

struct Present {
  std::string chain, comment, handle;
};

// Of a rule as we write it, or as iptables-restore has written it again: with the comment as a match of x_tables, whose data is the text.
std::string comment_in(std::string_view rule) {
  std::string out = comment_of(netlink::find_attribute(rule, NFTA_RULE_USERDATA));
  netlink::each_attribute(netlink::find_attribute(rule, NFTA_RULE_EXPRESSIONS), [&](std::uint16_t, std::string_view expression) {
    const auto data = netlink::find_attribute(expression, NFTA_EXPR_DATA);
    if (out.empty() && netlink::to_text(netlink::find_attribute(expression, NFTA_EXPR_NAME)) == "match" &&
        netlink::to_text(netlink::find_attribute(data, NFTA_MATCH_NAME)) == "comment")
      out = netlink::to_text(netlink::find_attribute(data, NFTA_MATCH_INFO));
  });
  return out;
}

Result<std::vector<Present>> rules_of(netlink::Socket& socket, const Foreign& foreign) {
  auto rules = dump(socket, {NFT_MSG_GETRULE, foreign.family, {{NFTA_RULE_TABLE, foreign.table}}, "list the rules of " + description(foreign)});
  if (!rules && nothing_there(rules.error())) return std::vector<Present>{};
  if (!rules) return rules.error();
  std::vector<Present> out;
  for (const auto& rule : *rules)
    if (netlink::to_text(netlink::find_attribute(rule, NFTA_RULE_TABLE)) == foreign.table)
      out.push_back({netlink::to_text(netlink::find_attribute(rule, NFTA_RULE_CHAIN)),
                     comment_in(rule),
                     std::string(netlink::find_attribute(rule, NFTA_RULE_HANDLE))});
  return out;
}

Message delete_rule(const Foreign& foreign, const Present& rule) {
  Message out = message(NFT_MSG_DELRULE, 0, foreign.family);
  out.text(NFTA_RULE_TABLE, foreign.table).text(NFTA_RULE_CHAIN, rule.chain).attr(NFTA_RULE_HANDLE, rule.handle);
  return out;
}

// These, with nothing of anybody else's before them; of other bridges of ours there may be.
bool at_head(const std::vector<Present>& rules, const std::string& chain, const std::string& bridge, const std::vector<Passage>& wanted) {
  std::vector<std::string> found;
  for (const auto& rule : rules) {
    if (rule.chain != chain) continue;
    if (!rule.comment.starts_with(kMark)) break;
    if (of_bridge(rule.comment, bridge)) found.push_back(rule.comment);
  }
  return std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(), [](const auto& comment, const auto& one) { return comment == one.comment; });
}

// One attempt for one foreign table; the errno of a change that lost a race is the caller's to look at.
Status pass_once(netlink::Socket& socket, const Foreign& foreign, const std::string& bridge, const std::vector<std::string>& outside) {
  SECURE_LET(chain, chain_of(socket, foreign));
  if (!chain) return Ok{};
  SECURE_LET(rules, rules_of(socket, foreign));
  const std::vector<Passage> wanted = passages(bridge, outside);
  if (at_head(rules, *chain, bridge, wanted)) return Ok{};
  std::vector<Message> messages;
  for (const auto& rule : rules)
    if (of_bridge(rule.comment, bridge)) messages.push_back(delete_rule(foreign, rule));
  // Each before the others. The shape in which iptables-nft writes `-i BRIDGE -o OUT -j ACCEPT`: it refuses to list a chain with what it cannot read.
  for (auto one = wanted.rbegin(); one != wanted.rend(); ++one) {
    Rule rule(foreign.family, foreign.table, *chain, true);
    if (one->out.empty()) rule.oif(bridge);
    else rule.iif(bridge).oif(one->out);
    rule.counter().verdict(NF_ACCEPT);
    messages.push_back(std::move(rule).finish(comment(one->comment)));
  }
  return socket.transaction(messages, "let bridge " + bridge + " pass " + description(foreign));
}

Status unpass_once(netlink::Socket& socket, const Foreign& foreign, const std::string& bridge) {
  SECURE_LET(rules, rules_of(socket, foreign));
  std::vector<Message> messages;
  for (const auto& rule : rules)
    if (of_bridge(rule.comment, bridge)) messages.push_back(delete_rule(foreign, rule));
  if (messages.empty()) return Ok{};
  return socket.transaction(messages, "remove the rules of bridge " + bridge + " from " + description(foreign));
}

template <typename Once>
Status for_each(Once once) {
  constexpr int kTries = 20;
  Status first = Ok{};
  for (const auto& foreign : kForeign) {
    Status status = once(foreign);
    // A chain or a rule went away since it was listed: docker or firewalld restarts.
    for (int attempt = 1; !status && status.error().err == ENOENT && attempt < kTries; attempt++) status = once(foreign);
    // A table with an owner (firewalld can set one) is its owner's alone. That is his decision, not a reason to keep a container from
    // starting: packets that he drops stay dropped.
    if (!status && status.error().err == EPERM) continue;
    if (!status && first) first = std::move(status);
  }
  return first;
}

}  // namespace

Status pass(netlink::Socket& socket, const std::string& bridge, const std::vector<std::string>& outside) {
  return for_each([&](const Foreign& foreign) { return pass_once(socket, foreign, bridge, outside); });
}

Status unpass(netlink::Socket& socket, const std::string& bridge) {
  return for_each([&](const Foreign& foreign) { return unpass_once(socket, foreign, bridge); });
}

}  // namespace secure::nft
