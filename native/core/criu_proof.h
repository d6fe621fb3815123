// SPDX-License-Identifier: Apache-2.0
// What is in force for a container, read back from the kernel: when it is dumped, and before the first instruction of what was restored.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "criu_image.h"
#include "fd.h"
#include "result.h"

namespace secure::criu {

struct Proven {
  std::string id;
  pid_t pid = 0;
  std::uint64_t start = 0;
  std::string config, group;  // text of the config; path of its control group
  std::vector<pid_t> pids;    // of its processes
};

// At the dump: what its processes may do, and controls that the config wants and that are not in force any more, for the record.
Status note(const Proven& container, Record& record);
// CHECKPOINT_LOSES when a process has what a CRIU of this version (major * 100 + minor) does not restore.
Status check_tasks(const Record& record, int version);

// At the restore: everything that the config wants and that was in force at the dump is. RESTORE_WEAKER names what is not.
Status prove(const Proven& container, const Record& record);

// The objects that mounts of the host are expected to show, opened before the restore.
struct Expected {
  std::string point;  // in the container
  Fd source;
};
Result<std::vector<Expected>> expect(const std::vector<std::pair<std::string, std::string>>& sources, int root);
// RESTORE_WEAKER when the container sees something else: a source can be exchanged between our look at it and CRIU's mount.
Status prove_sources(pid_t pid, const std::vector<Expected>& expected);

}  // namespace secure::criu
