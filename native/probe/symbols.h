// SPDX-License-Identifier: Apache-2.0
// ENOSYS says that the kernel has no such call, or that a filter says so. The names of the kernel's functions tell: a call that was left out
// when it was built is there as a weak symbol (kernel/sys_ni.c), one that is there as a strong one.
#pragma once

#include <span>

#include "attempts.h"

namespace secure::isolation {

// Who says ENOSYS.
enum class Origin : unsigned char { unknown, filter, kernel };
std::string_view word_of(Origin origin);

class Symbols {
 public:
  // /proc/kallsyms, in a child; where it cannot be read every origin is unknown.
  void read(std::span<const std::span<const Attempt>> attempts);
  [[nodiscard]] Origin origin(std::string_view call) const;

  // One line of the file, for the table. Public for tests.
  void note(std::string_view line);
  // Makes room for a name. False: there is none left.
  bool want(std::string_view call);

 private:
  static constexpr std::size_t kMost = 64;
  struct Entry {
    std::string_view call;
    Origin origin = Origin::unknown;
  };
  static std::size_t scan(const void* self, std::span<char> answer);

  Entry entries_[kMost]{};
  std::size_t count_ = 0;
};

}  // namespace secure::isolation
