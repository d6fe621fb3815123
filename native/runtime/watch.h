// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attach.h"
#include "streams.h"
#include "watched.h"

namespace secure::runtime {

// A detached container until it has ended and what it wrote is in its log: copies its output to the log and to whoever is attached,
// their input to it, and has it asked whether it works. Returns the exit code, its own or 128 + signal. `watched.ending` is set when
// somebody told the monitor itself to end.
int watch(Watched& watched, Session& session, attach::Clients& clients);

// The signals that block_signals() blocks.
sigset_t forwarded_signals();

// Bytes that are still in a pipe whose writer has ended; a pipe that has none is closed. What comes later is from somebody
// whom the program left behind, and is not waited for.
void note_rest(Fd& pipe, int& left);

// Exit code of a child that has ended or is about to; 125 when it is none of ours.
int reap(pid_t pid);

}  // namespace secure::runtime
