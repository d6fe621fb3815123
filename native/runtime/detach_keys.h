// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace secure::runtime {

// "ctrl-p,ctrl-q" to the bytes that these keys send; "" for none. Nothing when it is not understood.
std::optional<std::string> parse_detach_keys(std::string_view text);

// Looks for the keys in what is typed. A beginning that may still become them is held back, and given out when it does not.
class DetachKeys {
 public:
  explicit DetachKeys(std::string keys) : keys_(std::move(keys)) {}
  // What is to be passed on; `detached` when the keys were complete: what follows them is dropped.
  std::string filter(std::string_view typed, bool& detached);

 private:
  std::string keys_, held_;
};

}  // namespace secure::runtime
