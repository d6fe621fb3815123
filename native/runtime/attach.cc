// SPDX-License-Identifier: Apache-2.0
#include "attach.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

#include "socket_address.h"
#include "sync.h"

namespace secure::runtime::attach {

namespace {

constexpr char kName[] = "attach";

Result<Fd> directory(const record::Roots& roots, const std::string& id, bool create) {
  if (create) return record::run_directory(roots, id);
  return open_nofollow(AT_FDCWD, roots.run + "/containers/" + id, O_PATH | O_DIRECTORY);
}

// The mode of the directory should keep everybody else out. Should.
bool trusted(int sock) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == 0 || peer.uid == ::geteuid());
}

}  // namespace

Result<Fd> listen(const record::Roots& roots, const std::string& id) {
  SECURE_LET(dir, directory(roots, id, true));
  Fd sock(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_in(dir.get(), kName);
  (void)::unlinkat(dir.get(), kName, 0);
  const mode_t before = ::umask(0177);
  const bool bound = sock.valid() && ::bind(sock.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int err = errno;
  (void)::umask(before);
  if (!bound || ::listen(sock.get(), 4) < 0)
    return fail(Stage::monitor, "SOCKET_FAILED", bound ? errno : err, "make the socket to attach to container " + id);
  return sock;
}

Result<Fd> connect(const record::Roots& roots, const std::string& id) {
  const auto none = [&](int err) {
    return fail(Stage::monitor, "NOT_ATTACHABLE", err, "nobody serves the streams of container " + id,
                "only a container that was started with -d and still runs can be attached to");
  };
  auto dir = directory(roots, id, false);
  if (!dir) return none(dir.error().err);
  Fd sock(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_in(dir->get(), kName);
  if (!sock.valid() || ::connect(sock.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return none(errno);
  if (!trusted(sock.get())) return none(EPERM);
  return sock;
}

int send(int sock, Kind kind, std::string_view data) {
  const auto type = static_cast<unsigned char>(kind);
  iovec parts[2] = {{const_cast<unsigned char*>(&type), 1}, {const_cast<char*>(data.data()), data.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  ssize_t n;
  do {
    n = ::sendmsg(sock, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  return n < 0 ? errno : 0;
}

bool receive(int sock, std::span<char> buffer, Message& out) {
  const ssize_t n = sync::hear(sock, buffer, MSG_DONTWAIT).size;
  if (n == 0) errno = EPIPE;
  if (n <= 0) return false;
  out = {static_cast<Kind>(buffer[0]), std::string_view(buffer.data() + 1, static_cast<std::size_t>(n) - 1)};
  return true;
}

std::size_t Clients::fill(std::span<pollfd> polls, bool input) const {
  std::size_t n = 0;
  polls[n++] = {clients_.size() < kMostClients ? listener_.get() : -1, POLLIN, 0};
  for (const auto& client : clients_) polls[n++] = {client.sock.get(), static_cast<short>(input ? POLLIN : 0), 0};
  return n;
}

void Clients::accept() {
  Fd sock(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!sock.valid() || !trusted(sock.get())) return;
  clients_.push_back({std::move(sock), 0});
  const char flags = static_cast<char>(flags_);
  if (!deliver(clients_.back(), Kind::hello, std::string_view(&flags, 1))) clients_.pop_back();
}

bool Clients::deliver(Client& client, Kind kind, std::string_view data) {
  const auto gone = [](int err) { return err != 0 && err != EAGAIN && err != ENOBUFS && err != ENOMEM; };
  if (client.lost > 0) {
    const int err = send(client.sock.get(), Kind::lost, std::string_view(reinterpret_cast<const char*>(&client.lost), sizeof client.lost));
    if (gone(err)) return false;
    if (err == 0) client.lost = 0;
  }
  while (client.lost == 0 && !data.empty()) {
    const std::string_view piece = data.substr(0, kMostData);
    const int err = send(client.sock.get(), kind, piece);
    if (gone(err)) return false;
    if (err != 0) break;
    data.remove_prefix(piece.size());
  }
  client.lost += data.size();
  return true;
}

void Clients::broadcast(Kind kind, std::string_view data) {
  std::erase_if(clients_, [&](Client& client) { return !deliver(client, kind, data); });
}

void Clients::drop(int fd) {
  std::erase_if(clients_, [&](const Client& client) { return client.sock.get() == fd; });
}

}  // namespace secure::runtime::attach
