// SPDX-License-Identifier: Apache-2.0
// The confined processes of an extraction.
#pragma once

#include <sys/types.h>

#include "confine.h"
#include "extract.h"
#include "fd.h"
#include "result.h"

namespace secure::extract {

// A started process: killed and reaped when this goes.
class Worker {
 public:
  Worker(pid_t pid, Fd channel) : pid_(pid), channel_(std::move(channel)) {}
  Worker(Worker&& other) noexcept : pid_(std::exchange(other.pid_, -1)), channel_(std::move(other.channel_)) {}
  Worker& operator=(Worker&&) = delete;
  ~Worker();
  [[nodiscard]] int channel() const { return channel_.get(); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Why it is gone, for when its channel is closed without a last word: EXTRACTOR_DIED.
  Error obituary();

 private:
  pid_t pid_;
  Fd channel_;
};

// Decompresses `layer` into the pipe `out`. Its last message is done or an error.
Result<Worker> start_decompressor(int layer, int out, const Limits& limits, bool require_landlock);

// Unpacks the archive from the pipe `in` into `target`. It says notes and asks for opaque directories; its last message
// is done or an error.
Result<Worker> start_extractor(int in, int target, const Options& options, bool require_landlock);

}  // namespace secure::extract
