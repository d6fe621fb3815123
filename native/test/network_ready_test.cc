// SPDX-License-Identifier: Apache-2.0
// A program finds its network ready: what it sends first arrives, and so does what the host sends to it first.
#include "network_fixture.h"
#include "nft_world.h"

using namespace secure;

namespace {

Fd udp(const std::string& at, std::uint16_t port) {
  const auto where = check::endpoint(at, port);
  Fd fd(::socket(where.get()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return ::bind(fd.get(), where.get(), where.size) == 0 ? std::move(fd) : Fd();
}

bool say(const Fd& from, const std::string& to, std::uint16_t port) {
  const auto there = check::endpoint(to, port);
  return ::sendto(from.get(), "x", 1, 0, there.get(), there.size) == 1;
}

bool hears(const Fd& fd) {
  pollfd wait{fd.get(), POLLIN, 0};
  char byte;
  return ::poll(&wait, 1, check::kSilence) == 1 && ::recv(fd.get(), &byte, 1, 0) == 1;
}

// In its network namespace, with what must come after it: nothing else is between an attachment and the packet.
template <typename Body>
auto in(const Member& member, Body body) {
  const Fd back = check::this_netns(), there(::open(("/proc/" + std::to_string(member.pid) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  check::Netns::enter(there.get());
  auto out = body();
  check::Netns::enter(back.get());
  return out;
}

constexpr int kRounds = 20;  // without care it is every third to tenth that gets lost
const char* gateway(int round) { return round % 2 == 0 ? "10.203.0.1" : "fd7c:5ec0:e01::1"; }

struct Start {
  Member member;
  std::string own;
  Start(fixture::Store& store, int round) : member(store) {
    auto network = plan();
    network.host_access = true;
    CHECK(member.attach(network));
    own = round % 2 == 0 ? member.network.address4 : member.network.address6;
  }
  ~Start() { CHECK(member.detach().ok()); }
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;
};

}  // namespace

// Each with a bridge of its own, that goes with it.
TEST(first_packet_to_a_container_arrives) {
  NETWORK_TEST();
  for (int round = 0; round < kRounds; ++round) {
    const Start start(store, round);
    const Fd inside = in(start.member, [&] { return udp(start.own, 9001); });
    CHECK(say(udp(gateway(round), 9002), start.own, 9001));
    CHECK(hears(inside));
  }
}

TEST(first_packet_of_a_container_arrives) {
  NETWORK_TEST();
  const Fd ear = udp("::", 9000);
  for (int round = 0; round < kRounds; ++round) {
    const Start start(store, round);
    CHECK(in(start.member, [&] { return say(udp(start.own, 9001), gateway(round), 9000); }));
    CHECK(hears(ear));
  }
}
