// SPDX-License-Identifier: Apache-2.0
// Archives for tests, built block by block, so that every field can be wrong.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "decompress.h"

namespace tar_builder {

inline std::string octal(std::uint64_t value, std::size_t width) {
  std::string out(width, '0');
  for (std::size_t i = width - 1; i-- > 0; value >>= 3) out[i] = static_cast<char>('0' + (value & 7));
  out[width - 1] = '\0';
  return out;
}

inline std::string padded(std::string data) {
  data.resize((data.size() + 511) / 512 * 512, '\0');
  return data;
}

// Sum the block again after a change.
inline void seal(std::string& block) {
  std::fill_n(block.begin() + 148, 8, ' ');
  std::uint64_t sum = 0;
  for (char c : block.substr(0, 512)) sum += static_cast<unsigned char>(c);
  block.replace(148, 8, octal(sum, 7) + " ");
}

struct Member {
  std::string name;
  char flag = '0';
  std::string content;
  std::string link;
  std::uint32_t mode = 0644, uid = 0, gid = 0;
  std::uint64_t mtime = 1'700'000'000;
};

inline std::string header(const Member& m) {
  std::string b(512, '\0');
  b.replace(0, std::min<std::size_t>(m.name.size(), 100), m.name, 0, 100);
  b.replace(100, 8, octal(m.mode, 8));
  b.replace(108, 8, octal(m.uid, 8));
  b.replace(116, 8, octal(m.gid, 8));
  b.replace(124, 12, octal(m.content.size(), 12));
  b.replace(136, 12, octal(m.mtime, 12));
  b[156] = m.flag;
  b.replace(157, std::min<std::size_t>(m.link.size(), 100), m.link, 0, 100);
  b.replace(257, 8, std::string("ustar\0" "00", 8));
  seal(b);
  return b;
}

inline std::string member(const Member& m) { return header(m) + padded(m.content); }
inline std::string file(const std::string& name, const std::string& content = "x") {
  return member({.name = name, .content = content, .link = {}});
}
inline std::string folder(const std::string& name, std::uint32_t mode = 0755) {
  return member({.name = name, .flag = '5', .content = {}, .link = {}, .mode = mode});
}
inline std::string soft_link(const std::string& name, const std::string& target) {
  return member({.name = name, .flag = '2', .content = {}, .link = target, .mode = 0777});
}
inline std::string hard_link(const std::string& name, const std::string& target) {
  return member({.name = name, .flag = '1', .content = {}, .link = target});
}

inline std::string record(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) length++;
  return std::to_string(length) + " " + key + "=" + value + "\n";
}
inline std::string pax(const std::string& records, char flag = 'x') {
  return member({.name = "PaxHeaders/x", .flag = flag, .content = records, .link = {}});
}

inline std::string end() { return std::string(1024, '\0'); }

}  // namespace tar_builder

// A Source over memory that gives at most `piece` bytes at a time.
class MemorySource : public secure::decompress::Source {
 public:
  explicit MemorySource(std::string data, std::size_t piece = 65536) : data_(std::move(data)), piece_(piece) {}
  secure::Result<std::size_t> read(std::span<std::uint8_t> out) override {
    const std::size_t n = std::min({out.size(), piece_, data_.size() - at_});
    if (n != 0) std::memcpy(out.data(), data_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  std::string data_;
  std::size_t piece_, at_ = 0;
};
