// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/un.h>

namespace secure {

// Of the socket `name` in a directory. An address has 108 bytes; through the directory's descriptor it always fits. It has a path: an
// abstract one would be open to every process of the network namespace (CVE-2020-15257).
sockaddr_un address_in(int dir, const char* name);

}  // namespace secure
