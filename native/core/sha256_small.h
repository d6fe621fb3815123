// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) of a text at hand, as 64 hex digits. For the program that starts containers: libcrypto (sha256.h), which is what everything
// that hashes much uses, would make it several times as large, and every start slower by what it initialises.
#pragma once

#include <string>
#include <string_view>

namespace secure {

std::string sha256_hex(std::string_view text);

}  // namespace secure
