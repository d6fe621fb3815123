// SPDX-License-Identifier: Apache-2.0
// The program's environment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace secure::environment {

// Pointers into `entries`, without a terminator: each name once, at its first place, with its last value. An empty HOME is left out: it is
// to be found in the container (find_home()).
std::vector<char*> unique(const std::vector<std::string>& entries, bool& has_home);

// The home directory of `uid` in /etc/passwd of the caller's root, "/" when there is none. The file is the image's: it is read only if it
// is a regular file, without waiting and up to a limit, as it may be a FIFO or a link to an endless device (CVE-2024-9676).
std::string find_home(std::uint32_t uid);

// The same on text; empty when there is none.
std::string home_in(std::string_view passwd, std::uint32_t uid);

}  // namespace secure::environment
