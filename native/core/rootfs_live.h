// SPDX-License-Identifier: Apache-2.0
// Mounts of a container that runs already: `mounts add` and `mounts remove`.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "result.h"
#include "spec.h"

namespace secure::rootfs {

struct Live {
  pid_t pid = 0;     // its first process, whose /proc is read while pidfd lives
  int pidfd = -1;
  std::string bundle;  // relative sources start there
};

// Sources are opened on the host; the mounts are made in the container's namespaces and attached to what the destinations are
// inside its root. The first that fails ends it; those before it stay.
Status add_mounts(const spec::Spec& spec, const Live& live, const std::vector<spec::Mount>& mounts);

// The topmost mount of each destination, last one first. Nothing that the container relies on: / and what is in /proc, /sys and /dev.
Status remove_mounts(const spec::Spec& spec, const Live& live, const std::vector<spec::Mount>& mounts);

}  // namespace secure::rootfs
