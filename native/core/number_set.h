// SPDX-License-Identifier: Apache-2.0
// Lists of numbers as the kernel writes them for processors and memory nodes (cpuset(7), "List format"): "0-3,7".
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace secure::number_set {

inline constexpr unsigned kMax = 8192;  // CONFIG_NR_CPUS_RANGE_END
inline constexpr unsigned kWordBits = 8 * sizeof(unsigned long);

// Bit n of word n / kWordBits for each number n below kMax; blanks around numbers and ranges are allowed. Nothing for
// what is not such a list, an empty one included.
std::optional<std::vector<unsigned long>> parse(std::string_view text);

}  // namespace secure::number_set
