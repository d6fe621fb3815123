// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace secure::runtime {

// Run `body` in a monitor process without terminal, directory or streams of ours. `body` gets a channel
// (sync.h) on which it says `executing` or an error, and its result is the monitor's exit code. Prints
// `announcement` and returns 0 once it executes; else reports the error and returns its exit code.
int detach_and(const std::function<int(int announce)>& body, const std::string& announcement);

}  // namespace secure::runtime
