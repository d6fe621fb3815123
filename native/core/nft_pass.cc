// SPDX-License-Identifier: Apache-2.0
// Other firewalls. A packet must be accepted by every chain of a hook: that our table accepts it does not help where docker, an
// administrator's iptables or firewalld drop what is forwarded. Two rules at the head of their chain accept what is ours, since our
// own table decides about it. Rules of the old x_tables (iptables-legacy) cannot be seen or changed here.
#include <linux/netfilter.h>

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

std::string mark_of(const std::string& bridge) { return "secure:" + bridge; }

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

Result<std::vector<Present>> rules_of(netlink::Socket& socket, const Foreign& foreign) {
  auto rules = dump(socket, {NFT_MSG_GETRULE, foreign.family, {{NFTA_RULE_TABLE, foreign.table}}, "list the rules of " + description(foreign)});
  if (!rules && nothing_there(rules.error())) return std::vector<Present>{};
  if (!rules) return rules.error();
  std::vector<Present> out;
  for (const auto& rule : *rules)
    if (netlink::to_text(netlink::find_attribute(rule, NFTA_RULE_TABLE)) == foreign.table)
      out.push_back({netlink::to_text(netlink::find_attribute(rule, NFTA_RULE_CHAIN)),
                     comment_of(netlink::find_attribute(rule, NFTA_RULE_USERDATA)),
                     std::string(netlink::find_attribute(rule, NFTA_RULE_HANDLE))});
  return out;
}

Message delete_rule(const Foreign& foreign, const Present& rule) {
  Message out = message(NFT_MSG_DELRULE, 0, foreign.family);
  out.text(NFTA_RULE_TABLE, foreign.table).text(NFTA_RULE_CHAIN, rule.chain).attr(NFTA_RULE_HANDLE, rule.handle);
  return out;
}

// Nothing of anybody else's before ours, which may be those of several bridges.
bool at_head(const std::vector<Present>& rules, const std::string& chain, const std::string& mark) {
  std::size_t found = 0;
  for (const auto& rule : rules) {
    if (rule.chain != chain) continue;
    if (rule.comment.rfind("secure:", 0) != 0) break;
    if (rule.comment == mark) found++;
  }
  return found == 2;
}

// One attempt for one foreign table; the errno of a change that lost a race is the caller's to look at.
Status pass_once(netlink::Socket& socket, const Foreign& foreign, const std::string& bridge) {
  SECURE_LET(chain, chain_of(socket, foreign));
  if (!chain) return Ok{};
  SECURE_LET(rules, rules_of(socket, foreign));
  const std::string mark = mark_of(bridge);
  if (at_head(rules, *chain, mark)) return Ok{};
  std::vector<Message> messages;
  for (const auto& rule : rules)
    if (rule.comment == mark) messages.push_back(delete_rule(foreign, rule));
  // The shape in which iptables-nft writes `-i BRIDGE -j ACCEPT`: it refuses to list a chain with what it cannot read.
  for (std::uint32_t key : {NFT_META_OIFNAME, NFT_META_IIFNAME}) {
    Rule rule(foreign.family, foreign.table, *chain, true);
    rule.interface(key, bridge, NFT_CMP_EQ).counter().verdict(NF_ACCEPT);
    messages.push_back(std::move(rule).finish(comment(mark)));
  }
  return socket.transaction(messages, "let bridge " + bridge + " pass " + description(foreign));
}

Status unpass_once(netlink::Socket& socket, const Foreign& foreign, const std::string& bridge) {
  SECURE_LET(rules, rules_of(socket, foreign));
  std::vector<Message> messages;
  for (const auto& rule : rules)
    if (rule.comment == mark_of(bridge)) messages.push_back(delete_rule(foreign, rule));
  if (messages.empty()) return Ok{};
  return socket.transaction(messages, "remove the rules of bridge " + bridge + " from " + description(foreign));
}

using Once = Status (*)(netlink::Socket&, const Foreign&, const std::string&);

Status for_each(netlink::Socket& socket, const std::string& bridge, Once once) {
  constexpr int kTries = 20;
  Status first = Ok{};
  for (const auto& foreign : kForeign) {
    Status status = once(socket, foreign, bridge);
    // A chain or a rule went away since it was listed: docker or firewalld restarts.
    for (int attempt = 1; !status && status.error().err == ENOENT && attempt < kTries; attempt++) status = once(socket, foreign, bridge);
    // A table with an owner (firewalld can set one) is its owner's alone. That is his decision, not a reason to keep a container from
    // starting: packets that he drops stay dropped.
    if (!status && status.error().err == EPERM) continue;
    if (!status && first) first = std::move(status);
  }
  return first;
}

}  // namespace

Status pass(netlink::Socket& socket, const std::string& bridge) { return for_each(socket, bridge, pass_once); }

Status unpass(netlink::Socket& socket, const std::string& bridge) { return for_each(socket, bridge, unpass_once); }

}  // namespace secure::nft
