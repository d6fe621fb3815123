// SPDX-License-Identifier: Apache-2.0
// A container with every capability in its network namespace, and what it does to its neighbour. Each attempt is made again with the control
// that stops it taken away, to show that it is a real one.
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>

#include "network_fixture.h"
#include "network_parts.h"
#include "nft_world.h"

using namespace secure;
using check::connect_from;
using check::contains;
using check::ip;
using check::kSilence;
using check::run;
using check::Server;

namespace {

struct Place {
  Fd netns;
  explicit Place(const Member& member) : netns(::open(("/proc/" + std::to_string(member.pid) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC)) {}
  template <typename Body>
  auto inside(Body body) const {
    const Fd back = check::this_netns();
    check::Netns::enter(netns.get());
    auto result = body();
    check::Netns::enter(back.get());
    return result;
  }
};

std::string text(const net::Hardware& hardware) {
  char out[18];
  std::snprintf(out, sizeof out, "%02x:%02x:%02x:%02x:%02x:%02x", hardware[0], hardware[1], hardware[2], hardware[3], hardware[4], hardware[5]);
  return out;
}

net::Hardware hardware(const Member& member) { return network::hardware_of(check::address(member.network.address4)); }
std::string bridge_hardware() { return run("ip -o link show secn0 | sed 's/.*link.ether \\([^ ]*\\).*/\\1/' | tr -d '\\n'").out; }

ether_arp arp(std::uint16_t operation, const net::Hardware& from, const std::string& sender, const std::string& target) {
  ether_arp out{};
  out.arp_hrd = htons(ARPHRD_ETHER);
  out.arp_pro = htons(ETH_P_IP);
  out.arp_hln = ETH_ALEN;
  out.arp_pln = 4;
  out.arp_op = htons(operation);
  std::copy(from.begin(), from.end(), out.arp_sha);
  std::copy_n(check::address(sender).bytes.begin(), 4, out.arp_spa);
  std::copy_n(check::address(target).bytes.begin(), 4, out.arp_tpa);
  return out;
}

constexpr net::Hardware kEverybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
// Of LLDP: a bridge does not forward it, but hands it to the host as if the port were an interface of its own.
constexpr net::Hardware kNearest{0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e};

bool send_frame(const Place& place, const net::Hardware& to, const net::Hardware& from, std::uint16_t type, const std::string& payload) {
  return place.inside([&] {
    Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    sockaddr_ll by{};
    by.sll_family = AF_PACKET;
    by.sll_ifindex = static_cast<int>(::if_nametoindex("eth0"));
    std::string frame(net::view(to));
    frame.append(net::view(from)).append({static_cast<char>(type >> 8), static_cast<char>(type)}).append(payload);
    return ::sendto(fd.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&by), sizeof by) ==
           static_cast<ssize_t>(frame.size());
  });
}

bool send_arp(const Place& place, const net::Hardware& from, const ether_arp& what, const net::Hardware& to = kEverybody) {
  return send_frame(place, to, from, ETH_P_ARP, std::string(reinterpret_cast<const char*>(&what), sizeof what));
}

// An IPv4 datagram of one byte; UDP's own sum may be left out.
std::string datagram(const std::string& from, const std::string& to, std::uint16_t port) {
  const auto pair = [](unsigned value) { return std::string{static_cast<char>(value >> 8), static_cast<char>(value)}; };
  std::string header("\x45\0\0\x1d\0\0\0\0\x40\x11\0\0", 12);
  header.append(check::address(from).view()).append(check::address(to).view());
  unsigned sum = 0;
  for (std::size_t i = 0; i < header.size(); i += 2)
    sum += static_cast<unsigned>(static_cast<unsigned char>(header[i]) << 8 | static_cast<unsigned char>(header[i + 1]));
  sum = (sum & 0xFFFF) + (sum >> 16);
  header.replace(10, 2, pair(~sum & 0xFFFF));
  return header + pair(4000) + pair(port) + pair(9) + pair(0) + "x";
}

// "I am `whose`, at my hardware address", to the gateway. The kernel fills in the sum.
bool advertise(const Place& place, const std::string& source, const std::string& whose, const net::Hardware& at) {
  return place.inside([&] {
    Fd fd(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6));
    const int hops = 255, one = 1;
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops);
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof one);
    nd_neighbor_advert message{};
    message.nd_na_type = ND_NEIGHBOR_ADVERT;
    message.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE | ND_NA_FLAG_SOLICITED;
    std::copy_n(check::address(whose).bytes.begin(), 16, message.nd_na_target.s6_addr);
    std::string bytes(reinterpret_cast<const char*>(&message), sizeof message);
    bytes.append("\x02\x01", 2).append(net::view(at));
    const auto from = check::endpoint(source, 0), to = check::endpoint("fd7c:5ec0:e01::1", 0);
    return ::bind(fd.get(), from.get(), from.size) == 0 &&
           ::sendto(fd.get(), bytes.data(), bytes.size(), 0, to.get(), to.size) == static_cast<ssize_t>(bytes.size());
  });
}

