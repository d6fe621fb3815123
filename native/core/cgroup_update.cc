// SPDX-License-Identifier: Apache-2.0
#include "cgroup_limits.h"

namespace secure::cgroup {

Status update(const Group& group, const spec::Resources& changes, const spec::Resources& recorded) {
  spec::Resources r = changes;
  // What the kernel checks together is written together: swap is memory and swap in the config, and alone in v2.
  if (asked(r.memory_swap) && !r.memory_limit) r.memory_limit = recorded.memory_limit;
  SECURE_TRY(write_limits(group, r));
  return changes.devices.empty() ? Status(Ok{}) : replace_devices(group, changes.devices);
}

}  // namespace secure::cgroup
