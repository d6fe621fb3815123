// SPDX-License-Identifier: Apache-2.0
// What the monitor of a detached container has to know, as plain bytes: it hands them to itself over execve(2). A start
// touches a megabyte of heap, stack and parsed plan; the image that waits for years afterwards is a fresh one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "fd.h"
#include "log.h"
#include "record.h"
#include "spec.h"
#include "streams.h"

namespace secure::runtime {

struct Watched {
  enum class Phase : unsigned char { watch, restart };

  char id[136];
  char state_root[1024], run_root[1024], log_path[1280];
  log::Format log_format;
  std::uint64_t log_max_bytes;
  unsigned log_max_files;
  bool remove, stdin_open, has_health;
  bool ending;  // somebody told the monitor itself to end
  spec::Restart restart;
  unsigned restart_limit;
  unsigned health_interval, health_timeout, health_start_period, health_start_interval;  // ms
  unsigned health_retries;
  Phase phase;
  pid_t pid;
  int pidfd, in, out, err, terminal, listener;
  unsigned restarts, backoff;    // ms
  std::uint64_t started, until;  // ms of CLOCK_BOOTTIME
  int last_code;
  std::uint32_t port_count;
};

std::uint64_t clock_ms();

// PATH_TOO_LONG.
Result<Watched> describe_watched(const record::Roots& roots, const std::string& id, const spec::Extension& ext, const log::Settings& log);
record::Roots roots_of(const Watched& watched);

// The descriptors of a run, from a session and back.
void keep_session(Watched& watched, Session& session);
// A log that cannot be opened is done without: it must not be the container's trouble.
Session session_of(const Watched& watched);

// Become a fresh image of this program that goes on with `watched`. Returns only on failure.
Error hand_to_self(Watched watched, const std::vector<Fd>& ports);

// argv of that image: "secure-monitor", the id for whoever reads ps(1), and a descriptor.
inline constexpr char kMonitorName[] = "secure-monitor";
int monitor_main(int argc, char** argv);
// From here on: watch, start again as often as the plan says, record the end. For whoever could not hand over.
int monitor(Watched& watched, std::vector<Fd> ports);

}  // namespace secure::runtime
