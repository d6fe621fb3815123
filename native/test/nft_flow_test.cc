// SPDX-License-Identifier: Apache-2.0
// What connection tracking remembers must not outlive the container that it was made for.
#include "nft_flow.h"

#include "nft_world.h"

using namespace secure;
using check::address;
using check::ip;
using check::member;
using check::run;

namespace {

// A connected pair of sockets through the table.
struct Connection {
  Fd client, server;
};

Connection connect(const check::Netns& from, const check::Netns& to, const std::string& at, std::uint16_t port, const std::string& bound,
                   std::uint16_t bound_port) {
  Connection out;
  Fd listener;
  auto open = [](const std::string& text) {
    return Fd(::socket(address(text).family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  };
  to.inside([&] {
    check::Endpoint here = check::endpoint(bound, bound_port);
    listener = open(bound);
    int one = 1;
    ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    return ::bind(listener.get(), here.get(), here.size) == 0 && ::listen(listener.get(), 1) == 0;
  });
  from.inside([&] {
    check::Endpoint there = check::endpoint(at, port);
    out.client = open(at);
    return ::connect(out.client.get(), there.get(), there.size);
  });
  out.server = Fd(::accept(listener.get(), nullptr, nullptr));
  CHECK(out.server.valid());
  return out;
}

// Does what one side writes arrive?
bool passes(const Fd& from, const Fd& to, int wait_ms = check::kAnswer) {
  if (::send(from.get(), "x", 1, MSG_NOSIGNAL) != 1) return false;
  pollfd wait{to.get(), POLLIN, 0};
  char byte;
  return ::poll(&wait, 1, wait_ms) == 1 && ::recv(to.get(), &byte, 1, MSG_DONTWAIT) == 1;
}

Fd udp_socket(const check::Netns& place, const std::string& on, std::uint16_t port) {
  Fd out;
  place.inside([&] {
    check::Endpoint at = check::endpoint(on, port);
    out = Fd(::socket(at.get()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    int one = 1;
    if (at.get()->sa_family == AF_INET6) ::setsockopt(out.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    CHECK_EQ(::bind(out.get(), at.get(), at.size), 0);
    return 0;
  });
  return out;
}

bool arrives(const Fd& client, const std::string& to, std::uint16_t port, const Fd& server, int wait_ms = check::kAnswer) {
  check::Endpoint at = check::endpoint(to, port);
  // The error of an earlier datagram, port unreachable, is reported by the next call.
  if (::sendto(client.get(), "x", 1, 0, at.get(), at.size) != 1) (void)::sendto(client.get(), "x", 1, 0, at.get(), at.size);
  pollfd wait{server.get(), POLLIN, 0};
  char byte;
  return ::poll(&wait, 1, wait_ms) == 1 && ::recv(server.get(), &byte, 1, MSG_DONTWAIT) == 1;
}

using Forget = Status (*)(netlink::Socket&, const net::Address&);

}  // namespace

TEST(connection_of_the_last_owner_is_no_way_out) {
  TRAFFIC_TEST();
  for (bool v6 : {false, true}) {
    auto with = member();
    with.egress_any = true;
    CHECK_DONE(nft::add(nfnl, "secn0", with));
    Connection old = connect(container, neighbour, v6 ? "2001:db8:1::2" : "198.51.100.2", 7000, v6 ? "::" : "0.0.0.0", 7000);
    CHECK(passes(old.client, old.server));
    CHECK(passes(old.server, old.client));
    // The next container with the address: it could make the packets of the old connection, as the old socket does here.
    CHECK_DONE(nft::remove_member(nfnl, "secn0", {with.address4, with.address6}));
    CHECK_DONE(nft::add(nfnl, "secn0", member()));
    CHECK(!passes(old.client, old.server, check::kSilence));
    CHECK(!passes(old.server, old.client, check::kSilence));
    CHECK_DONE(nft::remove_member(nfnl, "secn0", {with.address4, with.address6}));
  }
}

TEST(connection_to_a_published_port_ends_with_the_container) {
  TRAFFIC_TEST();
  auto with = member();
  with.publish = {{IPPROTO_TCP, address("0.0.0.0"), 8080, 80}};
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  Connection old = connect(neighbour, container, "198.51.100.1", 8080, "0.0.0.0", 80);
  CHECK(passes(old.client, old.server));
  CHECK_DONE(nft::remove_member(nfnl, "secn0", {with.address4, with.address6}));
  CHECK(!passes(old.client, old.server, check::kSilence));
}

// Both ways to forget, and that nothing else is.
TEST(only_flows_of_the_container_are_forgotten) {
  TRAFFIC_TEST();
  ip(neighbour, "ip route add 203.0.113.0/24 via 198.51.100.1");
  ip(far, "ip route add 198.51.100.0/24 via 203.0.113.1");
  auto with = member(), second = member("6");
  with.egress_any = second.egress_any = true;
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  CHECK_DONE(nft::add(nfnl, "secn0", second));
  auto tracked = [](const std::string& text) {
    return run("cat /proc/net/nf_conntrack").code == 0 && run("grep -c '" + text + "' /proc/net/nf_conntrack").out != "0\n";
  };
  for (Forget forget : {Forget(nft::forget_flows), Forget(nft::forget_flows_by_list)}) {
    Connection own = connect(container, neighbour, "198.51.100.2", 7000, "0.0.0.0", 7000);
    Connection others = connect(other, neighbour, "198.51.100.2", 7000, "0.0.0.0", 7000);
    Connection routed = connect(neighbour, far, "203.0.113.2", 7000, "0.0.0.0", 7000);
    CHECK(tracked("src=10.203.0.5") && tracked("src=10.203.0.6") && tracked("src=198.51.100.2 dst=203.0.113.2"));
    CHECK_DONE(forget(nfnl, with.address4));
    CHECK(!tracked("src=10.203.0.5"));
    CHECK(tracked("src=10.203.0.6") && tracked("src=198.51.100.2 dst=203.0.113.2"));
    CHECK(passes(others.client, others.server));
    CHECK(passes(routed.client, routed.server));
    CHECK_DONE(forget(nfnl, with.address6));
    CHECK_DONE(forget(nfnl, with.address4));
  }
}

TEST(udp_client_that_was_there_first_reaches_the_container) {
  TRAFFIC_TEST();
  Fd client = udp_socket(neighbour, "198.51.100.2", 4000), client6 = udp_socket(neighbour, "2001:db8:1::2", 4000);
  Fd server = udp_socket(container, "0.0.0.0", 5353), server6 = udp_socket(container, "::", 5353);
  Fd held = udp_socket(host, "0.0.0.0", 53);  // as the reservation of the port does
  CHECK(!arrives(client, "198.51.100.1", 53, server, check::kSilence));
  CHECK(!arrives(client6, "2001:db8:1::1", 53, server6, check::kSilence));
  auto with = member();
  with.publish = {{IPPROTO_UDP, address("0.0.0.0"), 53, 5353}, {IPPROTO_UDP, address("2001:db8:1::1"), 53, 5353}};
  CHECK_DONE(nft::add(nfnl, "secn0", with));
  CHECK(arrives(client, "198.51.100.1", 53, server));
  CHECK(arrives(client6, "2001:db8:1::1", 53, server6));
  // Another container takes the port over.
  CHECK_DONE(nft::remove_member(nfnl, "secn0", {with.address4, with.address6}));
  auto next = member("6");
  next.publish = with.publish;
  Fd taken = udp_socket(other, "0.0.0.0", 5353);
  CHECK_DONE(nft::add(nfnl, "secn0", next));
  CHECK(!arrives(client, "198.51.100.1", 53, server, check::kSilence));
  CHECK(arrives(client, "198.51.100.1", 53, taken));
}
