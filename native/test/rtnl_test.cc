// SPDX-License-Identifier: Apache-2.0
#include "rtnl.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <sys/mount.h>

#include <algorithm>

#include "check.h"
#include "netns.h"
#include "rtnl_parts.h"

using namespace secure;
using netlink::Message;
using netlink::Socket;

namespace {

net::Address address(std::string_view text) { return *net::parse_address(text); }

// Runs `body(socket, expect)` in a network namespace of its own, with its /sys.
template <typename Body>
int in_network(Body body) {
  return check::in_netns([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("sysfs", "/sys", "sysfs", 0, nullptr) != 0)
      return 97;
    auto socket = Socket::open(NETLINK_ROUTE);
    if (!socket) return 96;
    check::Expect expect;
    body(*socket, expect);
    return expect.failures;
  });
}

// First line of a file; "" without it.
std::string line(const std::string& path) {
  auto text = read_file(AT_FDCWD, path, 4096);
  return text ? text->substr(0, text->find('\n')) : "";
}
std::string sysfs(const std::string& device, const std::string& file) { return line("/sys/class/net/" + device + "/" + file); }
std::string sysctl6(const std::string& device, const std::string& file) { return line("/proc/sys/net/ipv6/conf/" + device + "/" + file); }

// "address/length flags" of each address of a device, sorted.
struct Given {
  std::string text;
  std::uint32_t flags = 0;
  bool operator==(const Given& other) const { return text == other.text; }
};
std::vector<Given> addresses(Socket& socket, int index) {
  std::vector<Given> out;
  Message message(RTM_GETADDR, 0);
  message.header(ifaddrmsg{});
  (void)socket.dump(message, "addresses", [&](const nlmsghdr&, std::string_view payload) {
    ifaddrmsg header;
    std::copy_n(payload.data(), sizeof header, reinterpret_cast<char*>(&header));
    if (header.ifa_index != static_cast<unsigned>(index)) return;
    const auto rest = payload.substr(sizeof header);
    net::Address at;
    at.family = header.ifa_family;
    const auto bytes = netlink::find_attribute(rest, IFA_ADDRESS);
    std::copy(bytes.begin(), bytes.end(), at.bytes.begin());
    out.push_back({at.text() + "/" + std::to_string(header.ifa_prefixlen), netlink::to_u32(netlink::find_attribute(rest, IFA_FLAGS))});
  });
  return out;
}
std::string joined(const std::vector<Given>& all) {
  std::string out;
  for (const auto& one : all) out += one.text + " ";
  return out;
}

const std::vector<std::pair<net::Address, unsigned>> kGateways{{*net::parse_address("10.203.0.1"), 16},
                                                               {*net::parse_address("fd7c:5ec0:e01::1"), 64}};

constexpr net::Hardware kHardware{2, 0x5e, 10, 203, 0, 2};

std::size_t device_count(Socket& socket) {
  auto all = rtnl::links(socket);
  return all ? all->size() : 0;
}

}  // namespace

TEST(rtnl_names) {
  for (const char* good : {"a", "secure0", "sec0123456789ab", "eth0.5", "a-b_c"}) CHECK(rtnl::check_name(good).ok());
  for (const std::string& bad : {std::string(), std::string("sec0123456789abc"), std::string("."), std::string(".."), std::string("a/b"),
                                 std::string("a b"), std::string("a\nb"), std::string("a\0b", 3), std::string("sec%d"), std::string("a:1"),
                                 std::string("\xc3\xa4"), std::string("a\x7f"), std::string(1U << 20, 'a')}) {
    auto checked = rtnl::check_name(bad);
    REQUIRE(!checked.ok());
    CHECK_EQ(checked.error().code, "DEVICE_NAME_INVALID");
    CHECK(checked.error().message.size() < 100);
  }
  CHECK(rtnl::check_alias(std::string(255, 'a')).ok());
  CHECK(!rtnl::check_alias(std::string(256, 'a')).ok());
  CHECK(!rtnl::check_alias("a\nb").ok());
}

TEST(rtnl_malformed_answers) {
  CHECK(!rtnl::parse_link("").has_value());
  CHECK(!rtnl::parse_link(std::string(16, '\0')).has_value());
  CHECK(!rtnl::parse_route(std::string(11, '\0')).has_value());
  // A destination that is shorter than its family says.
  Message message(RTM_NEWROUTE, 0);
  rtmsg header{};
  header.rtm_family = AF_INET6;
  header.rtm_dst_len = 64;
  header.rtm_type = RTN_UNICAST;
  header.rtm_table = RT_TABLE_MAIN;
  message.header(header).attr(RTA_DST, std::string_view("\x0a\0\0\0", 4));
  CHECK(!rtnl::parse_route(message.bytes().substr(sizeof(nlmsghdr))).has_value());
}

