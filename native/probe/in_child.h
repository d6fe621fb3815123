// SPDX-License-Identifier: Apache-2.0
// Whatever a seccomp filter may kill for, or make wait for ever, runs in a child: its death is an answer.
#pragma once

#include <cstddef>
#include <span>

namespace secure::isolation {

struct Ended {
  enum class How { answered, killed, timeout, failed } how = How::failed;
  int number = 0;         // killed: the signal; failed: errno, or 0 where the child ended without a word
  std::size_t size = 0;   // of the answer
};

// What the parent may use without being killed itself; found out by children at the start.
struct Allowed {
  bool poll = false;             // without it a child has no time limit but the whole program's
  bool parent_death_signal = false;
  bool alarm = false;
};

// Runs `work(argument, answer)` in a child; what it returns of `answer` is copied into the one here, if the child then ends by itself.
// The child gets no descriptor of the parent's but the three first ones, and a session of its own is up to it.
Ended in_child(std::size_t (*work)(const void* argument, std::span<char> answer), const void* argument, std::span<char> answer, int milliseconds);

// Ask children what the parent may do, and set a time for the whole program. Before anything else.
Allowed settle(unsigned seconds);

}  // namespace secure::isolation
