// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <climits>

#include "decompress.h"

namespace secure::decompress {

namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;  // inflateInit2: a gzip header is required, zlib's is refused

// A gzip file is a sequence of members whose contents are concatenated (RFC 1952, 2.2; eStargz makes one per
// file). What follows the last member is an error, as in Go's compress/gzip, which computed the diff ids
// of most images: bytes that some tools see and others ignore have no place in a layer.
class Gzip : public Codec {
 public:
  Gzip() { ready_ = inflateInit2(&z_, kGzipOnly) == Z_OK; }
  ~Gzip() override {
    if (ready_) inflateEnd(&z_);
  }
  [[nodiscard]] bool ready() const { return ready_; }

  Result<std::size_t> read(Input& input, std::span<std::uint8_t> out) override {
    z_.next_out = out.data();
    z_.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size(), INT_MAX));
    const uInt room = z_.avail_out;
    while (z_.avail_out == room) {
      SECURE_LET(available, input.peek(1));
      if (available.empty()) {
        if (between_members_) return std::size_t{0};
        return fail(Stage::image, "ARCHIVE_TRUNCATED", 0, "the gzip stream ends before its last member does");
      }
      between_members_ = false;
      // zlib's next_in is not const in its default build; it does not write through it.
      z_.next_in = const_cast<Bytef*>(available.data());
      z_.avail_in = static_cast<uInt>(available.size());
      int rc = inflate(&z_, Z_NO_FLUSH);
      input.consume(available.size() - z_.avail_in);
      if (rc == Z_STREAM_END) {
        between_members_ = true;
        if (inflateReset(&z_) != Z_OK) return invalid();
      } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
        return invalid();
      }
    }
    return std::size_t{room - z_.avail_out};
  }

 private:
  Error invalid() const {
    std::string why = z_.msg != nullptr ? z_.msg : "corrupt";
    return fail(Stage::image, "ARCHIVE_INVALID", 0, "not a valid gzip stream: " + why);
  }

  z_stream z_{};
  bool ready_ = false, between_members_ = false;
};

}  // namespace

std::unique_ptr<Codec> gzip_codec() {
  auto codec = std::make_unique<Gzip>();
  if (!codec->ready()) return nullptr;
  return codec;
}

}  // namespace secure::decompress
