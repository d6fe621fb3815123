// SPDX-License-Identifier: Apache-2.0
#include "tar.h"

namespace secure::tar {

Error invalid(std::string message) { return fail(Stage::image, "ARCHIVE_INVALID", 0, std::move(message)); }

Error truncated(std::string message) {
  return fail(Stage::image, "ARCHIVE_TRUNCATED", 0, std::move(message), "the layer is incomplete: fetch it again");
}

std::string quoted(std::string_view name) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "'";
  for (char c : name.substr(0, 200)) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e || c == '\'' || c == '\\') {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '\'';
  if (name.size() > 200) out += "...";
  return out;
}

}  // namespace secure::tar
