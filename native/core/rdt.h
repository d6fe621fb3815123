// SPDX-License-Identifier: Apache-2.0
// runtime-spec config-linux.md#intelrdt: cache and memory bandwidth through the file system resctrl.
#pragma once

#include <sys/types.h>

#include <string>

#include "result.h"
#include "spec.h"

namespace secure::rdt {

// Where resctrl is mounted; empty: nowhere.
std::string mounted();

// What was made, to be taken away again.
struct Made {
  bool group = false;    // the class of service
  bool monitor = false;  // mon_groups/<id> in it
};

// Before the process exists: the class of service `closID`, else the container's id, with its schemata, and a monitoring group. A class that
// is there already is used as it is, and must then have the schemata that the config gives it; one that closID does not name must not be there.
// RDT_UNAVAILABLE (no resctrl), RDT_FAILED. `root` is where resctrl is mounted, given by tests.
Result<Made> create(const spec::IntelRdt& config, const std::string& id, const std::string& root = mounted());
// Put the process, with all of its threads, into them.
Status join(const spec::IntelRdt& config, const std::string& id, pid_t pid, const std::string& root = mounted());
// When the container is deleted. A class that closID names may be shared, and stays.
inline Made owned(const spec::IntelRdt& config) { return {config.clos_id.empty(), config.enable_monitoring}; }
// What create() made. A missing one is success.
Status remove(const spec::IntelRdt& config, const std::string& id, const Made& made, const std::string& root = mounted());

}  // namespace secure::rdt
