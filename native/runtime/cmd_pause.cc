// SPDX-License-Identifier: Apache-2.0
// pause and resume.
#include "args.h"
#include "commands.h"
#include "oci.h"

namespace secure::runtime {

namespace {

int change(int argc, char** argv, const char* synopsis, bool frozen) {
  Args args(argc, argv, synopsis);
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  auto found = find(args.operands[0], true);
  if (!found) return report(found.error());
  const std::string is = "container '" + found->state.id + "' is " + std::string(oci::status_name(found->status));
  // One that is paused already is as it was asked to be.
  if (frozen && found->status == oci::Status::stopped) return report(fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "container not running: " + is));
  if (!frozen && found->status != oci::Status::paused) return report(fail(Stage::state, "CONTAINER_NOT_PAUSED", 0, "container not paused: " + is));
  auto group = group_of(*found);
  if (!group) return report(group.error());
  auto status = frozen ? cgroup::freeze(*group) : cgroup::thaw(*group);
  return status ? 0 : report(status.error());
}

}  // namespace

int cmd_pause(int argc, char** argv) { return change(argc, argv, "secure-runtime pause ID", true); }
int cmd_resume(int argc, char** argv) { return change(argc, argv, "secure-runtime resume ID", false); }

}  // namespace secure::runtime
