// SPDX-License-Identifier: Apache-2.0
// What this kernel offers, asked of the kernel itself and not of its version number: distributions backport.
#pragma once

#include <string>
#include <vector>

namespace secure::host {

struct Facts {
  unsigned euid = 0;
  int landlock_abi = 0;                      // 0: none
  int last_cap = 0;                          // highest capability number
  bool seccomp_filter = false;
  std::vector<std::string> seccomp_actions;  // SCMP_ACT_ names this kernel knows
  bool openat2 = false;
  bool clone3 = false;
  bool pidfd = false;
  bool mount_api = false;                    // open_tree, move_mount, fsopen, mount_setattr
  bool close_range = false;
};

// Changes nothing in the calling process.
Facts facts();

}  // namespace secure::host
