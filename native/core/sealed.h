// SPDX-License-Identifier: Apache-2.0
// A program for a container that the container cannot change: a copy in memory, sealed.
#pragma once

#include <string>

#include "fd.h"
#include "result.h"

namespace secure::sealed {

// Close-on-exec; readable and executable for everybody, writable for none. CVE-2019-5736: what runs inside reaches this copy by
// /proc/self/exe, and never the file. PROGRAM_UNREADABLE, CONTROL_UNAVAILABLE.
// `label`: that of the container's files, without which SELinux lets it execute nothing; empty: none.
Result<Fd> copy(const std::string& path, const std::string& label);

}  // namespace secure::sealed
