// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include "decompress.h"

namespace secure::decompress {

namespace {

// Frames one after another, skippable ones (zstd:chunked keeps its table of contents in them) ignored.
class Zstd : public Codec {
 public:
  Zstd() : context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) return;
    if (ZSTD_isError(ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kZstdWindowLog)) != 0) {
      ZSTD_freeDCtx(context_);
      context_ = nullptr;
    }
  }
  ~Zstd() override { ZSTD_freeDCtx(context_); }
  [[nodiscard]] bool ready() const { return context_ != nullptr; }

  Result<std::size_t> read(Input& input, std::span<std::uint8_t> out) override {
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    while (to.pos == 0) {
      SECURE_LET(available, input.peek(1));
      // Without input the decoder may still hold output: it is only at an end when it gives none.
      ZSTD_inBuffer from{available.data(), available.size(), 0};
      if (available.empty() && between_frames_) return std::size_t{0};
      std::size_t rc = ZSTD_decompressStream(context_, &to, &from);
      input.consume(from.pos);
      if (ZSTD_isError(rc) != 0)
        return fail(Stage::image, "ARCHIVE_INVALID", 0,
                    std::string("not a valid zstd stream: ") + ZSTD_getErrorName(rc));
      between_frames_ = rc == 0;
      if (available.empty() && to.pos == 0 && !between_frames_)
        return fail(Stage::image, "ARCHIVE_TRUNCATED", 0, "the zstd stream ends before its last frame does");
    }
    return to.pos;
  }

 private:
  ZSTD_DCtx* context_;
  bool between_frames_ = false;
};

}  // namespace

std::unique_ptr<Codec> zstd_codec() {
  auto codec = std::make_unique<Zstd>();
  if (!codec->ready()) return nullptr;
  return codec;
}

}  // namespace secure::decompress
