// SPDX-License-Identifier: Apache-2.0
// What whoever starts a container gets of it: its terminal, its pidfd, its pid.
#pragma once

#include <sys/types.h>

#include <string>

#include "fd.h"
#include "result.h"

namespace secure::runtime {

// Over a stream socket that `path` names: one message with a name and the descriptor beside it, as runc does.
Status send_terminal(const std::string& path, const Fd& terminal);
Status send_descriptor(const std::string& path, const Fd& fd);

// The pid as text, whole or not at all.
Status write_pid_file(const std::string& path, pid_t pid);

}  // namespace secure::runtime
