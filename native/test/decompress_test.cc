// SPDX-License-Identifier: Apache-2.0
#include "decompress.h"

#include <zlib.h>
#include <zstd.h>

#include "check.h"
#include "tar_builder.h"

using namespace secure;

namespace {

std::string gzip(const std::string& data) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, data.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  z.avail_in = static_cast<uInt>(data.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string zstd(const std::string& data) {
  std::string out(ZSTD_compressBound(data.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), data.data(), data.size(), 3));
  return out;
}

struct Out {
  std::string data, code, digest;
};

Out decode(const std::string& compressed, decompress::Limits limits = {}, std::size_t piece = 65536) {
  MemorySource source(compressed, piece);
  decompress::Stream stream(source, limits);
  Out out;
  std::uint8_t buffer[5000];
  for (;;) {
    auto n = stream.read(buffer);
    if (!n) {
      out.code = n.error().code;
      return out;
    }
    if (*n == 0) break;
    out.data.append(reinterpret_cast<char*>(buffer), *n);
  }
  out.digest = stream.digest();
  return out;
}

std::string sample() {
  std::string s;
  for (int i = 0; i < 20000; i++) s += std::to_string(i * 7919 % 10007) + "\n";
  return s;
}

const std::string kSkippable("\x52\x2a\x4d\x18\x03\0\0\0abc", 11);

}  // namespace

TEST(formats_are_told_apart) {
  const std::string s = sample();
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{65536}}) {
    CHECK_EQ(decode(s, {}, piece).data, s);
    CHECK_EQ(decode(gzip(s), {}, piece).data, s);
    CHECK_EQ(decode(zstd(s), {}, piece).data, s);
    CHECK_EQ(decode(kSkippable + zstd(s), {}, piece).data, s);
  }
  CHECK_EQ(decode("").data, std::string());
  // Of the decompressed bytes, so the same for all three (the digest of no bytes is from FIPS 180-4).
  CHECK_EQ(decode(gzip(s)).digest, decode(s).digest);
  CHECK_EQ(decode(zstd(s)).digest, decode(s).digest);
  CHECK_EQ(decode(gzip("")).digest,
      std::string("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

TEST(members_and_frames_are_concatenated) {
  const std::string s = sample();
  CHECK_EQ(decode(gzip(s) + gzip("") + gzip("tail")).data, s + "tail");
  CHECK_EQ(decode(zstd(s) + kSkippable + zstd("tail") + kSkippable).data, s + "tail");
}

TEST(garbage_behind_the_end) {
  const std::string s = sample();
  CHECK_EQ(decode(gzip(s) + "garbage behind").code, std::string("ARCHIVE_INVALID"));
  CHECK_EQ(decode(gzip(s) + std::string(512, '\0')).code, std::string("ARCHIVE_INVALID"));
  CHECK_EQ(decode(zstd(s) + "garbage behind").code, std::string("ARCHIVE_INVALID"));
}

TEST(truncated_streams) {
  const std::string s = sample();
  for (const std::string& whole : {gzip(s), zstd(s)})
    for (std::size_t cut = 4; cut < whole.size(); cut += whole.size() / 61)
      CHECK_EQ(decode(whole.substr(0, cut)).code, std::string("ARCHIVE_TRUNCATED"));
  CHECK_EQ(decode(gzip(s).substr(0, gzip(s).size() - 1)).code, std::string("ARCHIVE_TRUNCATED"));
  CHECK_EQ(decode(zstd(s) + kSkippable.substr(0, 9)).code, std::string("ARCHIVE_TRUNCATED"));
}

TEST(corrupt_streams) {
  std::string crc = gzip(sample());
  crc[crc.size() - 6] = static_cast<char>(crc[crc.size() - 6] ^ 1);
  CHECK_EQ(decode(crc).code, std::string("ARCHIVE_INVALID"));
  std::string broken = zstd(sample());
  broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 0x55);
  broken[5] = '\xff';
  CHECK_EQ(decode(broken).code, std::string("ARCHIVE_INVALID"));
}

TEST(limits_on_output) {
  CHECK_EQ(decode(sample(), {.max_bytes = sample().size()}).code, std::string());
  Out out = decode(sample(), {.max_bytes = sample().size() - 1});
  CHECK_EQ(out.code, std::string("LIMIT_EXCEEDED"));
  CHECK(out.data.size() < sample().size());
  // zlib's best is 1:1032.
  const std::string zeros(8 << 20, '\0');
  CHECK_EQ(decode(gzip(zeros)).code, std::string("LIMIT_EXCEEDED"));
  CHECK_EQ(decode(zstd(zeros)).code, std::string("LIMIT_EXCEEDED"));
  CHECK_EQ(decode(gzip(zeros), {.max_ratio = 2000}).data.size(), zeros.size());
  CHECK_EQ(decode(gzip(zeros.substr(0, 1 << 20))).code, std::string());  // below the floor
}

TEST(endless_input_without_output) {
  std::string members, frames;
  const std::string member = gzip("").substr(0, 20);
  for (int i = 0; i < 80000; i++) members += member, frames += kSkippable;
  CHECK_EQ(decode(members, {.max_bytes = 1000}).code, std::string("LIMIT_EXCEEDED"));
  for (int i = 0; i < 50000; i++) frames += kSkippable;
  CHECK_EQ(decode(frames, {.max_bytes = 1000}).code, std::string("LIMIT_EXCEEDED"));
}

TEST(zstd_windows) {
  // A frame header that asks for a window of 2 GiB: exponent 21 (RFC 8878, 3.1.1.1.2).
  const std::string frame("\x28\xb5\x2f\xfd\x00\xa8", 6);
  CHECK_EQ(decode(frame + std::string(100, 'x')).code, std::string("ARCHIVE_INVALID"));
}
