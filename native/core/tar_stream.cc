// SPDX-License-Identifier: Apache-2.0
#include "tar_stream.h"

#include <algorithm>
#include <cstring>

namespace secure::tar {

namespace {

// Large enough for few writes, small enough to stay in the cache between decompressor, hash and write(2).
constexpr std::size_t kBufferSize = 256U << 10;

}  // namespace

Stream::Stream(decompress::Source& source) : source_(source), buffer_(new std::uint8_t[kBufferSize]) {}

Status Stream::fill(std::size_t least) {
  if (end_ - begin_ >= least) return Ok{};
  if (begin_ != 0) std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (end_ < least && !ended_) {
    SECURE_LET(n, source_.read({buffer_.get() + end_, kBufferSize - end_}));
    ended_ = n == 0;
    end_ += n;
  }
  return Ok{};
}

Result<std::span<const std::uint8_t>> Stream::take(std::size_t count) {
  SECURE_TRY(fill(count));
  std::span<const std::uint8_t> out(buffer_.get() + begin_, std::min(count, end_ - begin_));
  begin_ += out.size();
  return out;
}

Result<std::span<const std::uint8_t>> Stream::some(std::uint64_t most) {
  if (most == 0) return std::span<const std::uint8_t>();
  SECURE_TRY(fill(1));
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, end_ - begin_));
  std::span<const std::uint8_t> out(buffer_.get() + begin_, count);
  begin_ += count;
  return out;
}

Result<std::string> Stream::text(std::uint64_t count) {
  std::string out;
  while (out.size() < count) {
    SECURE_LET(piece, some(count - out.size()));
    if (piece.empty()) return truncated("the archive ends inside a header");
    out.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  }
  return out;
}

Status Stream::skip(std::uint64_t count) {
  while (count != 0) {
    SECURE_LET(piece, some(count));
    if (piece.empty()) return truncated("the archive ends inside the content of a member");
    count -= piece.size();
  }
  return Ok{};
}

}  // namespace secure::tar
