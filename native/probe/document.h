// SPDX-License-Identifier: Apache-2.0
// Everything that was found, as one JSON document.
#pragma once

#include "writer.h"

namespace secure::isolation {

inline constexpr int kVersion = 1;

// Facts, then attempts, each in a child of its own.
void write_report(Writer& out);

}  // namespace secure::isolation
