// SPDX-License-Identifier: Apache-2.0
// Real connections through the table: a host with a bridge, two containers on it, and two neighbours that the host could route for.
//
//   container 10.203.0.5 --+                          +-- 198.51.100.2 neighbour
//   container 10.203.0.6 --+-- secn0 [host] out0/out1 +-- 203.0.113.2  neighbour
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "nft_kernel.h"

using namespace secure;
using check::address;
using check::Netns;
using check::run;

namespace {

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Endpoint endpoint(const std::string& text, std::uint16_t port) {
  const net::Address parsed = address(text);
  Endpoint out;
  if (parsed.family == AF_INET) {
    auto* in = reinterpret_cast<sockaddr_in*>(&out.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    std::copy_n(parsed.bytes.begin(), 4, reinterpret_cast<std::uint8_t*>(&in->sin_addr));
    out.size = sizeof *in;
  } else {
    auto* in = reinterpret_cast<sockaddr_in6*>(&out.storage);
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(port);
    std::copy_n(parsed.bytes.begin(), 16, reinterpret_cast<std::uint8_t*>(&in->sin6_addr));
    out.size = sizeof *in;
  }
  return out;
}

std::string peer_of(int fd) {
  Endpoint peer;
  peer.size = sizeof peer.storage;
  net::Address out;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size) < 0) return "";
  out.family = peer.storage.ss_family;
  if (out.family == AF_INET)
    std::copy_n(reinterpret_cast<std::uint8_t*>(&reinterpret_cast<sockaddr_in*>(&peer.storage)->sin_addr), 4, out.bytes.begin());
  else
    std::copy_n(reinterpret_cast<std::uint8_t*>(&reinterpret_cast<sockaddr_in6*>(&peer.storage)->sin6_addr), 16, out.bytes.begin());
  return out.text();
}

// A TCP server: the address that the client seems to have, when asked.
class Server {
 public:
  Server(const Netns& place, const std::string& on, std::uint16_t port) {
    place.inside([&] {
      Endpoint at = endpoint(on, port);
      fd_ = Fd(::socket(at.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      int one = 1;
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
      ok_ = ::bind(fd_.get(), at.get(), at.size) == 0 && ::listen(fd_.get(), 16) == 0;
      return 0;
    });
    CHECK(ok_);
  }
  // Whom it accepted since; "nobody".
  std::string client() {
    pollfd wait{fd_.get(), POLLIN, 0};
    ::poll(&wait, 1, 200);
    Fd accepted(::accept(fd_.get(), nullptr, nullptr));
    return accepted.valid() ? peer_of(accepted.get()) : "nobody";
  }

 private:
  Fd fd_;
  bool ok_ = false;
};

// "connected", "silence" or the error.
std::string connect_from(const Netns& place, const std::string& to, std::uint16_t port) {
  return place.inside([&]() -> std::string {
    Endpoint at = endpoint(to, port);
    Fd fd(::socket(at.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), at.get(), at.size) == 0) return "connected";
    if (errno != EINPROGRESS) return ::strerror(errno);
    pollfd wait{fd.get(), POLLOUT, 0};
    if (::poll(&wait, 1, 500) == 0) return "silence";
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? "connected" : ::strerror(error);
  });
}

void ip(const Netns& place, const std::string& commands) {
  auto ran = place.inside([&] { return run("set -e; " + commands); });
  if (ran.code != 0) check::failed(__FILE__, __LINE__, commands + ": " + ran.out);
}

// All namespaces; the test stays in that of the host.
struct World {
  std::unique_ptr<Netns> host = place(), container = place(), other = place(), neighbour = place(), far = place();

  static std::unique_ptr<Netns> place() {
    auto out = std::make_unique<Netns>();
    CHECK_EQ(run("set -e; for d in all default; do echo 0 > /proc/sys/net/ipv6/conf/$d/accept_dad; done; ip link set lo up").out, "");
    return out;
  }

