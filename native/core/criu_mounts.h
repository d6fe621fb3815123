// SPDX-License-Identifier: Apache-2.0
// Which mounts of a container are its own, for CRIU to dump, and which come from the host.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cgroup.h"
#include "criu_image.h"
#include "spec.h"

namespace secure::criu {

struct Sorted {
  std::vector<Mount> mounts;       // from the host
  std::vector<std::string> skip;   // made anew at a restore: the console
  bool masters = false;            // some receive mounts from the host
};
// `mountinfo` as the container's first process sees it. `resolve` gives the mount point that a destination of the config leads to, or "".
// CHECKPOINT_MOUNT names a mount that neither can bring back.
Result<Sorted> sort_mounts(std::string_view mountinfo, const spec::Spec& spec, const std::function<std::string(const std::string&)>& resolve);

// For a restore: where the host has each of them now, by this config and never by what the images say. CONFIG_CHANGED when the config does not
// have one of them, or has another.
Result<std::vector<std::pair<std::string, std::string>>> sources(const std::vector<Mount>& mounts, const spec::Spec& spec, const std::string& bundle, const cgroup::Group& group);

}  // namespace secure::criu