TEST(rtnl_bridge) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(in_network([](Socket& socket, check::Expect& expect) {
             auto bridge = rtnl::add_bridge(socket, "secure0", "secure", kGateways);
             EXPECT(expect, bridge.ok(), bridge ? "" : bridge.error().text());
             if (!bridge) return;
             EXPECT(expect, bridge->name == "secure0" && bridge->alias == "secure" && bridge->kind == "bridge" && bridge->up);
             const auto given = addresses(socket, bridge->index);
             // No link-local address; and nothing waits for neighbours that might have the same.
             EXPECT(expect, joined(given) == "10.203.0.1/16 fd7c:5ec0:e01::1/64 ", joined(given));
             for (const auto& one : given) EXPECT(expect, (one.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0, one.text);
             EXPECT(expect, sysfs("secure0", "bridge/stp_state") == "0");
             EXPECT(expect, sysfs("secure0", "bridge/multicast_snooping") == "0");
             EXPECT(expect, sysfs("secure0", "addr_assign_type") == "3");  // set, so it stays
             const unsigned first = static_cast<unsigned>(std::stoul(sysfs("secure0", "address").substr(0, 2), nullptr, 16));
             EXPECT(expect, (first & 3) == 2, sysfs("secure0", "address"));
             auto again = rtnl::add_bridge(socket, "secure0", "secure", kGateways);
             EXPECT(expect, !again.ok() && again.error().code == "DEVICE_EXISTS");
             EXPECT(expect, device_count(socket) == 2);
             auto routes = rtnl::routes(socket);
             const auto has = [&](const char* prefix) {
               return routes && std::any_of(routes->begin(), routes->end(), [&](const rtnl::Route& route) {
                        return route.destination.text() == prefix && route.interface == bridge->index;
                      });
             };
             EXPECT(expect, has("10.203.0.0/16") && has("fd7c:5ec0:e01::/64") && has("10.203.0.1/32") && !has("0.0.0.0/0"));
             EXPECT(expect, !has("10.203.255.255/32"));  // broadcast
             EXPECT(expect, rtnl::remove(socket, "secure0").ok() && rtnl::remove(socket, "secure0").ok());
             EXPECT(expect, rtnl::add_bridge(socket, "secure0", "secure", kGateways).ok());
           }),
           0);
}

// All or nothing: an address that the kernel does not take leaves no bridge.
TEST(rtnl_bridge_that_fails_leaves_nothing) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(in_network([](Socket& socket, check::Expect& expect) {
             auto bad = kGateways;
             bad.push_back(bad[0]);
             EXPECT(expect, !rtnl::add_bridge(socket, "secure0", "secure", bad).ok());
             bad.back() = {address("ff02::1"), 64};
             auto refused = rtnl::add_bridge(socket, "secure0", "secure", bad);
             EXPECT(expect, !refused.ok() && refused.error().message.find("ff02::1") != std::string::npos);
             EXPECT(expect, !rtnl::add_bridge(socket, "sec/ure", "secure", kGateways).ok());
             EXPECT(expect, !rtnl::add_bridge(socket, "sec%d", "secure", kGateways).ok());
             EXPECT(expect, device_count(socket) == 1);
             // What a kill between two messages leaves does not stop the next one; what is somebody else's does.
             Message half(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
             half.header(ifinfomsg{}).text(IFLA_IFNAME, "secure0~");
             const auto at = half.begin(IFLA_LINKINFO);
             half.attr(IFLA_INFO_KIND, "bridge");
             half.end(at);
             EXPECT(expect, socket.request(half, "half a bridge").ok());
             auto whole = rtnl::add_bridge(socket, "secure0", "secure", kGateways);
             EXPECT(expect, whole.ok(), whole ? "" : whole.error().text());
             EXPECT(expect, device_count(socket) == 2);
             EXPECT(expect, socket.request(half, "half a bridge").ok() && rtnl::remove(socket, "secure0").ok());
             EXPECT(expect, rtnl::set_up(socket, (*rtnl::find(socket, "secure0~"))->index).ok());
             auto refusal = rtnl::add_bridge(socket, "secure0", "secure", kGateways);
             EXPECT(expect, !refusal.ok() && refusal.error().code == "DEVICE_EXISTS");
             EXPECT(expect, device_count(socket) == 2);
           }),
           0);
}

