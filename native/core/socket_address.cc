// SPDX-License-Identifier: Apache-2.0
#include "socket_address.h"

#include <sys/socket.h>

#include <cstring>
#include <string>

namespace secure {

sockaddr_un address_in(int dir, const char* name) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(dir) + "/" + name;
  std::memcpy(out.sun_path, path.c_str(), path.size() + 1);
  return out;
}

}  // namespace secure
