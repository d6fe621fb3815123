// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "commands.h"
#include "result.h"

namespace secure::runtime {

// "json" or anything else for text.
void set_error_format(const char* format);

// With --debug: a line in the log, or on stderr where there is none.
void debug(const std::string& message);

// An error when --log names what cannot be written.
Status check_log();

// For warning::to().
void warn(const std::string& text);

// argv of this process as main() got it, for a command that has to execute the runtime again.
void set_process_arguments(char** argv);
char** process_arguments();

}  // namespace secure::runtime
