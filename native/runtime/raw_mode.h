// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <termios.h>

namespace secure::runtime {

// The user's terminal in raw mode while the container has one of its own.
class RawMode {
 public:
  explicit RawMode(bool wanted);
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  ~RawMode();

 private:
  termios saved_{};
  bool active_ = false;
};

}  // namespace secure::runtime
