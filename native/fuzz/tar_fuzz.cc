// SPDX-License-Identifier: Apache-2.0
// The whole reading side on arbitrary bytes: format detection, gzip, zstd, tar, pax, sparse maps and names.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "decompress.h"
#include "extract_path.h"
#include "tar_reader.h"

namespace {

class Bytes : public secure::decompress::Source {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data, size) {}
  secure::Result<std::size_t> read(std::span<std::uint8_t> out) override {
    const std::size_t n = std::min(out.size(), data_.size());
    if (n != 0) std::memcpy(out.data(), data_.data(), n);
    data_ = data_.subspan(n);
    return n;
  }

 private:
  std::span<const std::uint8_t> data_;
};

void require(bool condition) {
  if (!condition) std::abort();
}

// What the extractor relies on.
void check(const secure::tar::Entry& entry) {
  std::uint64_t end = 0, stored = 0;
  for (const auto& segment : entry.segments) {
    require(segment.offset >= end && segment.length <= entry.size && segment.offset <= entry.size - segment.length);
    end = segment.offset + segment.length;
    stored += segment.length;
  }
  if (entry.sparse) require(stored == entry.stored);
  require(entry.type == secure::tar::Type::file || entry.stored == 0);
  auto path = secure::extract::parse_path(entry.path, 128);
  if (!path) return;
  const std::string full = "/" + path->full() + "/";
  require(full.find("/../") == std::string::npos && full.find("/./") == std::string::npos);
  require(full == "//" || full.find("//") == std::string::npos || path->kind == secure::extract::Kind::opaque);
  require(full.find('\0') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  secure::decompress::Stream stream(bytes, {.max_bytes = 8U << 20, .max_ratio = 1000});
  secure::tar::Reader reader(stream);
  for (;;) {
    auto entry = reader.next();
    if (!entry) return 0;
    if (!*entry) break;
    check(**entry);
    std::uint64_t content = 0;
    for (;;) {
      auto piece = reader.data();
      if (!piece) return 0;
      if (piece->empty()) break;
      content += piece->size();
    }
    require(content == (*entry)->stored);
  }
  (void)reader.finish();
  return 0;
}
