// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace secure {

// The same as "version" in package.json; a lint rule compares them.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace secure
