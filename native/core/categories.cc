// SPDX-License-Identifier: Apache-2.0
#include "categories.h"

#include <functional>

namespace secure::categories {

namespace {

constexpr std::uint32_t kRange = 65536;
constexpr std::uint32_t kRanges = 65536;  // of 32-bit user ids

}  // namespace

std::string pair(std::uint32_t n) {
  n %= kPairs;
  // Pairs by their larger category: one with c1, two with c2, ...
  std::uint32_t high = 1;
  for (; n >= high; ++high) n -= high;
  return "c" + std::to_string(n) + ",c" + std::to_string(high);
}

std::string of_container(std::uint32_t range_start, const std::string& id) {
  if (range_start != 0) return pair(range_start / kRange);
  // Without a range of its own: none of the pairs above, and alike with another container once in half a million.
  return pair(static_cast<std::uint32_t>(kRanges + std::hash<std::string>{}(id) % (kPairs - kRanges)));
}

}  // namespace secure::categories
