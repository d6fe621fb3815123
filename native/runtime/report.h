// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "commands.h"

namespace secure::runtime {

// "json" or anything else for text.
void set_error_format(const char* format);

// argv of this process as main() got it, for a command that has to execute the runtime again.
void set_process_arguments(char** argv);
char** process_arguments();

}  // namespace secure::runtime
