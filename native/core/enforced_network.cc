// SPDX-License-Identifier: Apache-2.0
// What the network namespace holds, and for a bridge that the table which lets traffic in and out knows the container.
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "address.h"
#include "enforced_parts.h"
#include "nft_table.h"

namespace secure::enforced {

namespace {

std::vector<std::string> interfaces(const Subject& subject) {
  std::vector<std::string> out;
  for (const auto& line : lines(read_text(subject, "net/dev")))
    if (const std::size_t colon = line.find(':'); colon != std::string::npos) out.push_back(join(words(line.substr(0, colon))));
  std::sort(out.begin(), out.end());
  return out;
}

// Its own addresses but those of loopback. In fib_trie each is a leaf "|-- 10.203.1.2" with a line "/32 host LOCAL" below; in if_inet6 a line
// "fd7c...02 02 40 00 80 eth0".
std::vector<std::string> addresses(const Subject& subject) {
  std::vector<std::string> out;
  std::string leaf;
  for (const auto& line : lines(read_text(subject, "net/fib_trie"))) {
    const auto parts = words(line);
    if (parts.size() == 2 && parts[0] == "|--") leaf = parts[1];
    auto address = net::parse_address(leaf);
    if (parts.size() == 3 && parts[2] == "LOCAL" && address && !address->loopback()) out.push_back(leaf);
  }
  for (const auto& line : lines(read_text(subject, "net/if_inet6"))) {
    const auto parts = words(line);
    if (parts.size() != 6 || parts[0].size() != 32) continue;
    std::string text;
    for (std::size_t i = 0; i < 32; i += 4) text += (i == 0 ? "" : ":") + parts[0].substr(i, 4);
    if (auto address = net::parse_address(text); address && !address->loopback()) out.push_back(address->text());
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());  // the trie has a leaf in each of its tables
  return out;
}

bool in_table(const spec::Network& network, const std::vector<std::string>& wanted) {
  auto socket = netlink::Socket::open(NETLINK_NETFILTER);
  auto members = socket ? nft::members(*socket, network.bridge) : Result<std::vector<net::Address>>(std::move(socket.error()));
  if (!members) return false;
  // Elements alone do nothing: somebody may have flushed the rules.
  nft::Table table{network.bridge, {}, {}};
  if (auto v4 = net::parse_prefix(network.subnet4)) table.subnet4 = *v4;
  if (auto v6 = net::parse_prefix(network.subnet6)) table.subnet6 = *v6;
  auto whole = nft::intact(*socket, table);
  if (!whole || !*whole) return false;
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
    auto address = net::parse_address(text);
    return address && std::find(members->begin(), members->end(), *address) != members->end();
  });
}

}  // namespace

void prove_network(const Subject& subject, bool separate, std::vector<Control>& out) {
  const std::vector<std::string> found = interfaces(subject);
  const std::string shown = "interfaces: " + (found.empty() ? "none" : join(found, " ")) + (separate ? "" : " (the host's)");
  const spec::Namespace* net = planned_namespace(*subject.plan, CLONE_NEWNET);
  // An engine adds interfaces to the namespace of its bundle; our own plans give what they name and nothing else.
  const bool ours = net != nullptr && net->path.empty() && subject.plan->secure.has_value();
  if (!ours || !subject.plan->secure->network) {
    const bool only_lo = found == std::vector<std::string>{"lo"};
    out.push_back({"network", ours ? "loopback only" : "", separate && only_lo, shown, "/proc/PID/net/dev", false});
    return;
  }
  const spec::Network& network = *subject.plan->secure->network;
  std::vector<std::string> wanted{network.address4};
  if (!network.address6.empty()) wanted.push_back(network.address6);
  std::sort(wanted.begin(), wanted.end());
  const std::vector<std::string> present = addresses(subject);
  const bool known = in_table(network, wanted);
  const bool in_force = separate && found == std::vector<std::string>{"eth0", "lo"} && present == wanted && known;
  out.push_back({"network", "bridge", in_force,
                 shown + "; addresses: " + (present.empty() ? "none" : join(present, " ")) + "; nftables table inet " + network.bridge +
                     (known ? " has them and its rules" : " does not have the planned ones, or its rules"),
                 "/proc/PID/net/dev, fib_trie, if_inet6; elements of the table", false});
}

}  // namespace secure::enforced
