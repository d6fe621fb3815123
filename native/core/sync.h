// SPDX-License-Identifier: Apache-2.0
// The channel between the host side and the container side of a start: one datagram per
// message, descriptors beside it. End of file is the sign that execve(2) succeeded, since
// every end in the container is close-on-exec.
#pragma once

#include <sys/types.h>

#include <span>
#include <utility>

#include "fd.h"
#include "result.h"

namespace secure::sync {

enum class Kind : unsigned char {
  root = 'R',     // host -> container: ids are mapped, here is the root mount
  source = 'S',   // host -> container: a bind source that takes the place of the one planned
  joined = 'J',   // host -> container: the host has done its part
  terminal = 'T', // container -> host: the master side of the terminal
  error = 'E',    // container -> host: the start failed
  pid = 'P',      // joiner -> host: pid and pidfd of the process made in the container
  clocks = 'C',   // container -> host: there is a time namespace; host -> container: its clocks are set
  map = 'M',      // container -> host: a source whose ids are to be mapped; host -> container: they are
  built = 'B',    // container -> host: the tree is mounted, the hooks of the host may run
  ready = 'Y',    // container -> host: only the start is missing
  executing = 'X',  // container -> host: all is set, execve(2) is next
};

struct Message {
  Kind kind = Kind::error;
  int number = 0;   // exit code for an error, a pid, else 0
  Error error;      // for Kind::error
  Fd fd;
};

Result<std::pair<Fd, Fd>> channel();

struct Heard {
  ssize_t size = 0;  // as of recvmsg(2): 0 at the end, -1 with errno
  Fd fd;             // that came beside it; invalid: none
  bool cut = false;  // it was longer than the buffer
};
// One message of a connected socket of the UNIX domain, to the end of what the other side has said: one that closes with
// something of ours unread makes ECONNRESET come first, once.
Heard hear(int sock, std::span<char> buffer, int flags = 0);

Status send(int sock, Kind kind, int fd = -1, int number = 0);
// Never fails loudly: it is the last thing a dying start does.
void send_error(int sock, const Error& error, int exit_code);

// Next message. Kind::error of the peer is returned as a message; end of file is CHANNEL_CLOSED.
Result<Message> receive(int sock);
// As receive, but a peer's error or any other kind than `expected` is an error here.
Result<Message> expect(int sock, Kind expected);

}  // namespace secure::sync
