// SPDX-License-Identifier: Apache-2.0
// The archive as blocks: a buffer between the decompressor and the tar reader, whose contents are handed out in
// place, so that file data is copied once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "decompress.h"
#include "tar.h"

namespace secure::tar {

class Stream {
 public:
  explicit Stream(decompress::Source& source);

  // The next `count` bytes (at most one block); fewer, even none, only when the archive ends there.
  // Valid until the next call.
  Result<std::span<const std::uint8_t>> take(std::size_t count);

  // Between 1 and `most` bytes; none only at the end. Valid until the next call.
  Result<std::span<const std::uint8_t>> some(std::uint64_t most);

  // `count` bytes as a string; an archive that ends before is ARCHIVE_TRUNCATED.
  Result<std::string> text(std::uint64_t count);

  // Go over `count` bytes; an archive that ends before is ARCHIVE_TRUNCATED.
  Status skip(std::uint64_t count);

 private:
  Status fill(std::size_t least);

  decompress::Source& source_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool ended_ = false;
};

}  // namespace secure::tar
