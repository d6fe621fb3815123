// SPDX-License-Identifier: Apache-2.0
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp.h"
#include "warning.h"

namespace secure::seccomp {

namespace {

Error load_error(int err) {
  const char* hint = err == EACCES   ? "needs no_new_privs or CAP_SYS_ADMIN in the user namespace"
                     : err == ENOSYS ? "the kernel has no seccomp, or an outer filter refuses it"
                     : err == EBUSY  ? "an outer filter already has a listener"
                     : err == ENOMEM ? "the filters of this process are too long together"
                                     : "";
  return fail(Stage::seccomp, "SECCOMP_LOAD_FAILED", err, "load the filter", hint);
}

long set_filter(const std::vector<sock_filter>& code, unsigned flags) {
  if (code.empty() || code.size() > BPF_MAXINSNS) {
    errno = EINVAL;
    return -1;
  }
  // The kernel copies the instructions and never writes to them.
  sock_fprog prog{static_cast<unsigned short>(code.size()), const_cast<sock_filter*>(code.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

// Returns the listener or 0; -1 with errno. The policy's comes first: the container's own may refuse that there is another one.
long set_filter(const Program& program, unsigned flags) {
  if (!program.outer.empty())
    if (const long result = set_filter(program.outer, 0); result < 0 || program.code.empty()) return result;
  return set_filter(program.code, flags);
}

// Waiting killably is only valid with a listener; a recorder's profile stays usable without one.
unsigned flags_alone(const Program& program) { return program.flags & ~static_cast<unsigned>(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV); }

unsigned flags_with_listener(const Program& program) {
  const unsigned flags = program.flags | SECCOMP_FILTER_FLAG_NEW_LISTENER;
  // Without it, TSYNC's thread id could not be told from a descriptor.
  return (flags & SECCOMP_FILTER_FLAG_TSYNC) != 0 ? flags | SECCOMP_FILTER_FLAG_TSYNC_ESRCH : flags;
}

}  // namespace

void tell(const Program& program) {
  if (warning::debugging()) warning::debug("seccomp filter flags: " + std::to_string(program.notify ? flags_with_listener(program) : flags_alone(program)));
}

Status load(const Program& program) {
  if (program.notify)
    return fail(Stage::seccomp, "SECCOMP_NO_LISTENER", 0, "the profile uses SCMP_ACT_NOTIFY and nobody listens",
                "replace SCMP_ACT_NOTIFY, or record with a listener");
  return load_without_listener(program);
}

Status load_without_listener(const Program& program) {
  const long result = set_filter(program, flags_alone(program));
  if (result < 0) return load_error(errno);
  // With TSYNC: the id of a thread that has filters of its own, and nothing was loaded.
  if (result > 0) return load_error(ESRCH);
  return Ok{};
}

Result<Fd> load_with_listener(const Program& program) {
  const long result = set_filter(program, flags_with_listener(program));
  if (result < 0) return load_error(errno);
  return Fd(static_cast<int>(result));
}

}  // namespace secure::seccomp
