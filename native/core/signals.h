// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace secure::signals {

// "TERM", "SIGTERM", "sigterm", "15", "RTMIN+3", "SIGRTMAX-1" to a number from 1 to 64; -1 for anything else.
int number(std::string_view name);

}  // namespace secure::signals
