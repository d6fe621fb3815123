// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace secure {

// Incremental SHA-256 (libcrypto, which uses the SHA extensions of the processor).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::span<const std::uint8_t> data);
  // "sha256:" and 64 hex digits, of everything so far; the object is spent afterwards.
  [[nodiscard]] std::string digest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "sha256:" followed by exactly 64 lower-case hex digits (image-spec descriptor.md, digests).
bool is_sha256_digest(std::string_view text);

}  // namespace secure
