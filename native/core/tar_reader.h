// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "decompress.h"
#include "tar.h"
#include "tar_header.h"
#include "tar_pax.h"
#include "tar_stream.h"

namespace secure::tar {

// Reads an archive member by member. Errors: ARCHIVE_INVALID, ARCHIVE_TRUNCATED, LIMIT_EXCEEDED and those
// of the source; after one the reader is spent.
class Reader {
 public:
  explicit Reader(decompress::Source& source) : stream_(source) {}

  // The next member, or nothing at the end-of-archive mark. Content that was not read is skipped.
  Result<std::optional<Entry>> next();

  // The next piece of the member's content, valid until the next call; empty when there is no more.
  Result<std::span<const std::uint8_t>> data();

  // After the last member: reads to the end of the source, where only zeros may follow.
  Status finish();

 private:
  // What extension headers said of the member that comes.
  struct Pending {
    std::optional<Pax> pax;
    std::optional<std::string> name, link;  // GNU 'L' and 'K'
    [[nodiscard]] bool any() const { return pax || name || link; }
  };

  Result<std::optional<Header>> header();
  Result<bool> extension(const Header& header, Pending& pending);
  Result<std::string> extension_text(const Header& header);
  Result<Entry> member(const Header& header, Pending pending);

  Stream stream_;
  std::uint64_t left_ = 0, padding_ = 0;
};

}  // namespace secure::tar
