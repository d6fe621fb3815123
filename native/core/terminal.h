// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "fd.h"
#include "result.h"

namespace secure::terminal {

struct Pair {
  Fd master, peer;
};

// A new terminal of the container's own devpts below `root` ("/dev/pts"), owned by `uid`. Taken by TIOCGPTPEER and
// checked to be devpts: a path such as /dev/pts/0 could be exchanged (CVE-2025-52565).
Result<Pair> create(int root, unsigned uid);

// Whether "\n" goes out as "\r\n". Off in what create() makes; whoever receives a terminal expects the kernel's default, on.
void translate_line_ends(int terminal, bool on);

// Rows and columns (config.md#process, consoleSize); nothing: as it is.
Status resize(const Fd& master, const std::optional<std::pair<unsigned, unsigned>>& size);

// Bind the terminal on /dev/console of the root.
Status bind_console(int root, const Fd& peer);

// Make `peer` the controlling terminal and standard input, output and error. Needs to lead a session.
Status adopt(const Fd& peer);

}  // namespace secure::terminal
