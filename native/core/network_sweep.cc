// SPDX-License-Identifier: Apache-2.0
// What crashed processes left of networks. A reservation outlives everything else of its container, so whoever has one and lives is
// left alone with all of it, and what belongs to nobody of them is garbage.
#include <algorithm>

#include "network_parts.h"

namespace secure::network {

namespace {

struct Sweep {
  const record::Roots& roots;
  const Directory& dir;
  Fd records, ids;  // this instance's records, and the host's register; without a value where there is none
  std::vector<std::string> lines;

  [[nodiscard]] bool dead(const std::string& target) const { return owner_dead(roots, records.valid() ? records.get() : -1, target); }
  void done(const Status& status, const std::string& what) {
    lines.push_back(status ? what : "failed " + what + ": " + status.error().text());
  }
};

Fd directory(const std::string& root, const char* sub) {
  auto dir = record::open_dir(root, sub, false);
  return dir ? std::move(*dir) : Fd();
}

std::optional<Subnets> subnets_of(const Directory& dir) {
  const auto lines = read_lines(dir, kSubnets);
  if (lines.empty()) return std::nullopt;
  auto out = parse_subnets(lines[0], lines.size() > 1 ? lines[1] : "");
  return out ? std::optional(*out) : std::nullopt;
}

// An end in the order of every end, so that a kill in between leaves the reservation for the next sweep.
void sweep_reservations(Sweep& sweep, const std::optional<Subnets>& subnets) {
  for (const auto& entry : record::entries(sweep.dir.addresses.get())) {
    const std::string target = record::link_target(sweep.dir.addresses.get(), entry);
    if (!sweep.dead(target)) continue;
    auto address = net::parse_address(entry);
    std::vector<net::Address> addresses;
    if (address) addresses.push_back(*address);
    if (address && subnets && subnets->v6) addresses.push_back(sibling(*subnets, *address));
    const std::string id = target.substr(target.rfind('/') + 1);
    // A name that no address has is nobody's.
    if (!address) (void)::unlinkat(sweep.dir.addresses.get(), entry.c_str(), 0);
    else sweep.done(take_off(sweep.dir, record::valid_id(id) ? id : "-", addresses, target), "address " + entry);
  }
}

// Elements without a reservation: somebody deleted that by hand.
void sweep_elements(Sweep& sweep, const Subnets& subnets) {
  auto filter = open_filter();
  auto members = filter ? nft::members(*filter, sweep.dir.bridge) : Result<std::vector<net::Address>>(std::move(filter.error()));
  if (!members) return;
  std::vector<net::Address> known, unknown;
  for (const auto& entry : record::entries(sweep.dir.addresses.get()))
    if (auto address = net::parse_address(entry)) {
      known.push_back(*address);
      known.push_back(sibling(subnets, *address));
    }
  for (const auto& member : *members)
    if (std::find(known.begin(), known.end(), member) == known.end()) unknown.push_back(member);
  if (unknown.empty()) return;
  auto removed = nft::remove_member(*filter, sweep.dir.bridge, unknown);
  for (const auto& address : unknown) sweep.done(removed, "elements of " + address.text());
}

// Devices of ours, by alias, whose owner is dead. They are in nobody's way, but they hold a namespace open that somebody entered.
void sweep_devices(Sweep& sweep) {
  auto route = netlink::Socket::open(NETLINK_ROUTE);
  auto links = route ? rtnl::links(*route) : Result<std::vector<rtnl::Link>>(std::move(route.error()));
  if (!links) return;
  for (const auto& link : *links) {
    if (link.kind != "veth" || link.alias.size() != 64 || !record::valid_id(link.alias) || link.name != device_name(link.alias)) continue;
    const std::string owner = sweep.ids.valid() ? record::link_target(sweep.ids.get(), link.alias) : std::string();
    if (sweep.dead(owner)) sweep.done(rtnl::remove(*route, link.name), "device " + link.name);
  }
}

void append(std::vector<std::string>& to, const std::vector<std::string>& more) { to.insert(to.end(), more.begin(), more.end()); }

// Of a namespace that we are not in, and that may be gone: its table and devices went or will go with it.
std::vector<std::string> sweep_elsewhere(const record::Roots& roots, Directory& dir) {
  std::vector<std::string> lines;
  const Fd records = directory(roots.state, "containers");
  for (const auto& entry : record::entries(dir.addresses.get()))
    if (owner_dead(roots, records.valid() ? records.get() : -1, record::link_target(dir.addresses.get(), entry)) &&
        ::unlinkat(dir.addresses.get(), entry.c_str(), 0) == 0)
      lines.push_back("address " + entry);
  // What its host settings were is for a sweep in there to know.
  const auto files = record::entries(dir.fd.get());
  if (record::entries(dir.addresses.get()).empty() && std::find(files.begin(), files.end(), "restore") == files.end()) remove_directory(roots, dir);
  return lines;
}

}  // namespace

std::vector<std::string> sweep_network(const record::Roots& roots, const Directory& dir) {
  Sweep sweep{roots, dir, directory(roots.state, "containers"), directory(roots.host, "ids"), {}};
  const auto subnets = subnets_of(dir);
  sweep_reservations(sweep, subnets);
  if (subnets) sweep_elements(sweep, *subnets);
  sweep_devices(sweep);
  return std::move(sweep.lines);
}

std::vector<std::string> sweep(const record::Roots& roots) {
  std::vector<std::string> lines;
  const std::string suffix = "@" + namespace_suffix();
  for (const auto& name : directories(roots)) {
    if (name.find('@') == std::string::npos) continue;
    auto dir = open_named(roots, name, false);
    if (!dir && dir.error().code == "NOT_FOUND") continue;
    if (!dir) {
      lines.push_back("failed network " + name + ": " + dir.error().text());
    } else if (!name.ends_with(suffix)) {
      append(lines, sweep_elsewhere(roots, *dir));
    } else {
      append(lines, sweep_network(roots, *dir));
      auto down = take_down(roots, *dir);
      if (!down) lines.push_back("failed network " + name + ": " + down.error().text());
      else if (*down) lines.push_back("network " + dir->bridge);
    }
  }
  return lines;
}

}  // namespace secure::network
