// SPDX-License-Identifier: Apache-2.0
// Which mounts of a container are its own, for CRIU to dump, and which come from the host.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cgroup.h"
#include "criu_image.h"
#include "spec.h"

namespace secure::criu {

struct Sorted {
  std::vector<Mount> mounts;       // from the host
  std::vector<std::string> skip;   // made anew at a restore: the console; what shows the cgroups, unless CRIU keeps those
  bool masters = false;            // some receive mounts from the host
};
// `mountinfo` as the container's first process sees it. `resolve` gives the mount point that a destination of the config leads to, or "".
// CHECKPOINT_MOUNT names a mount that neither can bring back.
Result<Sorted> sort_mounts(std::string_view mountinfo, const spec::Spec& spec, const std::function<std::string(const std::string&)>& resolve, bool cgroups_by_criu);

// Whether the config mounts it on a cgroup file system, or below one.
bool shows_cgroups(const spec::Spec& spec, const spec::Mount& mount);

// What mounts forbid, by mount point; of several on one point the last. CRIU loses some of it for those that come from the host.
std::vector<std::pair<std::string, std::string>> restrictions(std::string_view mountinfo);
struct Lacking {
  std::string point;
  std::uint64_t attributes = 0;  // MOUNT_ATTR_*
  std::string words;
};
// Of what was `noted`, what they do not forbid any more.
std::vector<Lacking> lacking(const std::vector<std::pair<std::string, std::string>>& noted, std::string_view mountinfo);

// For a restore: where the host has each of them now, by this config and never by what the images say. CONFIG_CHANGED when the config does not
// have one of them, or has another.
Result<std::vector<std::pair<std::string, std::string>>> sources(const std::vector<Mount>& mounts, const spec::Spec& spec, const std::string& bundle, const cgroup::Group& group);

}  // namespace secure::criu
