// SPDX-License-Identifier: Apache-2.0
// pax extended headers (POSIX.1-2017, pax, "pax Extended Header").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tar.h"

namespace secure::tar {

struct Time {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};

// What a pax header says of the next member. Absent and empty values are the same: the header's own field
// counts. Of a repeated keyword the last one counts, as POSIX has it.
struct Pax {
  std::optional<std::string> path, link;
  std::optional<std::uint64_t> size;
  std::optional<std::int64_t> uid, gid;
  std::optional<Time> mtime;
  std::vector<std::pair<std::string, std::string>> xattrs;  // SCHILY.xattr.*
  // GNU sparse files, formats 0.1 and 1.0; 0.0 repeats keywords and is refused.
  std::optional<std::string> sparse_map, sparse_name;
  std::optional<std::uint64_t> sparse_major, sparse_minor, sparse_size;
};

// A decimal number without sign, blank or leading "+"; at most 2^63-1.
Result<std::uint64_t> parse_decimal(std::string_view text, const char* what);

// "[-]seconds[.fraction]", digits beyond nanoseconds cut.
Result<Time> parse_time(std::string_view text);

// The records of an 'x' header. Keywords without a meaning here are skipped.
Result<Pax> parse_pax(std::string_view records);

// The records of a 'g' header: checked, and refused when one would change the members that follow. Readers
// disagree on whether it applies (POSIX and GNU: yes; Go and with it the engines: no).
Status check_global(std::string_view records);

}  // namespace secure::tar
