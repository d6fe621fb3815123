// SPDX-License-Identifier: Apache-2.0
// What the user should know although it is no failure: a part of the config that the specification allows to leave out; and with
// --debug, the steps of a start.
#pragma once

#include <string>

namespace secure::warning {

// Where warnings go; until somebody says so, nowhere.
void to(void (*sink)(const std::string& text));
void emit(const std::string& text);

// The same for the steps of a start, which only somebody who looks for a failure wants to see. Without a sink debugging() is false:
// a text that costs something to make is made only then.
void debug_to(void (*sink)(const std::string& text));
bool debugging();
void debug(const std::string& text);

}  // namespace secure::warning
