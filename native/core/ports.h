// SPDX-License-Identifier: Apache-2.0
// Host ports of a container: bound sockets that are never read from, held by the monitor while the container runs, so that the kernel
// tells everybody else that the port is taken.
#pragma once

#include <vector>

#include "fd.h"
#include "record.h"
#include "spec.h"

namespace secure::ports {

// One socket per entry. A port 0 becomes the one that the kernel chose. PORT_IN_USE, which names who has it as far as that can be found
// out; PORT_REFUSED (an address that the host does not have, ::1). `roots` tells where other containers are registered.
Result<std::vector<Fd>> reserve(const record::Roots& roots, std::vector<spec::PublishedPort>& ports);

// Who has this port: "container web", "process 4711 (nginx)", or "".
std::string holder(const record::Roots& roots, const spec::PublishedPort& port);

}  // namespace secure::ports
