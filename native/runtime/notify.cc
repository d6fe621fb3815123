// SPDX-License-Identifier: Apache-2.0
#include "notify.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "socket_address.h"
#include "warning.h"

namespace secure::runtime::notify {

namespace {

constexpr const char* kDirectory = "notify";

Error failed(const std::string& what, const std::string& hint = {}) { return fail(Stage::state, "NOTIFY_FAILED", errno, what, hint); }

bool address_of(const std::string& path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  path.copy(address.sun_path, path.size());
  return true;
}

void tell(const std::string& host) {
  constexpr std::string_view kReady = "READY=1";
  sockaddr_un address;
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const bool fits = address_of(host, address);
  if (!fits || !socket.valid() || ::sendto(socket.get(), kReady.data(), kReady.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
    warning::emit("the service manager could not be told that the container is ready: " + host + (fits ? std::string(": ") + std::strerror(errno) : " is too long"));
}

bool says_ready(std::string_view message) {
  while (!message.empty()) {
    const std::size_t end = message.find('\n');
    if (message.substr(0, end) == "READY=1") return true;
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
  }
  return false;
}

}  // namespace

std::string wanted() {
  const char* path = ::secure_getenv("NOTIFY_SOCKET");
  // An abstract one has no place in a file system.
  return path != nullptr && *path == '/' ? path : "";
}

Status prepare(int state_dir, const std::string& path, spec::Spec& spec) {
  const std::string host = wanted();
  if (host.empty()) return Ok{};
  if (::mkdirat(state_dir, kDirectory, 0755) < 0) return failed("make the directory of the container's notify socket");
  spec.mounts.push_back({host, "bind", path + "/" + kDirectory, {"bind", "private", "nosuid", "nodev", "noexec", "ro"}, {}, {}, "NOTIFY_SOCKET"});
  std::erase_if(spec.process.env, [](const std::string& entry) { return entry.starts_with("NOTIFY_SOCKET="); });
  spec.process.env.push_back("NOTIFY_SOCKET=" + host + "/" + kDirectory);
  return Ok{};
}

Result<Relay> listen(int state_dir) {
  Relay out;
  out.host = wanted();
  if (out.host.empty()) return out;
  Fd dir(::openat(state_dir, kDirectory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir.valid()) {
    if (errno == ENOENT) return out;
    return failed("open the directory of the container's notify socket");
  }
  const sockaddr_un address = address_in(dir.get(), kDirectory);
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid() || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return failed("make the container's notify socket");
  // Whoever is in the container may speak; nobody else can get there.
  if (::fchmodat(dir.get(), kDirectory, 0666, 0) < 0) return failed("open the container's notify socket to its users");
  out.socket = std::move(socket);
  return out;
}

void pass_on(Relay& relay) {
  char text[4096];
  // A bounded number: whoever floods it must not keep us from the rest.
  int rounds = 64;
  for (ssize_t n; rounds-- > 0 && relay.socket.valid() && ((n = ::recv(relay.socket.get(), text, sizeof text, 0)) >= 0 || errno == EINTR);) {
    if (relay.ready || n <= 0 || !says_ready({text, static_cast<std::size_t>(n)})) continue;
    relay.ready = true;
    tell(relay.host);
  }
}

void wait(Relay& relay, int pidfd) {
  while (relay.socket.valid() && !relay.ready) {
    pollfd p[2] = {{relay.socket.get(), POLLIN, 0}, {pidfd, POLLIN, 0}};
    if (::poll(p, 2, -1) < 0 && errno != EINTR) return;
    pass_on(relay);
    if (p[1].revents != 0) return;
  }
}

}  // namespace secure::runtime::notify