TEST(rtnl_pair_is_isolated) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(in_network([](Socket& socket, check::Expect& expect) {
             auto bridge = rtnl::add_bridge(socket, "secure0", "secure", kGateways);
             Fd inside = check::new_netns();
             if (!bridge || !inside.valid()) return expect(false, "setup");
             const std::string name = "sec0123456789ab", id = "0123456789abcdef";
             auto pair = rtnl::add_pair(socket, name, id, bridge->index, "eth0", inside.get(), kHardware);
             EXPECT(expect, pair.ok(), pair ? "" : pair.error().text());
             auto link = rtnl::find(socket, name);
             if (!link || !*link) return expect(false, "the device is there");
             EXPECT(expect, (*link)->alias == id && (*link)->master == bridge->index && (*link)->up && (*link)->kind == "veth");
             EXPECT(expect, sysfs(name, "brport/isolated") == "1" && sysfs(name, "brport/learning") == "0");
             EXPECT(expect, sysfs(name, "brport/unicast_flood") == "0");
             EXPECT(expect, sysctl6(name, "addr_gen_mode") == "1" && addresses(socket, (*link)->index).empty());
             EXPECT(expect, !*rtnl::find(socket, "eth0"));  // not here, not for a moment
             // The name is taken here, the name is taken inside: nothing more is there than before.
             auto again = rtnl::add_pair(socket, name, id, bridge->index, "eth1", inside.get(), kHardware);
             EXPECT(expect, !again.ok() && again.error().code == "DEVICE_EXISTS");
             again = rtnl::add_pair(socket, "secother", id, bridge->index, "eth0", inside.get(), kHardware);
             EXPECT(expect, !again.ok() && again.error().code == "DEVICE_EXISTS");
             EXPECT(expect, device_count(socket) == 3);

             Fd here(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
             EXPECT(expect, check::enter_netns(inside));
             auto there = Socket::open(NETLINK_ROUTE);
             EXPECT(expect, check::enter_netns(here));
             auto eth0 = rtnl::find(*there, "eth0");
             if (!eth0 || !*eth0) return expect(false, "eth0 is inside");
             const int index = (*eth0)->index;
             EXPECT(expect, !(*eth0)->up && addresses(*there, index).empty());
             EXPECT(expect, (*eth0)->hardware == kHardware);
             EXPECT(expect, rtnl::add_address(*there, index, address("10.203.0.2"), 16).ok());
             EXPECT(expect, rtnl::add_address(*there, index, address("fd7c:5ec0:e01::2"), 64).ok());
             EXPECT(expect, rtnl::set_up(*there, index).ok() && rtnl::set_up(*there, 1).ok());
             EXPECT(expect, joined(addresses(*there, index)) == "10.203.0.2/16 fd7c:5ec0:e01::2/64 ", joined(addresses(*there, index)));
             EXPECT(expect, rtnl::add_default_route(*there, index, address("10.203.0.1")).ok());
             auto six = rtnl::add_default_route(*there, index, address("fd7c:5ec0:e01::1"));
             EXPECT(expect, six.ok(), six ? "" : six.error().text());
             EXPECT(expect, !rtnl::add_default_route(*there, index, address("10.203.0.1")).ok());
             for (const char* gateway : {"10.203.0.1", "fd7c:5ec0:e01::1"}) {
               for (int i = 0; i < 2; ++i) EXPECT(expect, rtnl::add_neighbour(*there, index, address(gateway), bridge->hardware).ok());
               for (int i = 0; i < 2; ++i) EXPECT(expect, rtnl::remove_neighbour(*there, index, address(gateway)).ok());
             }
             EXPECT(expect, !rtnl::add_neighbour(*there, index, net::Address{}, bridge->hardware).ok());
             EXPECT(expect, !rtnl::add_neighbour(*there, 4711, address("10.203.0.1"), bridge->hardware).ok());
             EXPECT(expect, rtnl::remove_neighbour(*there, 4711, address("10.203.0.1")).ok());
             EXPECT(expect, !rtnl::add_default_route(*there, index, address("192.0.2.1")).ok());
             // A device goes with its other end.
             EXPECT(expect, rtnl::remove(socket, name).ok());
             EXPECT(expect, !*rtnl::find(*there, "eth0"));
           }),
           0);
}

