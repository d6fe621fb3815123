// SPDX-License-Identifier: Apache-2.0
#include "tar_sparse.h"

namespace secure::tar {

namespace {

Error too_many() {
  return fail(Stage::image, "LIMIT_EXCEEDED", 0,
              "a sparse member with more than " + std::to_string(kMaxSparseSegments) + " segments");
}

// "offset,length,offset,length"
Status parse_map(std::string_view text, Entry& entry) {
  while (!text.empty()) {
    std::uint64_t pair[2];
    for (std::uint64_t& number : pair) {
      const std::size_t comma = text.find(',');
      SECURE_LET(value, parse_decimal(text.substr(0, comma), "sparse map"));
      number = value;
      text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    if (entry.segments.size() == kMaxSparseSegments) return too_many();
    entry.segments.push_back({pair[0], pair[1]});
  }
  return Ok{};
}

// Lines of decimal numbers, padded with NUL to a multiple of 512 bytes.
class MapLines {
 public:
  MapLines(Stream& stream, Entry& entry) : stream_(stream), entry_(entry) {}

  Result<std::uint64_t> number() {
    std::string line;
    for (;;) {
      if (at_ == block_.size()) SECURE_TRY(next_block());
      const auto c = static_cast<char>(block_[at_++]);
      if (c == '\n') return parse_decimal(line, "sparse map");
      if (line.size() == 20) return invalid("a sparse map with a number that is too long");
      line += c;
    }
  }

 private:
  Status next_block() {
    if (entry_.stored < kBlock) return invalid("a sparse map that is longer than its member");
    SECURE_LET(block, stream_.take(kBlock));
    if (block.size() != kBlock) return truncated("the archive ends inside a sparse map");
    entry_.stored -= kBlock;
    block_ = block;
    at_ = 0;
    return Ok{};
  }

  Stream& stream_;
  Entry& entry_;
  std::span<const std::uint8_t> block_;
  std::size_t at_ = 0;
};

Status read_map(Stream& stream, Entry& entry) {
  MapLines lines(stream, entry);
  SECURE_LET(count, lines.number());
  if (count > kMaxSparseSegments) return too_many();
  for (std::uint64_t i = 0; i < count; i++) {
    SECURE_LET(offset, lines.number());
    SECURE_LET(length, lines.number());
    entry.segments.push_back({offset, length});
  }
  return Ok{};
}

}  // namespace

Status check_segments(const Entry& entry) {
  std::uint64_t end = 0, total = 0;
  for (const Segment& s : entry.segments) {
    if (s.offset < end || s.offset > entry.size || s.length > entry.size - s.offset)
      return invalid("a sparse map that overlaps or exceeds the file: " + quoted(entry.path));
    end = s.offset + s.length;
    total += s.length;  // disjoint and within the size: cannot overflow
  }
  if (total != entry.stored) return invalid("a sparse map that does not add up to its content: " + quoted(entry.path));
  return Ok{};
}

Status read_old_sparse(const Header& header, Stream& stream, Entry& entry) {
  if (header.real_size < 0) return invalid("a sparse member with a negative size: " + quoted(entry.path));
  entry.sparse = true;
  entry.size = static_cast<std::uint64_t>(header.real_size);
  entry.segments = header.sparse.segments;
  for (bool more = header.sparse.more; more;) {
    SECURE_LET(raw, stream.take(kBlock));
    if (raw.size() != kBlock) return truncated("the archive ends inside a sparse map");
    SECURE_LET(block, parse_sparse_block(raw.first<kBlock>()));
    // A block without pairs that announces another one: endless work for no data.
    if (block.more && block.segments.empty()) return invalid("an empty block in a sparse map");
    entry.segments.insert(entry.segments.end(), block.segments.begin(), block.segments.end());
    if (entry.segments.size() > kMaxSparseSegments) return too_many();
    more = block.more;
  }
  return Ok{};
}

Status read_pax_sparse(const Pax& pax, Stream& stream, Entry& entry) {
  const bool version1 = pax.sparse_major == 1 && pax.sparse_minor.value_or(0) == 0;
  if (!version1 && pax.sparse_major.value_or(0) != 0) return invalid("a sparse member of an unknown version");
  if (!version1 && !pax.sparse_map) {
    if (pax.sparse_size || pax.sparse_name) return invalid("a sparse member without a map: " + quoted(entry.path));
    return Ok{};
  }
  if (entry.sparse) return invalid("a sparse member with two maps: " + quoted(entry.path));
  if (entry.type != Type::file) return invalid("a sparse map on something that is not a file: " + quoted(entry.path));
  if (!pax.sparse_size) return invalid("a sparse member without a size: " + quoted(entry.path));
  if (version1 && pax.sparse_map) return invalid("a sparse member with two maps: " + quoted(entry.path));
  entry.sparse = true;
  entry.size = *pax.sparse_size;
  if (version1) return read_map(stream, entry);
  return parse_map(*pax.sparse_map, entry);
}

}  // namespace secure::tar
