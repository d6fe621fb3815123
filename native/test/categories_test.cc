// SPDX-License-Identifier: Apache-2.0
#include "categories.h"

#include <set>

#include "check.h"

namespace secure {

TEST(pairs_are_different_and_of_two_categories_that_exist) {
  std::set<std::string> seen;
  for (std::uint32_t n = 0; n < categories::kPairs; ++n) {
    unsigned low = 0, high = 0;
    const std::string text = categories::pair(n);
    CHECK_EQ(std::sscanf(text.c_str(), "c%u,c%u", &low, &high), 2);
    if (low >= high || high >= categories::kCount) CHECK_EQ(text, "two categories");
    seen.insert(text);
  }
  CHECK_EQ(seen.size(), std::size_t{categories::kPairs});
}

TEST(containers_with_ranges_share_no_pair_with_any_other) {
  CHECK_EQ(categories::of_container(65536, "a"), categories::of_container(65536, "b"));
  CHECK(categories::of_container(65536, "a") != categories::of_container(131072, "a"));
  std::set<std::string> ranges;
  for (std::uint32_t start = 65536; start >= 65536; start += 65536) ranges.insert(categories::of_container(start, ""));
  CHECK_EQ(ranges.size(), std::size_t{65535});
  for (int i = 0; i < 1000; ++i) CHECK(!ranges.contains(categories::of_container(0, std::to_string(i))));
}

}  // namespace secure
