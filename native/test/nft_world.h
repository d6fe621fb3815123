// SPDX-License-Identifier: Apache-2.0
// Network namespaces for real connections: a host with a bridge, two containers on it, and two neighbours that the host could route for.
//
//   container 10.203.0.5 --+                          +-- 198.51.100.2 neighbour
//   container 10.203.0.6 --+-- secn0 [host] out0/out1 +-- 203.0.113.2  neighbour
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "nft_kernel.h"

namespace check {

using secure::Fd;
using secure::net::Address;

// What is never answered is waited for this long, what must be answered that long at most; milliseconds. Each test has an answer of the same
// kind beside its silence, and those take less than one.
constexpr int kSilence = 150, kAnswer = 5000;

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

inline Endpoint endpoint(const std::string& text, std::uint16_t port) {
  const Address parsed = address(text);
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

inline std::string peer_of(int fd) {
  Endpoint peer;
  peer.size = sizeof peer.storage;
  Address out;
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
  template <typename Place>
  Server(const Place& place, const std::string& on, std::uint16_t port) {
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
    ::poll(&wait, 1, kSilence);
    Fd accepted(::accept(fd_.get(), nullptr, nullptr));
    return accepted.valid() ? peer_of(accepted.get()) : "nobody";
  }

 private:
  Fd fd_;
  bool ok_ = false;
};

// A connection that somebody wants.
struct Attempt {
  const Netns& place;
  std::string to;
  std::uint16_t port;
};

// It on its way, from the moment when this is made.
class Connecting {
 public:
  explicit Connecting(const Attempt& attempt) {
    attempt.place.inside([&] {
      const Endpoint at = endpoint(attempt.to, attempt.port);
      fd_ = Fd(::socket(at.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      error_ = ::connect(fd_.get(), at.get(), at.size) == 0 ? 0 : errno;
      return 0;
    });
  }
  // "connected", "silence" or the error.
  std::string outcome(int wait_ms) {
    pollfd wait{fd_.get(), POLLOUT, 0};
    if (error_ == EINPROGRESS && ::poll(&wait, 1, wait_ms) == 0) return "silence";
    socklen_t size = sizeof error_;
    if (error_ == EINPROGRESS) ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error_, &size);
    return error_ == 0 ? "connected" : ::strerror(error_);
  }

 private:
  Fd fd_;
  int error_ = 0;
};

// "connected" or the error.
inline std::string connect_from(const Netns& place, const std::string& to, std::uint16_t port) {
  return Connecting({place, to, port}).outcome(kAnswer);
}

// All at once: those that got an answer, "" when none did.
inline std::string answered(std::initializer_list<Attempt> attempts) {
  std::vector<Connecting> all;
  for (const auto& attempt : attempts) all.emplace_back(attempt);
  ::poll(nullptr, 0, kSilence);
  std::string out;
  auto attempt = attempts.begin();
  for (auto& one : all) {
    const std::string outcome = one.outcome(0);
    if (outcome != "silence") out += attempt->to + " " + std::to_string(attempt->port) + ": " + outcome + "; ";
    ++attempt;
  }
  return out;
}

inline void ip(const Netns& place, const std::string& commands) {
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
    ip(*host, "ip link add " + device + " type veth peer name eth0 address 02:00:00:00:00:0" + number + " netns " + where.path() +
                  "; ip link set " + device + " master secn0 up; bridge link set dev " + device + " isolated on");
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

inline secure::nft::Member member(const std::string& number = "5") {
  secure::nft::Member out;
  out.address4 = address("10.203.0." + number);
  out.address6 = address("fd7c:5ec0:e01::" + number);
  out.hardware = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(number[0] - '0')};
  return out;
}

// As a restart with other rights would.
inline void replace(secure::netlink::Socket& socket, const secure::nft::Member& with) {
  CHECK_DONE(secure::nft::remove_member(socket, "secn0", {with.address4, with.address6}));
  CHECK_DONE(secure::nft::add(socket, "secn0", with));
}

}  // namespace check

#define TRAFFIC_TEST()                                                                     \
  if (!check::can_make_netns()) SKIP("needs root, nft, iptables and ip");                  \
  check::Netns start;                                                                             \
  check::World world;                                                                             \
  auto opened = secure::netlink::Socket::open(NETLINK_NETFILTER);                                  \
  REQUIRE(opened.ok());                                                                    \
  secure::netlink::Socket& nfnl = *opened;                                                         \
  [[maybe_unused]] const check::Netns &host = *world.host, &container = *world.container, &other = *world.other, \
                               &neighbour = *world.neighbour, &far = *world.far;           \
  CHECK_DONE(secure::nft::ensure(nfnl, check::test_table()))
