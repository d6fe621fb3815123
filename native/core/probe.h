// SPDX-License-Identifier: Apache-2.0
// Is a live process confined by Landlock? Nothing in /proc shows a Landlock domain, so the process itself is asked: its main
// thread is stopped for a moment (its own six turns on a processor) and made to open its own /proc/self/comm for writing, which
// its user may do and the mount allows, so that only a Landlock domain (or another LSM) refuses it with EACCES.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "spec.h"

namespace secure::probe {

struct Answer {
  std::optional<bool> in_force;  // nothing: could not be told, `actual` says why
  std::string actual, evidence;
};

struct Options {
  unsigned timeout_ms = 2000;  // to stop the process
  bool settle = false;         // see Tracer; forced on where the processor needs it
};

// Whether the planned rules refuse what the probe tries; when they allow it the probe cannot tell anything.
bool covered(const spec::Landlock& planned);

// Probe process `pid`, whose start time (field 22 of /proc/PID/stat) is `start`; another one under this pid is not touched.
// Needs CAP_SYS_PTRACE over it. Never signals, kills or leaves it stopped; see Tracer for what is guaranteed.
Answer landlock(pid_t pid, std::uint64_t start, const Options& options = {});

}  // namespace secure::probe
