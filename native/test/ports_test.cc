// SPDX-License-Identifier: Apache-2.0
#include "ports.h"

#include <poll.h>
#include <sys/resource.h>

#include "child.h"
#include "nft_world.h"
#include "record_fixture.h"

using namespace secure;
using check::endpoint;
using fixture::Store;

namespace {

spec::PublishedPort port(const std::string& protocol, const std::string& address, std::uint16_t number) { return {protocol, address, number, 80}; }

// In each test: a network namespace with loopback only, and a store.
#define PORTS_TEST()                                                 \
  if (!check::can_make_netns()) SKIP("needs root, nft, iptables and ip"); \
  check::Netns netns;                                                \
  REQUIRE(netns.ok());                                               \
  REQUIRE(check::run("ip link set lo up").code == 0);                \
  Store store

Result<std::vector<Fd>> take(const Store& store, std::vector<spec::PublishedPort> ports) { return ports::reserve(store.roots, ports); }
std::string refusal(const Store& store, std::vector<spec::PublishedPort> ports) {
  auto taken = take(store, std::move(ports));
  return taken ? "" : taken.error().code;
}

// errno of a program that takes a port in the way that `options` say; 0: it got it.
int attempt(int type, const std::string& address, std::uint16_t number, std::initializer_list<int> options, bool listen) {
  auto at = endpoint(address, number);
  Fd fd(::socket(at.get()->sa_family, type | SOCK_CLOEXEC, 0));
  const int on = 1;
  for (int option : options) (void)::setsockopt(fd.get(), SOL_SOCKET, option, &on, sizeof on);
  if (::bind(fd.get(), at.get(), at.size) < 0) return errno;
  return listen && ::listen(fd.get(), 1) < 0 ? errno : 0;
}

// Whether a TCP client hears anything within 200 ms: accepted or refused.
bool answered(const std::string& address, std::uint16_t number) {
  auto at = endpoint(address, number);
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  (void)::connect(fd.get(), at.get(), at.size);
  pollfd wait{fd.get(), POLLOUT, 0};
  return ::poll(&wait, 1, 200) != 0;
}

// A connection to a server on this port that the server ended first: its side is in TIME_WAIT.
void leave_time_wait(std::uint16_t number) {
  auto at = endpoint("127.0.0.1", number);
  const int on = 1;
  Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  (void)::setsockopt(server.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  CHECK(::bind(server.get(), at.get(), at.size) == 0 && ::listen(server.get(), 1) == 0);
  CHECK(::connect(client.get(), at.get(), at.size) == 0);
  Fd accepted(::accept(server.get(), nullptr, nullptr));
  accepted.reset();
  char byte;
  CHECK_EQ(::read(client.get(), &byte, 1), 0);
}

}  // namespace

TEST(ports_are_taken_for_everybody_else) {
  PORTS_TEST();
  auto taken = take(store, {port("tcp", "127.0.0.1", 8080), port("udp", "0.0.0.0", 5353), port("tcp", "::", 8081)});
  REQUIRE(taken.ok());
  CHECK_EQ(taken->size(), 3U);
  for (const char* address : {"127.0.0.1", "0.0.0.0"})
    for (auto options : {std::initializer_list<int>{}, {SO_REUSEADDR}, {SO_REUSEPORT}, {SO_REUSEADDR, SO_REUSEPORT}}) {
      CHECK_EQ(attempt(SOCK_STREAM, address, 8080, options, true), EADDRINUSE);
      CHECK_EQ(attempt(SOCK_DGRAM, address, 5353, options, false), EADDRINUSE);
    }
  CHECK_EQ(attempt(SOCK_STREAM, "::1", 8081, {SO_REUSEADDR}, true), EADDRINUSE);
  // Another address, protocol or family is somebody else's.
  CHECK_EQ(attempt(SOCK_STREAM, "127.0.0.2", 8080, {}, true), 0);
  CHECK_EQ(attempt(SOCK_DGRAM, "127.0.0.1", 8080, {}, false), 0);
  CHECK_EQ(attempt(SOCK_STREAM, "127.0.0.1", 8081, {}, true), 0);
  CHECK_EQ(refusal(store, {port("tcp", "127.0.0.1", 8080)}), "PORT_IN_USE");
  taken->clear();
  CHECK_EQ(attempt(SOCK_STREAM, "127.0.0.1", 8080, {}, true), 0);
  CHECK_EQ(refusal(store, {port("tcp", "127.0.0.1", 8080)}), "");
}

TEST(ports_of_other_programs_are_theirs) {
  PORTS_TEST();
  for (bool reuse : {false, true}) {
    auto at = endpoint("0.0.0.0", 8080);
    const int on = reuse ? 1 : 0;
    Fd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    (void)::setsockopt(other.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    REQUIRE(::bind(other.get(), at.get(), at.size) == 0 && ::listen(other.get(), 1) == 0);
    auto taken = take(store, {port("tcp", "127.0.0.1", 8081), port("tcp", "127.0.0.1", 8080)});
    REQUIRE(!taken.ok());
    CHECK_EQ(taken.error().code, "PORT_IN_USE");
    CHECK(taken.error().message.find("tcp 127.0.0.1:8080") != std::string::npos);
    CHECK(taken.error().message.find("process " + std::to_string(::getpid()) + " (core_tests)") != std::string::npos);
    // The one that it had got already is free again.
    CHECK_EQ(refusal(store, {port("tcp", "127.0.0.1", 8081)}), "");
  }
  auto at = endpoint("::", 5353);
  Fd both(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(both.get(), at.get(), at.size) == 0);
  auto taken = take(store, {port("udp", "0.0.0.0", 5353)});
  REQUIRE(!taken.ok());
  CHECK(taken.error().message.find("process " + std::to_string(::getpid())) != std::string::npos);
}

TEST(ports_of_connections_that_have_ended) {
  PORTS_TEST();
  leave_time_wait(8080);
  REQUIRE(attempt(SOCK_STREAM, "127.0.0.1", 8080, {}, true) == EADDRINUSE);
  auto taken = take(store, {port("tcp", "0.0.0.0", 8080)});
  if (!taken) check::failed(__FILE__, __LINE__, taken.error().text());
  REQUIRE(taken.ok());
  for (auto options : {std::initializer_list<int>{}, {SO_REUSEADDR}, {SO_REUSEPORT}, {SO_REUSEADDR, SO_REUSEPORT}})
    CHECK_EQ(attempt(SOCK_STREAM, "127.0.0.1", 8080, options, true), EADDRINUSE);
  // It listens, and answers nobody.
  CHECK(!answered("127.0.0.1", 8080));
}

TEST(ports_never_keep_a_packet) {
  PORTS_TEST();
  auto taken = take(store, {port("udp", "127.0.0.1", 5353)});
  REQUIRE(taken.ok());
  auto at = endpoint("127.0.0.1", 5353);
  Fd client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::sendto(client.get(), "x", 1, 0, at.get(), at.size) == 1);
  char byte;
  CHECK_EQ(::recv((*taken)[0].get(), &byte, 1, MSG_DONTWAIT), -1);
  CHECK_EQ(errno, EAGAIN);
  CHECK((::fcntl((*taken)[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST(ports_chosen_by_the_kernel) {
  PORTS_TEST();
  std::vector<spec::PublishedPort> wanted{port("tcp", "0.0.0.0", 0), port("udp", "127.0.0.1", 0), port("tcp", "::", 0), port("tcp", "0.0.0.0", 0)};
  auto taken = ports::reserve(store.roots, wanted);
  REQUIRE(taken.ok());
  for (const auto& one : wanted) CHECK(one.host_port != 0);
  CHECK(wanted[0].host_port != wanted[3].host_port);
  CHECK_EQ(attempt(SOCK_STREAM, "0.0.0.0", wanted[0].host_port, {}, true), EADDRINUSE);
  CHECK_EQ(attempt(SOCK_DGRAM, "127.0.0.1", wanted[1].host_port, {}, false), EADDRINUSE);
  CHECK_EQ(attempt(SOCK_STREAM, "::", wanted[2].host_port, {}, true), EADDRINUSE);
}

TEST(ports_that_cannot_be) {
  PORTS_TEST();
  for (const char* address : {"::1", "192.0.2.1", "2001:db8::1", "fe80::1"}) {
    auto taken = take(store, {port("tcp", address, 8080)});
    REQUIRE(!taken.ok());
    CHECK_EQ(taken.error().code, "PORT_REFUSED");
    CHECK(taken.error().message.find(address) != std::string::npos);
    CHECK(!taken.error().hint.empty());
  }
  CHECK_EQ(refusal(store, {port("tcp", "0.0.0.0", 8080), port("tcp", "127.0.0.1", 8080)}), "PORT_IN_USE");
  CHECK_EQ(refusal(store, {port("tcp", "0.0.0.0", 8080), port("tcp", "::", 8080), port("udp", "::", 8080)}), "");
  CHECK_EQ(refusal(store, {}), "");
}

TEST(ports_by_the_thousand) {
  PORTS_TEST();
  std::vector<spec::PublishedPort> many;
  for (int i = 0; i < 1024; ++i) many.push_back(port("tcp", "127.0.0.1", static_cast<std::uint16_t>(20000 + i)));
  const auto with_limit = [&](rlim_t soft, rlim_t hard) {
    return check::in_child([&] {
      const rlimit limit{soft, hard};
      if (::setrlimit(RLIMIT_NOFILE, &limit) < 0) return 3;
      auto taken = take(store, many);
      if (taken) return 0;
      return taken.error().code == "PORT_REFUSED" && taken.error().err == EMFILE ? 1 : 2;
    });
  };
  CHECK_EQ(with_limit(256, 4096), 0);
  CHECK_EQ(with_limit(256, 512), 1);
}
