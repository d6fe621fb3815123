// SPDX-License-Identifier: Apache-2.0
// One 512-byte tar header: fields and numbers, without meaning.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "tar.h"

namespace secure::tar {

using Block = std::span<const std::uint8_t, kBlock>;

// An old GNU sparse map entry block: pairs of numbers and whether another block follows.
struct SparseBlock {
  std::vector<Segment> segments;
  bool more = false;
};

struct Header {
  char flag = 0;
  bool gnu = false;  // magic "ustar  ": no prefix field, GNU's own fields in its place
  std::string name;  // prefix joined
  std::string link;
  std::uint32_t mode = 0;
  std::int64_t uid = 0, gid = 0, size = 0, mtime = 0;
  SparseBlock sparse;            // flag 'S' only
  std::int64_t real_size = 0;    // flag 'S' only
};

bool is_zero(Block block);

// A numeric field: octal, or GNU's base-256 when the first bit is set (two's complement, so it may be
// negative). Blank is 0. Everything else, overflow included, is ARCHIVE_INVALID naming `what`.
Result<std::int64_t> parse_number(std::span<const std::uint8_t> field, const char* what);

// Checksum (over unsigned or, as old tars did, signed bytes) and all fields.
Result<Header> parse_header(Block block);

// A continuation block of an old GNU sparse map.
Result<SparseBlock> parse_sparse_block(Block block);

}  // namespace secure::tar
