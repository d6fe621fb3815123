// SPDX-License-Identifier: Apache-2.0
#include "host.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "caps.h"
#include "landlock.h"

namespace secure::host {

namespace {

struct Action {
  const char* name;
  std::uint32_t value;
};
constexpr Action kActions[] = {
    {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS}, {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
    {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},                 {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO},
    {"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF},         {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
    {"SCMP_ACT_LOG", SECCOMP_RET_LOG},                   {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
};

bool action_available(std::uint32_t action) {
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

// A call with arguments that are refused before anything happens. ENOSYS: the kernel has no such call, or a filter
// around us pretends so, which comes to the same.
template <typename... Args>
bool known(long number, Args... args) {
  errno = 0;
  const long result = ::syscall(number, args...);
  if (result >= 0) ::close(static_cast<int>(result));
  return errno != ENOSYS;
}

}  // namespace

Facts facts() {
  Facts out;
  out.euid = ::geteuid();
  out.landlock_abi = landlock::abi();
  out.last_cap = caps::last();
  for (const auto& action : kActions)
    if (action_available(action.value)) out.seccomp_actions.emplace_back(action.name);
  out.seccomp_filter = !out.seccomp_actions.empty();
  out.openat2 = known(SYS_openat2, -1, "", nullptr, 0L);
  out.clone3 = known(SYS_clone3, nullptr, 0L);
  out.pidfd = known(SYS_pidfd_open, -1, 0);
  out.mount_api = known(SYS_open_tree, -1, "", 0) && known(SYS_move_mount, -1, "", -1, "", 0) &&
                  known(SYS_fsopen, nullptr, ~0U) && known(SYS_mount_setattr, -1, "", 0, nullptr, 0L);
  out.close_range = known(SYS_close_range, ~0U, 0U, 0U);
  return out;
}

}  // namespace secure::host
