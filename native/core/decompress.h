// SPDX-License-Identifier: Apache-2.0
// The bytes of a layer: plain, gzip (RFC 1952) or zstd (RFC 8878), told apart by their first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "result.h"
#include "sha256.h"

namespace secure::decompress {

struct Limits {
  std::uint64_t max_bytes = std::uint64_t{16} << 30;  // decompressed
  // Decompressed over compressed bytes, looked at from kRatioFloor decompressed bytes on.
  std::uint64_t max_ratio = 1000;
};

inline constexpr std::uint64_t kRatioFloor = std::uint64_t{1} << 20;

// zstd may ask its decoder for a window of up to 2 GiB; 128 MiB is what `zstd -19 --long` needs and what
// the zstd command itself grants by default.
inline constexpr int kZstdWindowLog = 27;

// Anything that gives bytes; `read` gives 0 only at the end.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  virtual Result<std::size_t> read(std::span<std::uint8_t> out) = 0;
};

// A descriptor, with the number of bytes taken from it.
class FileSource : public Source {
 public:
  explicit FileSource(int fd) : fd_(fd) {}  // borrowed
  Result<std::size_t> read(std::span<std::uint8_t> out) override;

 private:
  int fd_;
};

// Compressed bytes with look-ahead, between a Source and a codec.
class Input {
 public:
  // At most `max_bytes` are read: empty gzip members and skippable zstd frames make no output that a limit
  // on the output would see.
  Input(Source& source, std::uint64_t max_bytes);
  // The unconsumed bytes; reads when there are fewer than `least`. Shorter only at the end.
  Result<std::span<const std::uint8_t>> peek(std::size_t least);
  void consume(std::size_t count);
  [[nodiscard]] std::uint64_t consumed() const { return consumed_; }

 private:
  Source& source_;
  std::uint64_t max_bytes_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t consumed_ = 0;
  bool ended_ = false;
};

// One compression format.
class Codec {
 public:
  Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  virtual ~Codec() = default;
  // Fills at least one byte of `out`; 0 only at a proper end of the stream.
  virtual Result<std::size_t> read(Input& input, std::span<std::uint8_t> out) = 0;
};

std::unique_ptr<Codec> plain_codec();
std::unique_ptr<Codec> gzip_codec();  // null: out of memory
std::unique_ptr<Codec> zstd_codec();  // null: out of memory

// The decompressed stream, hashed and limited: no byte beyond a limit is ever handed out.
// Errors: ARCHIVE_INVALID, ARCHIVE_TRUNCATED, LIMIT_EXCEEDED, READ_FAILED.
class Stream : public Source {
 public:
  Stream(Source& compressed, const Limits& limits);
  Result<std::size_t> read(std::span<std::uint8_t> out) override;
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // Digest of what was read so far; once, after the last read. This is the diff id of a layer that was
  // read to its end (image-spec config.md, rootfs.diff_ids).
  [[nodiscard]] std::string digest() { return hash_.digest(); }

 private:
  Result<std::size_t> decode(std::span<std::uint8_t> out);

  Input input_;
  Limits limits_;
  Sha256 hash_;
  std::unique_ptr<Codec> codec_;
  std::uint64_t bytes_ = 0;
};

}  // namespace secure::decompress