  World() {
    Netns::enter(host->fd());
    ip(*host,
       "ip link add secn0 type bridge; ip addr add 10.203.0.1/16 dev secn0; ip addr add fd7c:5ec0:e01::1/64 dev secn0 nodad;"
       "ip link set secn0 up; echo 1 > /proc/sys/net/ipv4/conf/secn0/route_localnet;"
       "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
    container_on_bridge(*container, "seca", "5");
    container_on_bridge(*other, "secb", "6");
    outside(*neighbour, "out0", "198.51.100", "2001:db8:1");
    outside(*far, "out1", "203.0.113", "2001:db8:2");
  }

  void container_on_bridge(const Netns& where, const std::string& device, const std::string& number) {
    ip(*host, "ip link add " + device + " type veth peer name eth0 netns " + where.path() + "; ip link set " + device +
                  " master secn0 up; bridge link set dev " + device + " isolated on");
    ip(where, "ip addr add 10.203.0." + number + "/16 dev eth0; ip addr add fd7c:5ec0:e01::" + number +
                  "/64 dev eth0 nodad; ip link set eth0 up; ip route add default via 10.203.0.1;"
                  "ip route add default via fd7c:5ec0:e01::1");
  }

  // It has no route to the containers' subnet: an answer needs an address of the host.
  void outside(const Netns& where, const std::string& device, const std::string& net4, const std::string& net6) {
    ip(*host, "ip link add " + device + " type veth peer name eth0 netns " + where.path() + "; ip addr add " + net4 + ".1/24 dev " +
                  device + "; ip addr add " + net6 + "::1/64 dev " + device + " nodad; ip link set " + device + " up");
    ip(where, "ip addr add " + net4 + ".2/24 dev eth0; ip addr add " + net6 + "::2/64 dev eth0 nodad; ip link set eth0 up");
  }
};

nft::Member member(const std::string& number = "5") {
  nft::Member out;
  out.address4 = address("10.203.0." + number);
  out.address6 = address("fd7c:5ec0:e01::" + number);
  return out;
}

// For who treats 127.0.0.1 as an address of somebody else.
constexpr char kForeignLoopback[] =
    "ip link set lo down; ip addr flush dev lo; echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet;";

// As a restart with other rights would.
void replace(netlink::Socket& socket, const nft::Member& with) {
  CHECK_DONE(nft::remove_member(socket, "secn0", {with.address4, with.address6}));
  CHECK_DONE(nft::add(socket, "secn0", with));
}

}  // namespace

#define TRAFFIC_TEST()                                                                     \
  if (!check::can_make_netns()) SKIP("needs root, nft, iptables and ip");                  \
  Netns start;                                                                             \
  World world;                                                                             \
  auto opened = netlink::Socket::open(NETLINK_NETFILTER);                                  \
  REQUIRE(opened.ok());                                                                    \
  netlink::Socket& nfnl = *opened;                                                         \
  [[maybe_unused]] const Netns &host = *world.host, &container = *world.container, &other = *world.other, \
                               &neighbour = *world.neighbour, &far = *world.far;           \
  CHECK_DONE(nft::ensure(nfnl, check::test_table()))

TEST(published_on_loopback_serves_the_host_alone) {
  TRAFFIC_TEST();
  auto with = member();
  with.publish = {{IPPROTO_TCP, address("127.0.0.1"), 8080, 80}};
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  Server web(container, "0.0.0.0", 80);
  CHECK_EQ(connect_from(host, "127.0.0.1", 8080), "connected");
  CHECK_EQ(web.client(), "10.203.0.1");
  CHECK_EQ(connect_from(host, "127.0.0.1", 8081), "Connection refused");
  CHECK_EQ(connect_from(host, "127.0.0.2", 8080), "Connection refused");
  CHECK_EQ(connect_from(neighbour, "198.51.100.1", 8080), "Connection refused");
  // A neighbour that routes the host's loopback addresses to the host, where the administrator allowed such packets.
  ip(neighbour, std::string(kForeignLoopback) + "ip route add 127.0.0.1/32 via 198.51.100.1");
  ip(host, "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet");
  CHECK_EQ(connect_from(neighbour, "127.0.0.1", 8080), "silence");
  CHECK_EQ(web.client(), "nobody");
  // It is the guard that stops it.
  ip(host, "nft flush chain inet secn0 guard");
  CHECK_EQ(connect_from(neighbour, "127.0.0.1", 8080), "connected");
  CHECK_DONE(nft::ensure(nfnl, check::test_table()));
  CHECK_EQ(connect_from(neighbour, "127.0.0.1", 8080), "silence");
}

TEST(published_on_every_address) {
  TRAFFIC_TEST();
  auto with = member();
  with.publish = {{IPPROTO_TCP, address("0.0.0.0"), 8080, 80}, {IPPROTO_TCP, address("::"), 8080, 80}};
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  Server web(container, "0.0.0.0", 80);
  Server web6(other, "::", 8080);  // where nobody should arrive
  CHECK_EQ(connect_from(host, "127.0.0.1", 8080), "connected");
  CHECK_EQ(web.client(), "10.203.0.1");
  CHECK_EQ(connect_from(host, "198.51.100.1", 8080), "connected");
  CHECK_EQ(web.client(), "198.51.100.1");
  CHECK_EQ(connect_from(neighbour, "198.51.100.1", 8080), "connected");
  CHECK_EQ(web.client(), "198.51.100.2");
  // Only local addresses are taken: somebody else's port 8080, to which the host forwards, is not.
  ip(neighbour, "ip route add 203.0.113.0/24 via 198.51.100.1");
  ip(far, "ip route add 198.51.100.0/24 via 203.0.113.1");
  Server foreign(far, "0.0.0.0", 8080);
  CHECK_EQ(connect_from(neighbour, "203.0.113.2", 8080), "connected");
  CHECK_EQ(foreign.client(), "198.51.100.2");
  CHECK_EQ(connect_from(host, "203.0.113.2", 8080), "connected");
  CHECK_EQ(foreign.client(), "203.0.113.1");
  // Not for other containers, by no way.
  CHECK_EQ(connect_from(other, "10.203.0.1", 8080), "silence");
  CHECK_EQ(connect_from(other, "198.51.100.1", 8080), "silence");
  CHECK_EQ(web.client(), "nobody");
}

TEST(published_ipv6) {
  TRAFFIC_TEST();
  auto with = member();
  with.publish = {{IPPROTO_TCP, address("::"), 8080, 80}, {IPPROTO_TCP, address("2001:db8:1::1"), 8081, 80}};
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  Server web(container, "::", 80);
  CHECK_EQ(connect_from(neighbour, "2001:db8:1::1", 8080), "connected");
  CHECK_EQ(web.client(), "2001:db8:1::2");
  CHECK_EQ(connect_from(neighbour, "2001:db8:1::1", 8081), "connected");
  CHECK_EQ(web.client(), "2001:db8:1::2");
  CHECK_EQ(connect_from(far, "2001:db8:2::1", 8081), "Connection refused");
  CHECK_EQ(connect_from(host, "2001:db8:1::1", 8080), "connected");
  CHECK_EQ(web.client(), "2001:db8:1::1");
  // Refused at once, not silent: a client goes on to 127.0.0.1.
  CHECK_EQ(connect_from(host, "::1", 8080), "Connection refused");
  CHECK_EQ(connect_from(other, "2001:db8:1::1", 8080), "silence");
}

TEST(host_is_reached_with_host_access_only) {
  TRAFFIC_TEST();
  Server service(host, "0.0.0.0", 9000), service6(host, "::", 9006), local(host, "127.0.0.1", 9001);
  CHECK_DONE(nft::add(nfnl, "secn0", member()));
  CHECK_DONE(nft::add(nfnl, "secn0", member("6")));
  for (const char* to : {"10.203.0.1", "198.51.100.1"}) CHECK_EQ(connect_from(container, to, 9000), "silence");
  CHECK_EQ(connect_from(container, "fd7c:5ec0:e01::1", 9006), "silence");
  CHECK_EQ(connect_from(container, "2001:db8:1::1", 9006), "silence");
  CHECK_EQ(service.client(), "nobody");
  auto with = member();
  with.host_access = true;
  replace(nfnl, with);
  CHECK_EQ(connect_from(container, "10.203.0.1", 9000), "connected");
  CHECK_EQ(service.client(), "10.203.0.5");
  CHECK_EQ(connect_from(container, "fd7c:5ec0:e01::1", 9006), "connected");
  CHECK_EQ(service6.client(), "fd7c:5ec0:e01::5");
  CHECK_EQ(connect_from(other, "10.203.0.1", 9000), "silence");
  // The host's loopback is no address for it even then.
  ip(container, kForeignLoopback);
  CHECK_EQ(connect_from(container, "127.0.0.1", 9001), "silence");
  ip(host, "nft flush chain inet secn0 guard");
  CHECK_EQ(connect_from(container, "127.0.0.1", 9001), "connected");
}

TEST(egress_none_ports_any) {
  TRAFFIC_TEST();
  Server seven(neighbour, "0.0.0.0", 7000), eight(neighbour, "0.0.0.0", 8000), seven6(neighbour, "::", 7006);
  CHECK_DONE(nft::add(nfnl, "secn0", member()));
  CHECK_EQ(connect_from(container, "198.51.100.2", 7000), "silence");
  CHECK_EQ(connect_from(container, "2001:db8:1::2", 7006), "silence");
  auto with = member();
  with.egress_ports = {7000, 7006};
  replace(nfnl, with);
  CHECK_EQ(connect_from(container, "198.51.100.2", 7000), "connected");
  CHECK_EQ(seven.client(), "198.51.100.1");
  CHECK_EQ(connect_from(container, "198.51.100.2", 8000), "silence");
  CHECK_EQ(connect_from(container, "2001:db8:1::2", 7006), "connected");
  CHECK_EQ(seven6.client(), "2001:db8:1::1");
  with.egress_ports.clear();
  with.egress_any = true;
  replace(nfnl, with);
  CHECK_EQ(connect_from(container, "198.51.100.2", 8000), "connected");
  CHECK_EQ(eight.client(), "198.51.100.1");
  CHECK_EQ(connect_from(container, "2001:db8:1::2", 7006), "connected");
  CHECK_EQ(connect_from(other, "198.51.100.2", 8000), "silence");  // no member at all
  // Into the subnet: only what is published.
  ip(neighbour, "ip route add 10.203.0.0/16 via 198.51.100.1");
  Server web(container, "0.0.0.0", 80);
  CHECK_EQ(connect_from(neighbour, "10.203.0.5", 80), "silence");
  // And no way out that is one to another container.
  ip(other, "ip route add 10.203.0.5/32 via 10.203.0.1");
  ip(container, "ip route add 10.203.0.6/32 via 10.203.0.1");
  auto second = member("6");
  second.egress_any = true;
  CHECK_DONE(nft::add(nfnl, "secn0", second));
  ip(host, "echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects; echo 0 > /proc/sys/net/ipv4/conf/secn0/send_redirects");
  CHECK_EQ(connect_from(other, "10.203.0.5", 80), "silence");
  CHECK_EQ(web.client(), "nobody");
}

TEST(host_that_was_no_router_does_not_become_one) {
  TRAFFIC_TEST();
  Server service(far, "0.0.0.0", 7000), outer(neighbour, "0.0.0.0", 7000);
  ip(neighbour, "ip route add 203.0.113.0/24 via 198.51.100.1");
  ip(far, "ip route add 198.51.100.0/24 via 203.0.113.1");
  CHECK_EQ(connect_from(neighbour, "203.0.113.2", 7000), "connected");
  CHECK_EQ(service.client(), "198.51.100.2");
  CHECK_DONE(nft::guard_forwarding(nfnl, "secn0"));
  CHECK_EQ(connect_from(neighbour, "203.0.113.2", 7000), "silence");
  // The containers' traffic goes on.
  auto with = member();
  with.egress_any = true;
  with.publish = {{IPPROTO_TCP, address("0.0.0.0"), 8080, 80}};
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  Server web(container, "0.0.0.0", 80);
  CHECK_EQ(connect_from(container, "203.0.113.2", 7000), "connected");
  CHECK_EQ(connect_from(far, "203.0.113.1", 8080), "connected");
}

TEST(firewall_that_drops_is_passed) {
  TRAFFIC_TEST();
  ip(host, "iptables-nft -P FORWARD DROP; ip6tables-nft -P FORWARD DROP");
  ip(host, "nft 'table inet firewalld { chain filter_FORWARD { type filter hook forward priority filter + 10; reject; }; }'");
  auto with = member();
  with.egress_any = true;
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  Server service(neighbour, "0.0.0.0", 7000), service6(neighbour, "::", 7006);
  CHECK_EQ(connect_from(container, "198.51.100.2", 7000), "silence");
  CHECK_DONE(nft::pass(nfnl, "secn0"));
  CHECK_EQ(connect_from(container, "198.51.100.2", 7000), "connected");
  CHECK_EQ(connect_from(container, "2001:db8:1::2", 7006), "connected");
  // Others are dropped as before, and our own table still decides about ours.
  ip(neighbour, "ip route add 203.0.113.0/24 via 198.51.100.1");
  CHECK_EQ(connect_from(neighbour, "203.0.113.2", 7000), "silence");
  CHECK_EQ(connect_from(other, "198.51.100.2", 7000), "silence");
  CHECK_DONE(nft::unpass(nfnl, "secn0"));
  CHECK_EQ(connect_from(container, "198.51.100.2", 7000), "silence");
}
