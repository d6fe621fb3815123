// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace secure::stream_owner {

// Give standard streams that are pipes or sockets of the caller to the user who will run the program, as runc and crun do: /dev/stdout could not be
// opened otherwise. Files, terminals and devices stay whose they are. What cannot be given away, because the user namespace does not
// map its owner, is not.
void give_to(std::uint32_t uid, std::uint32_t gid);

}  // namespace secure::stream_owner
