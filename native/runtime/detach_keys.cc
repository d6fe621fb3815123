// SPDX-License-Identifier: Apache-2.0
#include "detach_keys.h"

namespace secure::runtime {

std::optional<std::string> parse_detach_keys(std::string_view text) {
  std::string out;
  if (text.empty()) return out;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view key = text.substr(0, comma);
    if (key.size() == 1 && key[0] > ' ' && key[0] <= '~') {
      out += key[0];
    } else if (key.size() == 6 && key.starts_with("ctrl-") && ((key[5] >= 'a' && key[5] <= 'z') || std::string_view("@[\\]^_").find(key[5]) != std::string_view::npos)) {
      out += static_cast<char>(key[5] & 0x1F);
    } else {
      return std::nullopt;
    }
    if (out.size() > 16) return std::nullopt;
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::string DetachKeys::filter(std::string_view typed, bool& detached) {
  std::string out;
  detached = false;
  if (keys_.empty()) return std::string(typed);
  for (const char c : typed) {
    held_ += c;
    // The longest end of what was typed that may be the beginning of the keys stays back.
    std::size_t out_of = 0;
    while (!keys_.starts_with(std::string_view(held_).substr(out_of))) ++out_of;
    out += held_.substr(0, out_of);
    held_.erase(0, out_of);
    if (held_.size() == keys_.size()) {
      detached = true;
      held_.clear();
      return out;
    }
  }
  return out;
}

}  // namespace secure::runtime
