// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "log.h"

namespace secure::log {

namespace {

// Length of the UTF-8 sequence that begins `in`, 0 when there is none.
std::size_t sequence(std::string_view in) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in[i]); };
  const unsigned char c = byte(0);
  const std::size_t len = c < 0x80 ? 1 : (c >= 0xC2 && c < 0xE0) ? 2 : (c >= 0xE0 && c < 0xF0) ? 3 : (c >= 0xF0 && c < 0xF5) ? 4 : 0;
  if (len == 0 || len > in.size()) return 0;
  for (std::size_t k = 1; k < len; ++k)
    if ((byte(k) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates, above U+10FFFF.
  if (len == 3 && ((c == 0xE0 && byte(1) < 0xA0) || (c == 0xED && byte(1) >= 0xA0))) return 0;
  if (len == 4 && ((c == 0xF0 && byte(1) < 0x90) || (c == 0xF4 && byte(1) >= 0x90))) return 0;
  return len;
}

// JSON must be UTF-8; a container may write anything. Bytes that are not become U+FFFD.
void append_json_string(std::string& out, std::string_view in) {
  static constexpr char kHex[] = "0123456789abcdef";
  while (!in.empty()) {
    const unsigned char c = static_cast<unsigned char>(in[0]);
    const std::size_t len = sequence(in);
    if (len == 0) out += "\xEF\xBF\xBD";
    else if (c == '"' || c == '\\') (out += '\\') += in[0];
    else if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (c == '\r') out += "\\r";
    else if (c < 0x20) ((out += "\\u00") += kHex[c >> 4]) += kHex[c & 15];
    else out.append(in.substr(0, len));
    in.remove_prefix(len == 0 ? 1 : len);
  }
}

}  // namespace

void append_entry(std::string& out, Format format, bool is_stderr, std::string_view line, std::string_view time) {
  if (format == Format::local) {
    ((out += is_stderr ? "e " : "o ").append(time) += ' ') += std::to_string(line.size());
    (out += '\n').append(line) += '\n';
    return;
  }
  out += R"({"log":")";
  append_json_string(out, line);
  out += is_stderr ? R"(","stream":"stderr","time":")" : R"(","stream":"stdout","time":")";
  out.append(time) += "\"}\n";
}

}  // namespace secure::log
