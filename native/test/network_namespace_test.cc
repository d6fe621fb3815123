// SPDX-License-Identifier: Apache-2.0
// Why a container with CAP_NET_ADMIN needs a user namespace: its end of a device pair gives the other end's network namespace, the host's, a
// number inside, and rtnetlink takes such a number from whoever has the capability in the user namespace that owns it.
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "network_fixture.h"
#include "rtnl_parts.h"

using namespace secure;
using check::run;

namespace {

// A process with a network namespace of its own, and a user namespace where it is asked for, that answers one request about its host.
int inside(bool user_namespace, netlink::Socket& route, int bridge) {
  int ready[2], go[2];
  if (::pipe2(ready, O_CLOEXEC) < 0 || ::pipe2(go, O_CLOEXEC) < 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 'x';
    if (::unshare(CLONE_NEWNET | (user_namespace ? CLONE_NEWUSER : 0)) < 0 || ::write(ready[1], &byte, 1) != 1 || ::read(go[0], &byte, 1) != 1)
      ::_exit(99);
    auto own = netlink::Socket::open(NETLINK_ROUTE);
    // The first number that the kernel gave in here.
    const auto host = [](std::uint16_t type, std::uint16_t flags, const std::string& name) {
      netlink::Message message(type, flags);
      message.header(ifinfomsg{}).text(IFLA_IFNAME, name).u32(IFLA_TARGET_NETNSID, 0);
      return message;
    };
    (void)rtnl::find(*own, "eth0");
    netlink::Message make = host(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "taken0"), take = host(RTM_DELLINK, 0, "victim0");
    const auto info = make.begin(IFLA_LINKINFO);
    make.attr(IFLA_INFO_KIND, "bridge");
    make.end(info);
    const bool made = own->request(make, "make").ok(), took = own->request(take, "take").ok();
    ::_exit((made ? 1 : 0) + (took ? 2 : 0));
  }
  char byte;
  if (::read(ready[0], &byte, 1) != 1) return -1;
  Fd netns(::open(("/proc/" + std::to_string(child) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  CHECK_DONE(rtnl::add_pair(route, "secport", "id", bridge, "eth0", netns.get(), {2, 0, 0, 0, 0, 5}));
  if (::write(go[1], "x", 1) != 1) return -1;
  int status = 0;
  ::waitpid(child, &status, 0);
  for (int fd : {ready[0], ready[1], go[0], go[1]}) ::close(fd);
  CHECK_DONE(rtnl::remove(route, "secport"));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST(devices_of_the_host_are_reached_from_a_container_without_a_user_namespace) {
  NETWORK_TEST();
  auto route = netlink::Socket::open(NETLINK_ROUTE);
  REQUIRE(route.ok() && run("ip link add victim0 type bridge && ip link add secn0 type bridge").code == 0);
  const int bridge = (*rtnl::find(*route, "secn0"))->index;
  // With one, which every plan has that gives the capability (spec_network_test): nothing.
  CHECK_EQ(inside(true, *route, bridge), 0);
  CHECK_EQ(run("ip -br link | grep -cE 'taken0|victim0'").out, "1\n");
  // Without: it makes a bridge on the host, and removes another.
  CHECK_EQ(inside(false, *route, bridge), 3);
  CHECK_EQ(run("ip -br link | grep -oE 'taken0|victim0'").out, "taken0\n");
}
