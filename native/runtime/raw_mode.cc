// SPDX-License-Identifier: Apache-2.0
#include "raw_mode.h"

#include <unistd.h>

namespace secure::runtime {

RawMode::RawMode(bool wanted) {
  if (!wanted || ::tcgetattr(STDIN_FILENO, &saved_) < 0) return;
  termios raw = saved_;
  ::cfmakeraw(&raw);
  // Line ends are this terminal's matter: the container's leaves them as they are.
  raw.c_oflag |= OPOST;
  active_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

RawMode::~RawMode() {
  if (active_) (void)::tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_);
}

}  // namespace secure::runtime
