// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "result.h"
#include "spec.h"

namespace secure::runtime {

// Without a user namespace root inside is root outside, and an image with `#!/proc/self/exe` would get this very binary,
// writable (CVE-2019-5736). So a container without one is started, and joined, from a read-only clone of the mount that
// the binary lies on: executes this process again from there, with the same arguments, unless it already does run from such
// a mount. Before anything is changed.
Status protect_self(const spec::Spec& spec);

}  // namespace secure::runtime
