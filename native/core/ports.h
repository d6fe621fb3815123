// SPDX-License-Identifier: Apache-2.0
// Host ports of a container: bound sockets that are never read from, held by the monitor while the container runs, so that the kernel
// tells everybody else that the port is taken.
#pragma once

#include <vector>

#include "fd.h"
#include "spec.h"

namespace secure::ports {

// One socket per entry. A port 0 becomes the one that the kernel chose. PORT_IN_USE, PORT_REFUSED (an address that the host does not have, ::1).
Result<std::vector<Fd>> reserve(std::vector<spec::PublishedPort>& ports);

}  // namespace secure::ports
