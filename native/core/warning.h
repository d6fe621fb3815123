// SPDX-License-Identifier: Apache-2.0
// What the user should know although it is no failure: a part of the config that the specification allows to leave out.
#pragma once

#include <string>

namespace secure::warning {

// Where warnings go; until somebody says so, nowhere.
void to(void (*sink)(const std::string& text));
void emit(const std::string& text);

}  // namespace secure::warning
