// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fd.h"
#include "result.h"

namespace secure::log {

// The container's log: one JSON object per line, {"log","stream","time"}. Bounded in memory (a line is cut
// at 16 KiB, as docker does) and on disk: at `max_bytes` the file is renamed to NAME.1 and begun anew.
class Writer {
 public:
  // An empty path makes a writer that drops everything.
  static Result<Writer> open(const std::string& path, std::uint64_t max_bytes);
  void write(std::string_view stream, std::string_view data);  // "stdout" or "stderr"
  void flush();  // the partial last lines

 private:
  void emit(std::string_view stream, std::string& line);
  Fd file_;
  std::string path_;
  std::uint64_t max_bytes_ = 0, size_ = 0;
  std::string out_, err_;  // partial lines
};

}  // namespace secure::log
