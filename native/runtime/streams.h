// SPDX-License-Identifier: Apache-2.0
// The pipes or the terminal between a container and whoever started it.
#pragma once

#include "container.h"
#include "fd.h"
#include "log.h"
#include "notify.h"
#include "result.h"
#include "spec.h"

namespace secure::runtime {

// The host's ends. A container never gets our own descriptors: a terminal could be typed into
// (TIOCSTI), a file reopened through /proc/self/fd.
struct HostEnds {
  Fd in, out, err;  // pipes
  Fd terminal;      // instead of all three
};

struct Wiring {
  container::Streams container;
  HostEnds host;
};

// Pipes owned by the container's user, so that it may reopen /dev/stdout (an image's usual log file).
// Standard input is /dev/null unless `stdin_open`.
Result<Wiring> wire(bool stdin_open, const spec::Spec& spec, const spec::Process& process);

// What supervise() watches.
struct Session {
  pid_t pid = 0;
  int pidfd = -1;
  HostEnds ends;
  log::Writer log;
  bool attached = false;    // foreground: copy to and from our own standard streams
  bool stdin_open = false;
  notify::Relay* notify = nullptr;
};

// Copy streams, forward signals, resize the terminal, until the process has ended and its output is drained. Returns the
// exit code: its own, or 128 + signal.
int supervise(Session& session);

// Block the signals that supervise() forwards, so that none is lost before it runs.
void block_signals();

}  // namespace secure::runtime
