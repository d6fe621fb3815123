// SPDX-License-Identifier: Apache-2.0
// Writing a running container to images, by CRIU.
#pragma once

#include "criu_options.h"
#include "oci.h"

namespace secure::runtime {

// The container goes on when the options say so, and after any failure; otherwise its processes have ended. `found` is locked.
Status checkpoint(Found& found, const CriuOptions& options);

}  // namespace secure::runtime
