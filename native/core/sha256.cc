// SPDX-License-Identifier: Apache-2.0
#include "sha256.h"

// The low-level functions, deprecated in favour of EVP: EVP links the provider machinery (megabytes, and
// dlopen) into a static binary, these link two objects.
#define OPENSSL_API_COMPAT 10101
#include <openssl/sha.h>

namespace secure {

struct Sha256::State {
  SHA256_CTX context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }
Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::uint8_t> data) { SHA256_Update(&state_->context, data.data(), data.size()); }

std::string Sha256::digest() {
  unsigned char raw[SHA256_DIGEST_LENGTH];
  SHA256_Final(raw, &state_->context);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "sha256:";
  for (unsigned char byte : raw) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

bool is_sha256_digest(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + 64) return false;
  return text.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

}  // namespace secure
