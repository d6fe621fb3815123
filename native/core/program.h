// SPDX-License-Identifier: Apache-2.0
// The file that a command names, as execvp(3) would find it.
#pragma once

#include <string>
#include <vector>

#include "process.h"

namespace secure::program {

// By the search path of `envp`; with the rights of the caller. 127 and COMMAND_NOT_FOUND, or 126 and COMMAND_NOT_EXECUTABLE.
process::Failure find(const std::string& name, const std::vector<char*>& envp, std::string& out);

}  // namespace secure::program
