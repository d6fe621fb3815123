// SPDX-License-Identifier: Apache-2.0
// The tar formats that layers come in: ustar and pax (POSIX.1-2017, pax), GNU tar's long names, base-256
// numbers and sparse files. Strict where tools disagree: what two readers could take differently is refused,
// since a scanner and an extractor must see the same files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "result.h"

namespace secure::tar {

inline constexpr std::size_t kBlock = 512;

// Largest pax header and longest GNU long name: an announced gigabyte is refused before it is read.
inline constexpr std::uint64_t kMaxExtension = std::uint64_t{1} << 20;
inline constexpr std::size_t kMaxSparseSegments = 65536;

enum class Type { file, hard_link, symlink, char_device, block_device, directory, fifo };

// Stored data of a sparse file: `length` bytes at `offset`; the rest is holes.
struct Segment {
  std::uint64_t offset = 0, length = 0;
};

// One member. Nothing in it is checked against a file system: names are as in the archive.
struct Entry {
  Type type = Type::file;
  std::string path;
  std::string link;  // symlink: verbatim target; hard link: name of an earlier member
  std::uint32_t mode = 0, uid = 0, gid = 0;
  std::int64_t mtime = 0;       // seconds since the epoch, may be negative
  std::uint32_t mtime_nsec = 0;
  std::uint64_t stored = 0;     // bytes of content that follow in the archive
  std::uint64_t size = 0;       // size of the file; more than `stored` when sparse
  bool sparse = false;
  std::vector<Segment> segments;  // of a sparse file: ascending, disjoint, together `stored` bytes
  std::vector<std::pair<std::string, std::string>> xattrs;  // every one of the archive, unfiltered
};

Error invalid(std::string message);
Error truncated(std::string message);

// A name for messages: quoted, control characters and bytes above ASCII escaped, cut at 200. Names come
// from the archive and messages go to terminals.
std::string quoted(std::string_view name);

}  // namespace secure::tar
