// SPDX-License-Identifier: Apache-2.0
// Signalling containers and waiting for them, always through pidfds: a pid that was given to another process is
// never touched.
#pragma once

#include <optional>

#include "record.h"

namespace secure::record {

// pidfd of exactly this process: PROCESS_GONE when the pid is free or somebody else's by now.
Result<Fd> open_process(pid_t pid, std::uint64_t start);
// Until it has ended; `timeout_ms` -1 for ever. True when it has.
bool wait_process(int pidfd, int timeout_ms);
// How it ended, from the kernel (PIDFD_GET_INFO, Linux 6.15): 0..255, 128+n on a signal. For a process that is not our
// child, after it was reaped.
std::optional<int> exit_of(int pidfd);

// Its monitor will not start it again, whatever its restart policy: written before anything is killed, looked at by the monitor
// after each end and, with the new process already recorded, right before each start. So either the monitor sees the request, or
// who asked sees the process.
Status request_stop(const Roots& roots, const std::string& id);
bool stop_requested(const Roots& roots, const std::string& id);

// To the container's first process. SIGKILL and its stop signal are requests to stop as well. CONTAINER_NOT_RUNNING.
Status send_signal(const Roots& roots, const std::string& id, int signal);

// Stop signal, `seconds` of patience (absent: as configured), then SIGKILL to all of it. Returns when the state is
// final, that is when the monitor has recorded the end or is gone itself. A container that has ended is no error.
Status stop(const Roots& roots, const std::string& id, std::optional<unsigned> seconds);

// The exit code, when the container ends or from its record. A container that is removed as it ends still
// has one where the kernel tells (exit_of). CONTAINER_DEAD when nobody knows.
Result<int> wait(const Roots& roots, const std::string& id);

// SIGKILL to every process of it; then its monitor gets 5 s to record the end before it is killed too.
Status kill_now(const Roots& roots, const State& state);
// A monitor that waits for the moment of a restart looks around.
void wake_monitor(const State& state);
// Wait for the monitor, at most 5 s, then kill it. Not for ourselves.
void end_monitor(const State& state);

}  // namespace secure::record
