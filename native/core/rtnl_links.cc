// SPDX-License-Identifier: Apache-2.0
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>

#include "rtnl_parts.h"

namespace secure::rtnl {

namespace {

// <linux/rtnetlink.h>, Linux 4.4: counters are of no interest, and a third of each answer.
constexpr std::uint32_t kSkipStatistics = 1U << 3;

bool plain(const std::string& text) {
  for (char c : text)
    if (c <= 0x20 || c >= 0x7F) return false;
  return true;
}

}  // namespace

Status check_name(const std::string& name) {
  const bool good = !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." && plain(name) &&
                    name.find_first_of("/:%\\\"'") == name.npos;
  if (good) return Ok{};
  std::string shown;
  for (char c : name.substr(0, 32)) shown += c >= 0x20 && c < 0x7F ? c : '?';
  return fail(Stage::network, "DEVICE_NAME_INVALID", 0, "\"" + shown + (name.size() > 32 ? "...\"" : "\"") + " is no name of a network device",
              "use 1 to 15 letters, digits, '-', '_' and '.'");
}

Status check_alias(const std::string& alias) {
  if (alias.size() < IFALIASZ && plain(alias)) return Ok{};
  return fail(Stage::network, "DEVICE_ALIAS_INVALID", 0, "an alias of a network device has blanks, control characters or more than 255 bytes");
}

std::optional<Link> parse_link(std::string_view payload) {
  ifinfomsg header;
  if (payload.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, payload.data(), sizeof header);
  if (header.ifi_index <= 0) return std::nullopt;
  Link out;
  out.index = header.ifi_index;
  out.up = (header.ifi_flags & IFF_UP) != 0;
  netlink::each_attribute(payload.substr(NLMSG_ALIGN(sizeof header)), [&](std::uint16_t type, std::string_view value) {
    if (type == IFLA_IFNAME) out.name = netlink::to_text(value);
    if (type == IFLA_IFALIAS) out.alias = netlink::to_text(value);
    if (type == IFLA_ADDRESS && value.size() == out.hardware.size()) std::copy(value.begin(), value.end(), out.hardware.begin());
    if (type == IFLA_MASTER) out.master = static_cast<int>(netlink::to_u32(value));
    if (type == IFLA_LINKINFO) out.kind = netlink::to_text(netlink::find_attribute(value, IFLA_INFO_KIND));
  });
  if (out.name.empty()) return std::nullopt;
  return out;
}

Result<std::optional<Link>> find(netlink::Socket& socket, const std::string& name) {
  SECURE_TRY(check_name(name));
  netlink::Message message(RTM_GETLINK, 0);
  message.header(ifinfomsg{}).text(IFLA_IFNAME, name).u32(IFLA_EXT_MASK, kSkipStatistics);
  std::optional<Link> found;
  auto asked = socket.get(message, "look for the device " + name, [&](const nlmsghdr& header, std::string_view payload) {
    if (header.nlmsg_type == RTM_NEWLINK) found = parse_link(payload);
  });
  if (!asked && asked.error().err == ENODEV) return std::optional<Link>();
  if (!asked) return std::move(asked.error());
  // The kernel also looks at alternative names: that would be somebody's eth0.
  if (found && found->name != name) found.reset();
  return found;
}

Result<std::vector<Link>> links(netlink::Socket& socket) {
  std::vector<Link> out;
  SECURE_TRY(restarted([&] {
    out.clear();
    netlink::Message message(RTM_GETLINK, 0);
    message.header(ifinfomsg{}).u32(IFLA_EXT_MASK, kSkipStatistics);
    return socket.dump(message, "list the devices", [&](const nlmsghdr& header, std::string_view payload) {
      if (header.nlmsg_type != RTM_NEWLINK) return;
      if (auto link = parse_link(payload)) out.push_back(std::move(*link));
    });
  }));
  return out;
}

netlink::Message change(int index, unsigned flags, unsigned mask) {
  netlink::Message message(RTM_NEWLINK, 0);
  ifinfomsg header{};
  header.ifi_index = index;
  header.ifi_flags = flags;
  header.ifi_change = mask;
  message.header(header);
  return message;
}

void without_link_local(netlink::Message& message) {
  const auto families = message.begin(IFLA_AF_SPEC), six = message.begin(AF_INET6);
  message.u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  message.end(six);
  message.end(families);
}

bool lacks_ipv6(const Error& error) { return error.err == EAFNOSUPPORT; }

Status set_up(netlink::Socket& socket, int index) {
  const std::string what = "switch device " + std::to_string(index) + " on";
  // The loopback device (1 in each namespace) has its address from the kernel.
  if (index != 1) {
    netlink::Message quiet = change(index);
    without_link_local(quiet);
    auto done = socket.request(quiet, what);
    if (!done && !lacks_ipv6(done.error())) return done;
  }
  netlink::Message message = change(index, IFF_UP, IFF_UP);
  return socket.request(message, what);
}

Status settle(netlink::Socket& socket, const std::string& name) {
  SECURE_TRY(check_name(name));
  // Asking for the link makes the kernel do at once what it has queued for the device.
  ethtool_value link{ETHTOOL_GLINK, 0};
  ifreq request{};
  std::copy(name.begin(), name.end(), request.ifr_name);
  request.ifr_data = reinterpret_cast<char*>(&link);
  if (::ioctl(socket.fd(), SIOCETHTOOL, &request) == 0) return Ok{};
  return fail(Stage::network, "NETLINK_FAILED", errno, "look whether the device " + name + " has a link");
}

Status remove_index(netlink::Socket& socket, int index, const std::string& name) {
  netlink::Message message(RTM_DELLINK, 0);
  ifinfomsg header{};
  header.ifi_index = index;
  message.header(header);
  // Acknowledged when nothing holds it any more.
  auto done = socket.request(message, "remove the device " + name);
  if (!done && done.error().err == ENODEV) return Ok{};
  return done;
}

Status remove(netlink::Socket& socket, const std::string& name) {
  // By index, which is never used again: by name the kernel would take alternative names as well.
  SECURE_LET(link, find(socket, name));
  return link ? remove_index(socket, link->index, name) : Status(Ok{});
}

}  // namespace secure::rtnl
