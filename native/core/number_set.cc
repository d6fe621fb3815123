// SPDX-License-Identifier: Apache-2.0
#include "number_set.h"

#include "number.h"

namespace secure::number_set {

namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\n") - from + 1);
}

}  // namespace

std::optional<std::vector<unsigned long>> parse(std::string_view text) {
  std::vector<unsigned long> out;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view item = trimmed(text.substr(0, comma));
    const std::size_t dash = item.find('-');
    const auto first = number::decimal(trimmed(item.substr(0, dash)), kMax - 1);
    const auto last = dash == std::string_view::npos ? first : number::decimal(trimmed(item.substr(dash + 1)), kMax - 1);
    if (!first || !last || *last < *first) return std::nullopt;
    if (out.size() <= *last / kWordBits) out.resize(*last / kWordBits + 1);
    for (auto n = *first; n <= *last; ++n) out[n / kWordBits] |= 1UL << (n % kWordBits);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace secure::number_set
