// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "result.h"

namespace secure::apart {

struct How {
  std::string name;      // "the process that mounts"
  Error killed;          // when it ends without having said why
  unsigned seconds = 0;  // after which it is killed; 0: never
};

// Does the work in a process of its own, which others cannot look into and which takes whatever it joins or unshares along when it
// ends. Gives the error of the work.
Status run(const How& how, const std::function<Status()>& work);

}  // namespace secure::apart
