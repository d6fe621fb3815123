// SPDX-License-Identifier: Apache-2.0
// Between a container's monitor and whoever attaches to it: a SOCK_SEQPACKET socket in the container's directory of running
// state, one packet per message, the first byte says what it is. It has a path, so the directory's mode guards it; an abstract
// one would be open to every process of the network namespace (CVE-2020-15257).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fd.h"
#include "record.h"
#include "result.h"

struct pollfd;

namespace secure::runtime::attach {

enum class Kind : unsigned char {
  hello = 'H',   // monitor: one byte of flags
  out = 'O',     // monitor: output
  err = 'E',     // monitor: output
  lost = 'L',    // monitor: bytes that this client was too slow for, a uint64_t
  exit = 'X',    // monitor: exit code, one byte; then the socket closes
  input = 'I',   // client
  window = 'W',  // client: rows and columns, two uint16_t
};
inline constexpr unsigned char kTerminal = 1, kStdin = 2;  // flags of hello
inline constexpr std::size_t kMostData = 8192;
inline constexpr std::size_t kMostClients = 16;

Result<Fd> listen(const record::Roots& roots, const std::string& id);
// NOT_ATTACHABLE when there is no monitor that listens.
Result<Fd> connect(const record::Roots& roots, const std::string& id);

// Never waits. EAGAIN: the other side does not keep up.
int send(int sock, Kind kind, std::string_view data);

struct Message {
  Kind kind;
  std::string_view data;  // in the caller's buffer
};
// One packet into `buffer` (kMostData + 1 bytes); nothing when there is none (errno EAGAIN) or the other side is gone.
bool receive(int sock, std::span<char> buffer, Message& out);

// The monitor's side. Nothing is buffered for a client beyond its socket, so none can make the monitor grow or wait.
class Clients {
 public:
  Clients() = default;
  Clients(Fd listener, bool terminal, bool stdin_open) : listener_(std::move(listener)), flags_(static_cast<unsigned char>((terminal ? kTerminal : 0) | (stdin_open ? kStdin : 0))) {}
  // The listener and every client; `input` false: only who leaves is heard.
  std::size_t fill(std::span<pollfd> polls, bool input) const;
  void accept();
  void broadcast(Kind kind, std::string_view data);
  void drop(int fd);
  [[nodiscard]] int listener() const { return listener_.get(); }
  [[nodiscard]] int release_listener() { return listener_.release(); }

 private:
  struct Client {
    Fd sock;
    std::uint64_t lost = 0;
  };
  bool deliver(Client& client, Kind kind, std::string_view data);  // false: gone
  Fd listener_;
  unsigned char flags_ = 0;
  std::vector<Client> clients_;
};

}  // namespace secure::runtime::attach
