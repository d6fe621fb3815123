// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::sysctl {

// Refuses sysctls of a namespace that is joined by path and is the host's own: SYSCTL_REFUSED. The rest is checked when the
// config is read.
Status check(const spec::Spec& spec);

// Written through a procfs of the caller's own namespaces: nothing that an image or a volume mounted over /proc can redirect them
// (CVE-2025-52881).
Status write(const spec::Spec& spec);
// Through a procfs that was made before the caller joined the namespaces that it stands in now.
Status write_through(int proc, const spec::Spec& spec);
Result<Fd> make_procfs();

}  // namespace secure::sysctl
