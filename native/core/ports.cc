// SPDX-License-Identifier: Apache-2.0
#include "ports.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>

#include "address.h"

namespace secure::ports {

namespace {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};

Endpoint endpoint(const net::Address& address, std::uint16_t port) {
  Endpoint out;
  if (address.family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), sizeof v4.sin_addr);
    std::memcpy(&out.address, &v4, out.size = sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes.data(), sizeof v6.sin6_addr);
    std::memcpy(&out.address, &v6, out.size = sizeof v6);
  }
  return out;
}

std::string text(const spec::PublishedPort& port) {
  const bool v6 = port.host_address.find(':') != std::string::npos;
  return port.protocol + " " + (v6 ? "[" + port.host_address + "]" : port.host_address) + ":" + std::to_string(port.host_port);
}

Error refused(const spec::PublishedPort& port, int err) {
  std::string hint = "check the address and the port";
  if (err == EADDRNOTAVAIL) hint = "the host does not have this address: publish on one that it has, or on 127.0.0.1";
  if (err == EAFNOSUPPORT) hint = "this host has no IPv6: publish on an IPv4 address";
  if (err == EINVAL) hint = "an address that needs an interface beside it (fe80::...) cannot be published on: use another one of the host";
  if (err == EMFILE || err == ENFILE) hint = "raise the limit of open files (ulimit -n), or publish fewer ports";
  return fail(Stage::network, "PORT_REFUSED", err, "reserve the port " + text(port), std::move(hint));
}

// A socket that drops whatever gets past the translation: it is never answered and fills no queue.
Result<Fd> open_socket(const spec::PublishedPort& port, int family) {
  Fd out(::socket(family, (port.protocol == "udp" ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out.valid()) return refused(port, errno);
  sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &drop};
  const int on = 1;
  if (::setsockopt(out.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ||
      (family == AF_INET6 && ::setsockopt(out.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0))
    return refused(port, errno);
  return out;
}

Result<Fd> bound(const record::Roots& roots, const spec::PublishedPort& port, const net::Address& address) {
  const Endpoint at = endpoint(address, port.host_port);
  const auto bind_to = [&](const Fd& socket) { return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at.address), at.size) == 0; };
  SECURE_LET(socket, open_socket(port, address.family));
  // Without SO_REUSEADDR it is in everybody's way, as it should be.
  if (bind_to(socket)) return socket;
  if (errno != EADDRINUSE) return refused(port, errno);
  if (port.protocol == "tcp") {
    // Connections that have ended hold a port for a minute. With the option they do not count, a program that listens does; and to
    // be in the way of others that have the option, ours must listen as well.
    SECURE_LET(second, open_socket(port, address.family));
    const int on = 1;
    (void)::setsockopt(second.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind_to(second) && ::listen(second.get(), 0) == 0) return second;
  }
  const std::string who = holder(roots, port);
  return fail(Stage::network, "PORT_IN_USE", EADDRINUSE, "the port " + text(port) + " is in use" + (who.empty() ? "" : " by " + who),
              who.starts_with("container ") ? "choose another host port, or stop that container: secure stop " + who.substr(10)
                                            : "choose another host port, or stop the program that has it");
}

// The monitor keeps one descriptor for each; what the program may open is set from the plan.
void make_room(std::size_t sockets) {
  rlimit limit{};
  const rlim_t wanted = sockets + 256;
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<std::vector<Fd>> reserve(const record::Roots& roots, std::vector<spec::PublishedPort>& ports) {
  make_room(ports.size());
  std::vector<Fd> out;
  for (auto& port : ports) {
    SECURE_LET(address, net::parse_address(port.host_address));
    // Nothing makes the kernel route a reply from a container back to ::1, see docs/network.md.
    if (address.family == AF_INET6 && address.loopback())
      return fail(Stage::network, "PORT_REFUSED", 0, "nothing can be published on ::1 (" + text(port) + ")",
                  "publish on 127.0.0.1, or on an IPv6 address of one of the host's interfaces");
    SECURE_LET(socket, bound(roots, port, address));
    if (port.host_port == 0) {
      sockaddr_storage chosen{};
      socklen_t size = sizeof chosen;
      if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&chosen), &size) < 0) return refused(port, errno);
      // At the same place in both families.
      port.host_port = ntohs(reinterpret_cast<const sockaddr_in*>(&chosen)->sin_port);
    }
    out.push_back(std::move(socket));
  }
  return out;
}

}  // namespace secure::ports
