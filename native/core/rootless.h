// SPDX-License-Identifier: Apache-2.0
// Without root: the runtime itself enters the user namespace of the config, in which it is root, before it makes anything.
#pragma once

#include <vector>

#include "result.h"
#include "spec.h"
#include "userns.h"

namespace secure::rootless {

// Whether the caller has no rights of its own.
bool needed();

// A new user namespace with these mappings and a mount namespace of it; the process is root there afterwards. One mapping of the
// caller's own id is written as it is, anything else by newuidmap(1) and newgidmap(1), which know what /etc/subuid grants.
Status enter(const std::vector<spec::IdMap>& uids, const std::vector<spec::IdMap>& gids, userns::Groups groups);

}  // namespace secure::rootless
