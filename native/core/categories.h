// SPDX-License-Identifier: Apache-2.0
// Multi-category security of SELinux: two categories keep containers of one domain apart.
#pragma once

#include <cstdint>
#include <string>

namespace secure::categories {

// Categories that distributions' policies have: c0 to c1023.
inline constexpr std::uint32_t kCount = 1024;
// Different pairs of them.
inline constexpr std::uint32_t kPairs = kCount * (kCount - 1) / 2;

// The n-th pair, e.g. "c3,c17": different for different n below kPairs, and never one category twice, which would be a single one.
std::string pair(std::uint32_t n);

// For a container: by its range of user ids, which no other has, else by its id.
std::string of_container(std::uint32_t range_start, const std::string& id);

}  // namespace secure::categories
