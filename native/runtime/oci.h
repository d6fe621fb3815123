// SPDX-License-Identifier: Apache-2.0
// What the OCI commands share: the options before the command, and finding a container.
#pragma once

#include <string>

#include "cgroup.h"
#include "fd.h"
#include "oci_state.h"
#include "result.h"
#include "spec.h"

namespace secure::runtime {

struct Globals {
  std::string root;        // --root, else /run/secure-runtime or $XDG_RUNTIME_DIR/secure-runtime
  bool root_given = false;
  std::string log;         // --log
  bool log_json = false;   // --log-format json
  bool debug = false;
  std::string cgroup_manager = "cgroupfs";  // cgroupfs, systemd, disabled
  std::string policy;      // --policy
};
Globals& globals();
// The options before the command; `at` is moved to the command, or to --version. USAGE.
Status read_globals(int argc, char** argv, int& at);

// A container below --root.
struct Found {
  Fd root, dir;
  oci::State state;
  oci::Status status = oci::Status::stopped;
};
// NO_SUCH_CONTAINER, CONTAINER_CREATING. With `lock` no other command changes it until `dir` is closed.
Result<Found> find(const std::string& id, bool lock);

// The config that it was made with.
Result<spec::Spec> config_of(const Found& found);

// Its first process, checked to be that one still.
Result<Fd> process_of(const Found& found);

// Its group, in every hierarchy that has it.
Result<cgroup::Group> group_of(const Found& found);

}  // namespace secure::runtime
