// SPDX-License-Identifier: Apache-2.0
// What both kinds of exec, of our own containers and of those of engines, do with their options.
#pragma once

#include <string>
#include <vector>

#include "result.h"

namespace secure::runtime {

// NAME=VALUE takes the place of an earlier entry of that name.
void merge_env(std::vector<std::string>& env, const std::string& entry);

// The caller's descriptors 3, 4, ... that the program is to get. One that is not open is left out, with a warning, and nothing of ours takes its
// place. Returns how many there are up to the last that is open. To be called before anything is opened.
Result<int> check_preserved(int count);

}  // namespace secure::runtime
