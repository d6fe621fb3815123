// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fd.h"
#include "result.h"

namespace secure::log {

enum class Format : unsigned char {
  json,   // one JSON object per line, {"log","stream","time"}, as docker's json-file
  local,  // "<o|e> <RFC 3339 time> <length>\n", that many bytes as they came, "\n"
};

struct Settings {
  std::string path;  // empty: everything is dropped
  Format format = Format::json;
  std::uint64_t max_bytes = 10U << 20;  // of one file
  unsigned max_files = 2;               // NAME, NAME.1 ... NAME.<max_files - 1>, the highest the oldest
};

// One entry as it is stored, appended to `out`.
void append_entry(std::string& out, Format format, bool is_stderr, std::string_view line, std::string_view time);

// The container's log. Bounded in memory (a line is cut at 16 KiB, as docker does) and on disk. What cannot be written is
// lost, and never half an entry is left: a full disk must not be the container's trouble.
class Writer {
 public:
  static Result<Writer> open(Settings settings);
  void write(std::string_view stream, std::string_view data);  // "stdout" or "stderr"
  void flush();  // the partial last lines

 private:
  void emit(bool is_stderr, std::string& line);
  void store();
  void rotate();
  Settings settings_;
  Fd file_;
  std::uint64_t size_ = 0;
  std::string out_, err_;  // partial lines
  std::string batch_;      // entries on their way to the file
};

}  // namespace secure::log
