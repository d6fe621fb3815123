// SPDX-License-Identifier: Apache-2.0
#include "decompress.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace secure::decompress {

namespace {

constexpr std::size_t kInputSize = 256U << 10;

class Plain : public Codec {
 public:
  Result<std::size_t> read(Input& input, std::span<std::uint8_t> out) override {
    SECURE_LET(available, input.peek(1));
    std::size_t n = std::min(available.size(), out.size());
    if (n != 0) std::memcpy(out.data(), available.data(), n);
    input.consume(n);
    return n;
  }
};

bool starts_with_zstd(std::span<const std::uint8_t> b) {
  if (b.size() < 4) return false;
  // A frame, or a skippable frame in front of one (RFC 8878, 3.1.1 and 3.1.2).
  bool frame = b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd;
  bool skippable = (b[0] & 0xf0) == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18;
  return frame || skippable;
}

}  // namespace

Result<std::size_t> FileSource::read(std::span<std::uint8_t> out) {
  ssize_t n;
  do {
    n = ::read(fd_, out.data(), out.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) return fail(Stage::io, "READ_FAILED", errno, "read the layer");
  return static_cast<std::size_t>(n);
}

Input::Input(Source& source, std::uint64_t max_bytes)
    : source_(source), max_bytes_(max_bytes), buffer_(new std::uint8_t[kInputSize]) {}

Result<std::span<const std::uint8_t>> Input::peek(std::size_t least) {
  if (end_ - begin_ < least && begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < least && !ended_) {
    SECURE_LET(n, source_.read({buffer_.get() + end_, kInputSize - end_}));
    ended_ = n == 0;
    end_ += n;
    if (consumed_ + (end_ - begin_) > max_bytes_)
      return fail(Stage::image, "LIMIT_EXCEEDED", 0,
                  "the compressed layer is larger than " + std::to_string(max_bytes_) + " bytes", "raise --max-bytes");
  }
  return std::span<const std::uint8_t>(buffer_.get() + begin_, end_ - begin_);
}

void Input::consume(std::size_t count) {
  begin_ += count;
  consumed_ += count;
}

std::unique_ptr<Codec> plain_codec() { return std::make_unique<Plain>(); }

Stream::Stream(Source& compressed, const Limits& limits) 
    // Data that does not compress grows by less than a part in 64.
    : input_(compressed, limits.max_bytes + limits.max_bytes / 64 + kRatioFloor), limits_(limits) {}

Result<std::size_t> Stream::decode(std::span<std::uint8_t> out) {
  if (!codec_) {
    SECURE_LET(head, input_.peek(4));
    if (head.size() >= 2 && head[0] == 0x1f && head[1] == 0x8b)
      codec_ = gzip_codec();
    else if (starts_with_zstd(head))
      codec_ = zstd_codec();
    else
      codec_ = plain_codec();
    if (!codec_) return fail(Stage::image, "NO_MEMORY", ENOMEM, "allocate the decompressor");
  }
  return codec_->read(input_, out);
}

Result<std::size_t> Stream::read(std::span<std::uint8_t> out) {
  SECURE_LET(n, decode(out));
  bytes_ += n;
  if (bytes_ > limits_.max_bytes)
    return fail(Stage::image, "LIMIT_EXCEEDED", 0,
                "the layer is larger than " + std::to_string(limits_.max_bytes) + " bytes", "raise --max-bytes");
  // At least 1: a codec may hold what it has not counted yet. Division: the product could overflow.
  std::uint64_t consumed = std::max<std::uint64_t>(input_.consumed(), 1);
  if (bytes_ > kRatioFloor && bytes_ / consumed >= limits_.max_ratio)
    return fail(Stage::image, "LIMIT_EXCEEDED", 0,
                "the layer expands to more than " + std::to_string(limits_.max_ratio) + " times its compressed size",
                "a decompression bomb; for data that really is this regular raise --max-ratio");
  hash_.update(out.first(n));
  return n;
}

}  // namespace secure::decompress
