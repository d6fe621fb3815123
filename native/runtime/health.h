// SPDX-License-Identifier: Apache-2.0
// Asking a container whether it works. A probe is a child of the monitor, which lives as long as one question: it reads the plan, runs
// the command inside with the container's own confinement, and writes the answer beside the running state. So the monitor keeps nothing.
#pragma once

#include <string>

#include "fd.h"
#include "watched.h"

namespace secure::runtime::health {

enum class Status : unsigned char { starting, healthy, unhealthy };

struct Answer {
  std::string start, end, output;  // the first 4 KiB
  int exit_code = 0;               // -1: it was not done in time
};

// The object {"status","failingStreak","log":[{"start","end","exitCode","output"}]} after one more answer: the last five are kept. Failures in
// the start period do not count until one success. Anything that cannot be read as `before` is the beginning.
std::string after(const std::string& before, const Answer& answer, unsigned retries, bool in_start_period);
Status status_of(const std::string& json);
std::string first();  // nothing asked yet

// Failures do not count yet.
bool in_start_period(const Watched& watched);
// One more answer to those of the container.
bool record_answer(const Watched& watched, const Answer& answer);

// When to ask, and the child that does. Without a health check it never does anything.
class Check {
 public:
  explicit Check(const Watched& watched);
  ~Check() { stop(); }
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;
  [[nodiscard]] int watched_fd() const { return probe_.get(); }
  [[nodiscard]] int wait_ms() const;  // until step() has something to do; -1: nothing
  void step();
  void stop();  // kills a probe that is under way

 private:
  void begin();
  void finish();
  void give_up();
  const Watched& w_;
  Fd probe_;
  pid_t pid_ = 0;
  std::uint64_t next_ = 0, deadline_ = 0;  // ms
};

// The child.
int probe(const Watched& watched);

}  // namespace secure::runtime::health
