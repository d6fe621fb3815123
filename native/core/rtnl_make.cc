// SPDX-License-Identifier: Apache-2.0
// Making devices. Whatever a kill leaves between two messages is down and cannot be taken for a finished device.
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/random.h>

#include "rtnl_parts.h"

namespace secure::rtnl {

namespace {

using netlink::Message;
using netlink::Socket;

Error exists(const std::string& what) {
  return fail(Stage::network, "DEVICE_EXISTS", EEXIST, what, "choose another name, or remove the device that has it");
}

Status make(Socket& socket, Message& message, const std::string& what) {
  auto done = socket.request(message, what);
  if (!done && done.error().err == EEXIST) return exists(what);
  return done;
}

// The device just made, which may be gone or renamed by somebody else already.
Result<Link> made(Socket& socket, const std::string& name) {
  SECURE_LET(link, find(socket, name));
  if (!link) return fail(Stage::network, "NETLINK_FAILED", ENODEV, "the device " + name + " was taken away while it was set up");
  return std::move(*link);
}

// Alias and quiet IPv6, which the kernel takes for existing devices only.
Status dress(Socket& socket, int index, const std::string& alias, int master, const std::string& what) {
  Message message = change(index);
  message.attr(IFLA_IFALIAS, alias);
  if (master != 0) message.u32(IFLA_MASTER, static_cast<std::uint32_t>(master));
  SECURE_TRY(socket.request(message, what));
  Message quiet = change(index);
  without_link_local(quiet);
  auto done = socket.request(quiet, what);
  if (!done && !lacks_ipv6(done.error())) return done;
  return Ok{};
}

Message new_bridge(const std::string& name, std::string_view hardware) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.header(ifinfomsg{}).text(IFLA_IFNAME, name).attr(IFLA_ADDRESS, hardware);
  const auto info = message.begin(IFLA_LINKINFO);
  message.attr(IFLA_INFO_KIND, "bridge");
  const auto data = message.begin(IFLA_INFO_DATA);
  message.u32(IFLA_BR_STP_STATE, 0).u8(IFLA_BR_MCAST_SNOOPING, 0);
  message.end(data);
  message.end(info);
  return message;
}

Message new_pair(const std::string& name, const std::string& peer, int netns, const net::Hardware& hardware) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.header(ifinfomsg{}).text(IFLA_IFNAME, name).u32(IFLA_GROUP, kPorts);
  const auto info = message.begin(IFLA_LINKINFO);
  message.attr(IFLA_INFO_KIND, "veth");
  const auto data = message.begin(IFLA_INFO_DATA), other = message.begin(VETH_INFO_PEER);
  message.header(ifinfomsg{}).text(IFLA_IFNAME, peer).u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns)).attr(IFLA_ADDRESS, net::view(hardware));
  message.end(other);
  message.end(data);
  message.end(info);
  return message;
}

// Closed first, then on: in the order in which the kernel carries one message out.
Message closed_and_up(int index) {
  Message message = change(index, IFF_UP | IFF_NOARP, IFF_UP | IFF_NOARP);
  const auto info = message.begin(IFLA_LINKINFO);
  message.attr(IFLA_INFO_SLAVE_KIND, "bridge");
  const auto data = message.begin(IFLA_INFO_SLAVE_DATA);
  // Locked: frames from another hardware address than the port's are dropped. A kernel before 5.18 passes over it, and then it is the table that
  // drops IP from other addresses.
  message.u8(IFLA_BRPORT_ISOLATED, 1).u8(IFLA_BRPORT_LEARNING, 0).u8(IFLA_BRPORT_LOCKED, 1);
  // What is for nobody known is not for a container. (The host's own broadcasts go to every port, whatever it is told.)
  message.u8(IFLA_BRPORT_UNICAST_FLOOD, 0);
  message.end(data);
  message.end(info);
  return message;
}

// The name of a bridge until it is complete.
std::string working_name(const std::string& name) { return name.substr(0, IFNAMSIZ - 2) + "~"; }

// What a kill left under the working name. Callers hold the network's lock, so that it is of nobody who still works on it.
Status remove_leftover(Socket& socket, const std::string& name, const std::string& alias) {
  SECURE_LET(link, find(socket, name));
  if (!link) return Ok{};
  if (link->kind != "bridge" || link->up || (!link->alias.empty() && link->alias != alias))
    return exists("make a bridge under the name " + name);
  return remove_index(socket, link->index, name);
}

}  // namespace

Result<Link> add_bridge(Socket& socket, const std::string& name, const std::string& alias,
                        const std::vector<std::pair<net::Address, unsigned>>& gateways) {
  SECURE_TRY(check_name(name));
  SECURE_TRY(check_alias(alias));
  const std::string what = "make the bridge " + name, working = working_name(name);
  SECURE_LET(taken, find(socket, name));
  if (taken) return exists(what);
  SECURE_TRY(remove_leftover(socket, working, alias));

  char hardware[6];
  if (::getrandom(hardware, sizeof hardware, 0) != sizeof hardware) return fail(Stage::network, "NETLINK_FAILED", errno, what);
  hardware[0] = static_cast<char>((hardware[0] & 0xFC) | 0x02);  // of one station, locally administered
  Message message = new_bridge(working, {hardware, sizeof hardware});
  SECURE_TRY(make(socket, message, what));
  SECURE_LET(link, made(socket, working));

  const auto complete = [&]() -> Status {
    SECURE_TRY(dress(socket, link.index, alias, 0, what));
    for (const auto& [address, length] : gateways) SECURE_TRY(add_address(socket, link.index, address, length));
    // Without ARP: neighbours are known (add_neighbour), and a container cannot fill the host's table with inventions.
    Message last = change(link.index, IFF_UP | IFF_NOARP, IFF_UP | IFF_NOARP);
    last.text(IFLA_IFNAME, name);
    return make(socket, last, what);
  };
  auto done = complete();
  auto now = done ? made(socket, name) : Result<Link>(std::move(done.error()));
  if (!now) (void)remove_index(socket, link.index, name);
  return now;
}

Status add_pair(Socket& socket, const std::string& name, const std::string& alias, int bridge, const std::string& peer, int netns,
                const net::Hardware& hardware) {
  SECURE_TRY(check_name(name));
  SECURE_TRY(check_name(peer));
  SECURE_TRY(check_alias(alias));
  const std::string what = "make the devices " + name + " and " + peer;
  // The kernel ignores a negative descriptor's namespace with a strange error; 0 would be our own standard input.
  if (netns < 0 || bridge <= 0) return fail(Stage::network, "NETLINK_FAILED", EBADF, what);
  Message message = new_pair(name, peer, netns, hardware);
  SECURE_TRY(make(socket, message, what));
  auto link = made(socket, name);
  if (!link) return std::move(link.error());
  auto done = dress(socket, link->index, alias, bridge, what);
  if (done) done = add_forwarding_entry(socket, link->index, hardware);
  if (done) {
    Message last = closed_and_up(link->index);
    done = socket.request(last, what);
  }
  if (!done) (void)remove_index(socket, link->index, name);
  return done;
}

}  // namespace secure::rtnl
