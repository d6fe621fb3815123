// SPDX-License-Identifier: Apache-2.0
// On the host: a copy of this program where a container sees it, for as long as it is needed.
#pragma once

namespace secure::isolation {

// Copies this program to a tmpfs of the file system that process `pid` has, prints the path that it has inside, and waits until standard input
// ends; then the copy is removed, whoever has ended meanwhile. Exit code: 0, or 3 where there is no place for it, with a line on stderr.
int place(const char* pid, const char* name);

}  // namespace secure::isolation
