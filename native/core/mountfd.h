// SPDX-License-Identifier: Apache-2.0
// Mounts by descriptor: the new mount API (Linux 5.2 and 5.12), so that no mount is ever made by a path
// that somebody else could exchange in between.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fd.h"
#include "result.h"

namespace secure::mountfd {

struct Attributes {
  std::uint64_t set = 0;    // MOUNT_ATTR_*
  std::uint64_t clear = 0;  // MOUNT_ATTR_*
  std::uint64_t propagation = 0;  // as set_propagation(), in the same call; 0: as it is
};

// A key without value is a flag.
using FsOptions = std::vector<std::pair<std::string, std::string>>;

// fsopen + fsconfig + fsmount: a detached mount of a new file system.
// The kernel's own explanation (fsconfig log) is appended to the error where there is one.
Result<Fd> create(const std::string& fstype, const std::string& source, const FsOptions& options,
                  std::uint64_t attributes);

// fspick + fsconfig: change the file system that is mounted at `target`.
Status reconfigure(int target, const FsOptions& options, const std::string& what);

// open_tree(OPEN_TREE_CLONE): a detached copy of the mount at `fd` (or at dirfd/path).
Result<Fd> clone(int dirfd, const std::string& path, bool recursive, bool nofollow = true);

// mount_setattr on a mount descriptor.
Status set_attributes(int mount, const Attributes& attributes, bool recursive, const std::string& what);

// Map a detached mount through a user namespace. IDMAP_UNSUPPORTED where the file system cannot.
Status idmap(int mount, int userns, bool recursive, const std::string& what);

// MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE.
Status set_propagation(int mount, unsigned long propagation, bool recursive, const std::string& what);

// Attach a detached mount on the object that `target` refers to.
Status attach(int mount, int target, const std::string& what);

}  // namespace secure::mountfd
