// SPDX-License-Identifier: Apache-2.0
// AppArmor profile and SELinux label of a process: written to its own attributes, in force with its next execve(2).
#pragma once

#include <array>

#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::lsm {

// Host side, before there is a process: CONTROL_UNAVAILABLE when the kernel has no such module, or it is switched off.
Status check(const spec::Process& process);

// The attribute files of the calling process below `procfs`, which must be a procfs without anything mounted over it (CVE-2025-52881); opened
// early, since only the process itself may write them and its descriptors are closed before the hooks of the container run, to which the
// labels must not apply.
struct Pending {
  std::array<Fd, 2> files;  // AppArmor, SELinux; invalid: not asked for
  [[nodiscard]] bool empty() const { return !files[0].valid() && !files[1].valid(); }
};
Result<Pending> open(int procfs, const spec::Process& process);

// CONTROL_UNAVAILABLE when the profile is not loaded, or the label is none of the policy.
Status apply(const Pending& pending, const spec::Process& process);

// For the session keyring that is made next; execve(2) resets it.
Status label_keyring(int procfs, const spec::Process& process);

// /proc of the caller's own namespaces, for one that still stands in the host's. PROC_INVALID when it is no procfs.
Result<Fd> host_procfs();

// What the kernel has.
bool has_apparmor();
bool has_selinux();

// What this thread makes from now on has the label that the loaded policy has for layers, which all containers read. A label of
// mounts is not enough: a page of overlay that a program maps is judged by the file below (mprotect(2), before Linux 7).
// Without SELinux or such a label nothing changes.
void create_files_for_containers();

// Gives an open file an SELinux label. False, with errno, when it is refused; a file system without labels needs none.
[[nodiscard]] bool label_file(int fd, const std::string& label);

}  // namespace secure::lsm
