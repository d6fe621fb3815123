// SPDX-License-Identifier: Apache-2.0
// What the commands are called and say about themselves. An engine may know the program by another name, such as runc: a usage
// line then shows what the caller can type again.
#pragma once

#include <string>
#include <string_view>

namespace secure::runtime {

// argv[0] of this process, for program_name().
void called_as(const char* argv0);
// The base name it was called by; "secure-runtime" where there is none.
const std::string& program_name();
// A text that names the program, in the name that it was called by.
std::string as_called(std::string_view text);

// What a command does, one line; empty for one that there is not.
std::string_view about(std::string_view command);

}  // namespace secure::runtime
