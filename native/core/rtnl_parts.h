// SPDX-License-Identifier: Apache-2.0
// Shared by the rtnl_*.cc files; the two parsers are pure, so that they can be fuzzed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rtnl.h"

namespace secure::rtnl {

// Of RTM_NEWLINK and RTM_NEWROUTE; nothing when it is malformed, or a route that routes() does not return.
std::optional<Link> parse_link(std::string_view payload);
std::optional<Route> parse_route(std::string_view payload);

// The kernel takes more than what is safe to print, to put into a path of /proc/sys or to take as it is ("%d" becomes a
// number). DEVICE_NAME_INVALID.
Status check_name(const std::string& name);
// DEVICE_ALIAS_INVALID.
Status check_alias(const std::string& alias);

// A change of the device with this index; `flags` and `mask` are of IFF_*.
netlink::Message change(int index, unsigned flags = 0, unsigned mask = 0);
void without_link_local(netlink::Message& message);
// The kernel has no IPv6 for this device: then there are no link-local addresses either.
bool lacks_ipv6(const Error& error);

// Frames for `hardware` leave a bridge by this port.
Status add_forwarding_entry(netlink::Socket& socket, int port, const net::Hardware& hardware);

Status remove_index(netlink::Socket& socket, int index, const std::string& name);

// A dump that others changed meanwhile is read again.
template <typename Read>
auto restarted(Read read) {
  for (int attempt = 0;; ++attempt) {
    auto result = read();
    if (result.ok() || result.error().code != "DUMP_INTERRUPTED" || attempt == 20) return result;
  }
}

}  // namespace secure::rtnl
