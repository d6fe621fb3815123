// SPDX-License-Identifier: Apache-2.0
// Mount options as text (runtime-spec "mounts", mount(8)) to what the mount API takes.
#pragma once

#include <string>
#include <vector>

#include "mountfd.h"
#include "result.h"

namespace secure::mount_options {

struct Parsed {
  mountfd::Attributes attributes;            // this mount
  mountfd::Attributes recursive_attributes;  // rro, rnosuid, ...
  unsigned long propagation = 0;             // MS_*, 0: leave
  bool propagation_recursive = false;
  bool bind = false, recursive_bind = false;
  bool idmap = false, recursive_idmap = false;
  bool dest_nofollow = false;                // a link at the destination is covered, not followed; as in crun
  bool sb_readonly = false;                  // "ro": the file system itself too, where it is new
  mountfd::FsOptions fs;                     // everything else
};

// Later options win over earlier ones, as in mount(8).
Result<Parsed> parse(const std::vector<std::string>& options);

}  // namespace secure::mount_options