TEST(rtnl_pair_that_fails_leaves_nothing) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(in_network([](Socket& socket, check::Expect& expect) {
             Fd inside = check::new_netns(), file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
             EXPECT(expect, !rtnl::add_pair(socket, "sec0", "id", 4711, "eth0", inside.get(), kHardware).ok());   // no such bridge
             EXPECT(expect, !rtnl::add_pair(socket, "sec0", "id", 1, "eth0", inside.get(), kHardware).ok());      // no bridge
             auto bridge = rtnl::add_bridge(socket, "secure0", "secure", kGateways);
             if (!bridge) return expect(false, "a bridge");
             EXPECT(expect, !rtnl::add_pair(socket, "sec0", "id", bridge->index, "eth0", file.get(), kHardware).ok());
             EXPECT(expect, !rtnl::add_pair(socket, "sec0", "id", bridge->index, "eth0", -1, kHardware).ok());
             for (const char* name : {"../eth0", "eth 0", "", "eth%d", "0123456789abcdef"}) {
               EXPECT(expect, rtnl::add_pair(socket, "sec0", "id", bridge->index, name, inside.get(), kHardware).error().code == "DEVICE_NAME_INVALID");
               EXPECT(expect, rtnl::add_pair(socket, name, "id", bridge->index, "eth0", inside.get(), kHardware).error().code == "DEVICE_NAME_INVALID");
               EXPECT(expect, !rtnl::find(socket, name).ok() && !rtnl::remove(socket, name).ok());
             }
             EXPECT(expect, device_count(socket) == 2);
           }),
           0);
}

// Somebody may call his eth0 "secure0" too; it is neither found nor removed by that name.
TEST(rtnl_alternative_names_are_not_names) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(in_network([](Socket& socket, check::Expect& expect) {
             auto bridge = rtnl::add_bridge(socket, "victim", "other", {});
             if (!bridge) return expect(false, "a bridge");
             Message message(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND);
             ifinfomsg header{};
             header.ifi_index = bridge->index;
             message.header(header);
             const auto list = message.begin(IFLA_PROP_LIST);
             message.text(IFLA_ALT_IFNAME, "secure0");
             message.end(list);
             EXPECT(expect, socket.request(message, "name it").ok());
             auto found = rtnl::find(socket, "secure0");
             EXPECT(expect, found.ok() && !*found);
             EXPECT(expect, rtnl::remove(socket, "secure0").ok());
             EXPECT(expect, (*rtnl::find(socket, "victim")).has_value());
             auto made = rtnl::add_bridge(socket, "secure0", "secure", kGateways);
             EXPECT(expect, !made.ok() && made.error().code == "DEVICE_EXISTS");
             EXPECT(expect, device_count(socket) == 2);
           }),
           0);
}

// Killed anywhere, a start leaves nothing that the next one cannot go on from; a bridge has its name only when it is complete.
TEST(rtnl_survives_kills) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(in_network([](Socket& socket, check::Expect& expect) {
             int cut = 0;
             for (int round = 0; round < 60; ++round) {
               const pid_t child = ::fork();
               if (child == 0) {
                 Fd inside = check::new_netns();
                 auto own = Socket::open(NETLINK_ROUTE);
                 auto bridge = rtnl::add_bridge(*own, "secure0", "secure", kGateways);
                 if (!bridge) ::_exit(1);
                 ::_exit(rtnl::add_pair(*own, "sec0", "id", bridge->index, "eth0", inside.get(), kHardware).ok() ? 0 : 2);
               }
               (void)::usleep(static_cast<useconds_t>(round * 60));
               (void)::kill(child, SIGKILL);
               int status = 0;
               (void)::waitpid(child, &status, 0);
               cut += WIFSIGNALED(status) ? 1 : 0;
               if (WIFEXITED(status)) EXPECT(expect, WEXITSTATUS(status) == 0, std::to_string(WEXITSTATUS(status)));
               auto bridge = rtnl::find(socket, "secure0");
               if (bridge && *bridge) {
                 EXPECT(expect, (*bridge)->up && (*bridge)->alias == "secure");
                 EXPECT(expect, addresses(socket, (*bridge)->index).size() == 2);
               }
               // The pair goes when the namespace of its other end does, soon after the last process of it.
               for (int wait = 0; wait < 1000 && *rtnl::find(socket, "sec0"); ++wait) (void)::usleep(5000);
               EXPECT(expect, !*rtnl::find(socket, "sec0"));
               EXPECT(expect, rtnl::remove(socket, "secure0").ok());
             }
             EXPECT(expect, cut > 5, std::to_string(cut));
             EXPECT(expect, rtnl::add_bridge(socket, "secure0", "secure", kGateways).ok());
             EXPECT(expect, device_count(socket) == 2);
           }),
           0);
}
