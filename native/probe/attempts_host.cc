// SPDX-License-Identifier: Apache-2.0
// What would change the machine: asked with arguments that are refused behind the permission check.
#include <linux/reboot.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>

#include "attempts.h"

namespace secure::isolation {

namespace {

// A tick of nothing: EINVAL behind CAP_SYS_TIME (timekeeping_validate_timex).
void clock_adjust(Answer& answer) {
  timex change{};
  change.modes = ADJ_TICK;
  change.tick = 0;
  answer.settle(::syscall(SYS_adjtimex, &change), {EINVAL});
}

// No time and a zone that is further away than there is: EINVAL behind CAP_SYS_TIME. A time that is invalid would be refused before it.
void clock_set(Answer& answer) {
  struct timezone zone {};
  zone.tz_minuteswest = 10'000;
  answer.settle(::syscall(SYS_settimeofday, nullptr, &zone), {EINVAL});
}

// A length below zero: EINVAL behind CAP_SYS_ADMIN over the uts namespace.
void host_name(Answer& answer) { answer.settle(::syscall(SYS_sethostname, "", -1L), {EINVAL}); }

// Without the magic numbers: EINVAL behind CAP_SYS_BOOT, and nothing else (reboot(2)).
void restart(Answer& answer) { answer.settle(::syscall(SYS_reboot, 0, 0, 0, nullptr), {EINVAL}); }

// A path that cannot be read: EFAULT behind CAP_SYS_ADMIN.
void swap(Answer& answer) { answer.settle(::syscall(SYS_swapon, nullptr, 0), {EFAULT}); }

}  // namespace

std::span<const Attempt> host_attempts() {
  static constexpr Attempt kAttempts[] = {
      {"clock-adjust", "adjtimex", clock_adjust}, {"clock-set", "settimeofday", clock_set}, {"host-name", "sethostname", host_name},
      {"reboot", "reboot", restart},              {"swapon", "swapon", swap},
  };
  return kAttempts;
}

}  // namespace secure::isolation