// A UDP socket of the host, and whom it heard.
struct Ear {
  Fd fd;
  explicit Ear(std::uint16_t port) : fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const auto at = check::endpoint("::", port);
    CHECK_EQ(::bind(fd.get(), at.get(), at.size), 0);
  }
  std::string heard(int wait_ms = kSilence) {
    pollfd wait{fd.get(), POLLIN, 0};
    check::Endpoint from;
    from.size = sizeof from.storage;
    char byte;
    if (::poll(&wait, 1, wait_ms) != 1 || ::recvfrom(fd.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&from.storage), &from.size) != 1)
      return "nobody";
    net::Address out{AF_INET6, {}};
    std::copy_n(reinterpret_cast<sockaddr_in6*>(&from.storage)->sin6_addr.s6_addr, 16, out.bytes.begin());
    return out.text();
  }
};

bool say(const Place& place, const std::string& as, const std::string& to, std::uint16_t port) {
  return place.inside([&] {
    const auto from = check::endpoint(as, 0), there = check::endpoint(to, port);
    Fd fd(::socket(from.get()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return ::bind(fd.get(), from.get(), from.size) == 0 && ::sendto(fd.get(), "x", 1, 0, there.get(), there.size) == 1;
  });
}

// The victim serves port 80, published on loopback, and may reach the host. The attacker may nothing, but has every capability.
struct Street {
  Member victim, attacker;
  explicit Street(fixture::Store& store) : victim(store), attacker(store) {
    auto network = plan();
    CHECK(attacker.attach(network));
    network.host_access = true;
    network.ports = {{"tcp", "127.0.0.1", 8080, 80}};
    CHECK(victim.attach(network));
  }
  // As if both were the attacker's.
  std::string take_addresses() const {
    return "ip addr add " + victim.network.address4 + "/32 dev eth0; ip addr add " + victim.network.address6 + "/128 dev eth0 nodad";
  }
  void end() {
    CHECK(victim.detach().ok() && attacker.detach().ok());
  }
};

#define STREET()                                                                    \
  NETWORK_TEST();                                                                   \
  Street street(store);                                                             \
  const Place victim(street.victim), attacker(street.attacker);                     \
  [[maybe_unused]] const std::string victim4 = street.victim.network.address4, victim6 = street.victim.network.address6; \
  [[maybe_unused]] const net::Hardware own = hardware(street.attacker);                          \
  [[maybe_unused]] const std::string port = device(street.attacker.id)

}  // namespace

TEST(neighbour_is_not_impersonated_by_arp_or_discovery) {
  STREET();
  Server right(victim, "::", 80), wrong(attacker, "::", 80);
  CHECK_EQ(street.attacker.inside(street.take_addresses()), "");
  const auto lie = [&] {
    // A request to the gateway, which a host believes more than an answer that it did not ask for; then both gratuitous kinds.
    CHECK(send_arp(attacker, own, arp(ARPOP_REQUEST, own, victim4, "10.203.0.1")));
    CHECK(send_arp(attacker, own, arp(ARPOP_REQUEST, own, victim4, victim4)));
    CHECK(send_arp(attacker, own, arp(ARPOP_REPLY, own, victim4, victim4)));
    CHECK(advertise(attacker, victim6, victim6, own));
    CHECK(advertise(attacker, street.attacker.network.address6, victim6, own));
  };
  const std::string known = run("ip neigh show dev secn0 | sort").out;
  CHECK_EQ(check::occurrences(known, "PERMANENT"), 4);
  lie();
  for (const auto& [to, at] : {std::pair<std::string, std::uint16_t>{"127.0.0.1", std::uint16_t{8080}}, {victim6, std::uint16_t{80}}}) {
    CHECK_EQ(connect_from(netns, to, at), "connected");
    CHECK(right.client() != "nobody");
  }
  CHECK_EQ(wrong.client(), "nobody");
  CHECK_EQ(run("ip neigh show dev secn0 | sort").out, known);

  // Without what stops it, the host talks to the liar: with a neighbour that can be told things, and answers from any address.
  ip(netns, "ip link set secn0 arp on; ip neigh flush dev secn0 nud permanent; nft flush chain inet secn0 guard");
  lie();
  CHECK_EQ(connect_from(netns, "127.0.0.1", 8080), "connected");
  CHECK(wrong.client() != "nobody");
  street.end();
  CHECK_EQ(left(store), "");
}

TEST(source_address_of_a_neighbour_is_not_taken) {
  STREET();
  Ear ear(9000);
  CHECK(say(victim, victim4, "10.203.0.1", 9000));
  CHECK_EQ(ear.heard(check::kAnswer), "::ffff:" + victim4);
  CHECK(say(victim, victim6, "fd7c:5ec0:e01::1", 9000));
  CHECK_EQ(ear.heard(check::kAnswer), victim6);

  CHECK_EQ(street.attacker.inside(street.take_addresses()), "");
  const auto lie = [&] {
    CHECK(say(attacker, victim4, "10.203.0.1", 9000));
    CHECK(say(attacker, victim6, "fd7c:5ec0:e01::1", 9000));
  };
  // With its own hardware address the bridge lets it pass, and the table does not.
  lie();
  CHECK_EQ(ear.heard(), "nobody");
  ip(netns, "nft flush chain inet secn0 source; nft add rule inet secn0 source accept");
  lie();
  CHECK_EQ(ear.heard(check::kAnswer), "::ffff:" + victim4);
  CHECK_EQ(ear.heard(check::kAnswer), victim6);
  CHECK(nft::ensure(*netlink::Socket::open(NETLINK_NETFILTER), check::test_table()).ok());

  // With the hardware address too the table would let it pass, and the bridge does not.
  const std::string gateway = bridge_hardware(), places = run("bridge fdb show br secn0 | sort").out;
  CHECK_EQ(street.attacker.inside("ip link set eth0 address " + text(hardware(street.victim)) + "; ip neigh replace 10.203.0.1 lladdr " + gateway +
                                  " dev eth0; ip neigh replace fd7c:5ec0:e01::1 lladdr " + gateway + " dev eth0"),
           "");
  lie();
  CHECK_EQ(ear.heard(), "nobody");
  // On a kernel that cannot lock the port this gets in, but no answer gets out: nothing is learned, and the entry does not move.
  ip(netns, "bridge link set dev " + port + " locked off");
  lie();
  CHECK_EQ(ear.heard(check::kAnswer), "::ffff:" + victim4);
  CHECK_EQ(run("bridge fdb show br secn0 | sort").out, places);
  Server right(victim, "::", 80), wrong(attacker, "::", 80);
  CHECK_EQ(connect_from(netns, "127.0.0.1", 8080), "connected");
  CHECK_EQ(right.client(), "::ffff:10.203.0.1");
  CHECK_EQ(wrong.client(), "nobody");
  street.end();
}

TEST(table_of_neighbours_is_not_filled) {
  STREET();
  const auto lie = [&] {
    for (int i = 2; i < 12; ++i) CHECK(send_arp(attacker, own, arp(ARPOP_REQUEST, own, "10.203.77." + std::to_string(i), "10.203.0.1")));
  };
  const auto known = [] { return run("ip neigh show dev secn0 | grep -c 10.203.77").out; };
  lie();
  CHECK_EQ(known(), "0\n");
  ip(netns, "ip link set secn0 arp on");
  lie();
  CHECK_EQ(known(), "10\n");
  street.end();
}

// A port is no interface of the host, though the kernel takes it for one: for frames that a bridge must not forward, and without the bridge.
TEST(port_is_no_way_around_the_bridge) {
  STREET();
  // The most that a host may allow.
  ip(netns, "for i in all default " + port + "; do echo 0 > /proc/sys/net/ipv4/conf/$i/rp_filter; done");
  Ear ear(9000);
  const std::string packet = datagram(street.attacker.network.address4, "10.203.0.1", 9000);
  const auto to_nearest = [&] { CHECK(send_frame(attacker, kNearest, own, ETH_P_IP, packet)); };
  const auto open = [&] { ip(netns, "nft flush chain inet secn0 guard"); };
  const auto close = [&] { CHECK(nft::ensure(*netlink::Socket::open(NETLINK_NETFILTER), check::test_table()).ok()); };
  to_nearest();
  CHECK_EQ(ear.heard(), "nobody");
  open();
  to_nearest();
  CHECK_EQ(ear.heard(check::kAnswer), "::ffff:" + street.attacker.network.address4);
  close();
  // Nor is it asked who it is.
  const auto ask = [&] { CHECK(send_arp(attacker, own, arp(ARPOP_REQUEST, own, "10.203.77.1", "10.203.0.1"), kNearest)); };
  const auto known = [&] { return run("ip neigh show dev " + port).out; };
  ask();
  CHECK_EQ(known(), "");
  ip(netns, "ip link set " + port + " arp on");
  ask();
  CHECK(contains(known(), "10.203.77.1"));
  // Somebody takes the bridge away.
  ip(netns, "ip link set " + port + " nomaster; ip addr add 192.0.2.1/24 dev lo");
  const std::string out = datagram(street.attacker.network.address4, "192.0.2.1", 9000);
  const auto direct = [&] { CHECK(send_frame(attacker, kEverybody, own, ETH_P_IP, out)); };
  direct();
  CHECK_EQ(ear.heard(), "nobody");
  open();
  direct();
  CHECK_EQ(ear.heard(check::kAnswer), "::ffff:" + street.attacker.network.address4);
  street.end();
}

// What the host sends to somebody who is not there any more is not for those who are.
TEST(frames_for_others_are_not_seen) {
  STREET();
  Fd tap = attacker.inside([] { return Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP))); });
  const auto sees = [&](int wait_ms) {
    const auto at = check::endpoint("10.203.99.99", 9);
    Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    CHECK_EQ(::sendto(fd.get(), "x", 1, 0, at.get(), at.size), 1);
    pollfd wait{tap.get(), POLLIN, 0};
    return ::poll(&wait, 1, wait_ms) == 1;
  };
  ip(netns, "ip neigh add 10.203.99.99 lladdr 02:00:00:00:00:99 dev secn0");
  CHECK(!sees(kSilence));
  ip(netns, "bridge link set dev " + port + " flood on");
  CHECK(sees(check::kAnswer));
  street.end();
}
