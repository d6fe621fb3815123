// SPDX-License-Identifier: Apache-2.0
// What both kinds of exec, of our own containers and of those of engines, do with their options.
#pragma once

#include <string>
#include <vector>

#include "result.h"

namespace secure::runtime {

// NAME=VALUE takes the place of an earlier entry of that name.
void merge_env(std::vector<std::string>& env, const std::string& entry);

// Descriptors 3, 4, ... that the program is to get: they have to be open, and stay open over execve(2).
Status check_preserved(int count);

}  // namespace secure::runtime
