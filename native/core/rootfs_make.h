// SPDX-License-Identifier: Apache-2.0
// Internal to rootfs: what becomes of one mount of the config.
#pragma once

#include "mountfd.h"
#include "rootfs.h"

namespace secure::rootfs {

bool is_cgroup(const Planned& p);
// What is mounted where a cgroup mount of the list is, after it, has to wait for it.
bool waits_for_cgroups(const std::vector<Planned>& mounts, const Planned& p);

// Mounts are made below it before it may become read-only.
bool late_readonly(const Planned& p);

// A source in the root, with what earlier mounts of the list have put there.
Status take_inside(const Tree& tree, Planned& p);

// A detached mount of a new file system. `target` is what it will cover, and `existed` whether that was there before.
Result<Fd> make(const Tree& tree, const Planned& p, int target, bool existed);

// Option "remount": change what is mounted at `target`.
Status remount(const Tree& tree, const Planned& p, int target);

// Option tmpcopyup: everything below the directory `from` into the empty directory `to`; links as links, nothing through them.
Status copy_up(int from, int to, const std::string& what);

}  // namespace secure::rootfs
