// SPDX-License-Identifier: Apache-2.0
// What the confined processes of an extraction say to the one that started them, and its only answers. The
// receiver treats them as hostile: they have read the archive.
#pragma once

#include <cstdint>
#include <string>

#include "extract.h"
#include "fd.h"
#include "result.h"

namespace secure::extract {

enum class Say : unsigned char {
  ready = 1,   // in its namespaces: ids may be mapped
  go,          // the answer
  note,        // number: Note, text: path
  opaque,      // fd: a directory to be marked opaque
  answer,      // to opaque; number: errno or 0
  error,
  done,        // number: entries
};

struct Message {
  Say say = Say::error;
  std::uint64_t number = 0;
  std::string text;  // may hold any byte but NUL
  Error error;       // for Say::error; printable ASCII only
  Fd fd;
};

// All over a SOCK_SEQPACKET pair, as sync::channel makes one.
Status send(int sock, Say say, std::uint64_t number = 0, const std::string& text = {}, int fd = -1);
Status send_error(int sock, const Error& error);
// CHANNEL_CLOSED when the peer is gone.
Result<Message> receive(int sock);
Result<Message> expect(int sock, Say expected);

}  // namespace secure::extract
