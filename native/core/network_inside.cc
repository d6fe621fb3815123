// SPDX-License-Identifier: Apache-2.0
// The container's end. A netlink socket belongs to the network namespace in which it was opened, so we are inside for that one call.
#include <sched.h>
#include <unistd.h>

#include "network_parts.h"

namespace secure::network {

namespace {

Result<netlink::Socket> open_inside(int netns) {
  Fd home(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home.valid()) return fail(Stage::network, "NETWORK_FAILED", errno, "open our own network namespace");
  if (::setns(netns, CLONE_NEWNET) < 0) return fail(Stage::network, "NETWORK_FAILED", errno, "enter the container's network namespace");
  auto socket = netlink::Socket::open(NETLINK_ROUTE);
  // From inside nothing can be undone, and the monitor would go on as part of the container. What is left is for gc().
  if (::setns(home.get(), CLONE_NEWNET) < 0) {
    (void)write_all(STDERR_FILENO, "secure-runtime: error NETWORK_FAILED: leave the container's network namespace\n", "standard error");
    ::_exit(125);
  }
  return socket;
}

}  // namespace

Status configure_inside(int netns, const Subnets& subnets, const std::vector<net::Address>& addresses, const net::Hardware& gateway) {
  SECURE_LET(socket, open_inside(netns));
  SECURE_LET(link, rtnl::find(socket, kInside));
  if (!link) return fail(Stage::network, "NETWORK_FAILED", ENODEV, "the container's " + std::string(kInside) + " is gone");
  const auto subnet = [&](const net::Address& address) -> const net::Prefix& { return address.size() == 4 ? subnets.v4 : *subnets.v6; };
  for (const auto& address : addresses) SECURE_TRY(rtnl::add_address(socket, link->index, address, subnet(address).length));
  SECURE_TRY(rtnl::set_up(socket, link->index));
  SECURE_TRY(rtnl::settle(socket, kInside));
  for (const auto& address : addresses) {
    SECURE_TRY(rtnl::add_default_route(socket, link->index, subnet(address).host(1)));
    SECURE_TRY(rtnl::add_neighbour(socket, link->index, subnet(address).host(1), gateway));
  }
  for (const auto& address : addresses) SECURE_TRY(rtnl::await_local(socket, address));
  return Ok{};
}

}  // namespace secure::network
