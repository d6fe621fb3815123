// SPDX-License-Identifier: Apache-2.0
#include "tar_header.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace secure::tar {

namespace {

// Up to the first NUL; a field may be full and then has none.
std::string text(std::span<const std::uint8_t> field) {
  auto end = std::find(field.begin(), field.end(), std::uint8_t{0});
  return std::string(field.begin(), end);
}

Result<std::int64_t> base256(std::span<const std::uint8_t> field, const char* what) {
  // The first bit is the marker, the second the sign.
  const bool negative = (field[0] & 0x40) != 0;
  std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < field.size(); i++) {
    std::uint8_t byte = field[i];
    if (i == 0) byte = static_cast<std::uint8_t>(negative ? byte | 0x80 : byte & 0x7f);
    // What is shifted out may only be copies of the sign.
    if ((value >> 56) != (negative ? 0xffU : 0U)) return invalid(std::string("the ") + what + " field overflows");
    value = (value << 8) | byte;
  }
  auto result = static_cast<std::int64_t>(value);
  if ((result < 0) != negative) return invalid(std::string("the ") + what + " field overflows");
  return result;
}

Result<SparseBlock> sparse_pairs(std::span<const std::uint8_t> table, std::uint8_t more) {
  SparseBlock out;
  out.more = more != 0;
  for (; table.size() >= 24; table = table.subspan(24)) {
    if (table[0] == 0) break;  // unused pairs are blank, and only the last ones can be
    SECURE_LET(offset, parse_number(table.first(12), "sparse offset"));
    SECURE_LET(length, parse_number(table.subspan(12, 12), "sparse length"));
    if (offset < 0 || length < 0) return invalid("a sparse map with a negative number");
    out.segments.push_back({static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length)});
  }
  return out;
}

Status check_sum(Block block, std::int64_t expected) {
  std::int64_t as_unsigned = 0, as_signed = 0;
  for (std::size_t i = 0; i < kBlock; i++) {
    std::uint8_t byte = i >= 148 && i < 156 ? std::uint8_t{' '} : block[i];
    as_unsigned += byte;
    as_signed += static_cast<std::int8_t>(byte);
  }
  if (expected != as_unsigned && expected != as_signed) return invalid("a header with a wrong checksum");
  return Ok{};
}

}  // namespace

bool is_zero(Block block) {
  return std::all_of(block.begin(), block.end(), [](std::uint8_t b) { return b == 0; });
}

Result<std::int64_t> parse_number(std::span<const std::uint8_t> field, const char* what) {
  if ((field[0] & 0x80) != 0) return base256(field, what);
  std::size_t i = 0;
  while (i < field.size() && field[i] == ' ') i++;
  std::uint64_t value = 0;
  for (; i < field.size() && field[i] >= '0' && field[i] <= '7'; i++) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) >> 3)
      return invalid(std::string("the ") + what + " field overflows");
    value = value << 3 | static_cast<std::uint64_t>(field[i] - '0');
  }
  for (; i < field.size(); i++)
    if (field[i] != ' ' && field[i] != 0) return invalid(std::string("the ") + what + " field is not a number");
  return static_cast<std::int64_t>(value);
}

Result<Header> parse_header(Block block) {
  SECURE_LET(sum, parse_number(block.subspan(148, 8), "checksum"));
  SECURE_TRY(check_sum(block, sum));
  Header h;
  h.flag = static_cast<char>(block[156]);
  h.name = text(block.first(100));
  h.link = text(block.subspan(157, 100));
  SECURE_LET(mode, parse_number(block.subspan(100, 8), "mode"));
  h.mode = static_cast<std::uint32_t>(mode & 07777);  // some writers put the file type above
  SECURE_LET(uid, parse_number(block.subspan(108, 8), "uid"));
  SECURE_LET(gid, parse_number(block.subspan(116, 8), "gid"));
  SECURE_LET(size, parse_number(block.subspan(124, 12), "size"));
  SECURE_LET(mtime, parse_number(block.subspan(136, 12), "mtime"));
  h.uid = uid;
  h.gid = gid;
  h.size = size;
  h.mtime = mtime;
  const char* magic = reinterpret_cast<const char*>(block.data()) + 257;
  h.gnu = std::memcmp(magic, "ustar  ", 8) == 0;
  if (!h.gnu && std::memcmp(magic, "ustar", 6) == 0) {
    // star keeps times in the last 24 bytes of the prefix field and says so at the end of the block.
    const bool star = std::memcmp(block.data() + 508, "tar", 4) == 0;
    std::string prefix = text(block.subspan(345, star ? 131 : 155));
    if (!prefix.empty()) h.name = prefix + "/" + h.name;
  }
  if (h.flag == 'S') {
    if (!h.gnu) return invalid("a GNU sparse member without GNU's magic");
    SECURE_LET(sparse, sparse_pairs(block.subspan(386, 96), block[482]));
    SECURE_LET(real, parse_number(block.subspan(483, 12), "real size"));
    h.sparse = std::move(sparse);
    h.real_size = real;
  }
  return h;
}

Result<SparseBlock> parse_sparse_block(Block block) { return sparse_pairs(block.first(504), block[504]); }

}  // namespace secure::tar
