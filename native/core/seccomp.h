// SPDX-License-Identifier: Apache-2.0
// The one seccomp compiler: OCI seccomp (runtime-spec "linux.seccomp") to classic BPF.
//
// What a profile means here, where the specification leaves it open:
//   - A rule whose action is the default action is dropped, as runc and crun do.
//   - A rule without conditions decides its syscall alone; of several the first counts (libseccomp).
//   - Of several conditional rules that match, the strictest counts, in the kernel's own order:
//     kill process, kill thread, trap, errno, notify, trace, log, allow.
//   - All conditions of a rule must hold, but of several SCMP_CMP_EQ on one argument one is enough: together no call could fulfil
//     them. Other conditions on one argument, such as the ends of a range, must all hold (runc and crun take any of them, which
//     allows all values).
//   - An argument that the kernel truncates is compared as the kernel sees it, whatever the profile
//     says; a 64-bit value then counts by its low bits (CVE-2019-7303 class).
//   - A refusal of a socket or System V IPC call also refuses the same call made through i386's
//     socketcall or ipc, without its conditions: those arguments are behind a pointer.
//   - A number in no table: ENOSYS when the default is an errno action, else the default action.
//   - The native architecture is always part of a filter; x32 never is (ENOSYS or the default action where
//     the profile lists it, kill process where not); any other architecture: kill process.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <string>
#include <vector>

#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::seccomp {

struct Program {
  std::vector<sock_filter> code;
  std::vector<sock_filter> outer;           // a policy's, which is loaded first; the stricter of both decides
  unsigned flags = 0;                       // SECCOMP_FILTER_FLAG_*
  bool notify = false;                      // some decision is SECCOMP_RET_USER_NOTIF
  std::vector<std::string> unknown_names;   // names in no table of the chosen architectures
};

// Compile for the native architecture and those of the profile. Errors: SECCOMP_INVALID names the
// field, SECCOMP_TOO_LARGE when the kernel would refuse the length (4096 instructions).
Result<Program> compile(const spec::Seccomp& profile);

// What a process of a container is to be filtered by: its profile, and around it the filter of a policy. Without either: empty.
Result<Program> of(const spec::Spec& spec);
inline bool empty(const Program& program) { return program.code.empty() && program.outer.empty(); }

// seccomp(SECCOMP_SET_MODE_FILTER). Needs no_new_privs or CAP_SYS_ADMIN. A program with notify is
// refused (SECCOMP_NO_LISTENER): without a listener the kernel answers each such call with ENOSYS.
Status load(const Program& program);

// The same with one that has: those calls are answered with ENOSYS.
Status load_without_listener(const Program& program);

// The same with SECCOMP_FILTER_FLAG_NEW_LISTENER; returns the listener, close-on-exec.
Result<Fd> load_with_listener(const Program& program);

// For whoever debugs a start: the flags with which it will be loaded.
void tell(const Program& program);

// The decision (SECCOMP_RET_*) that the kernel would take, by interpreting the program; anything
// that our compiler or libseccomp never emits evaluates to SECCOMP_RET_KILL_PROCESS.
std::uint32_t evaluate(const Program& program, const seccomp_data& data);

}  // namespace secure::seccomp
