// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "path.h"
#include "policy_parts.h"

namespace secure::policy {

namespace {

// `*` for any text, of one component; both are short.
bool glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view take(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view first = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  return first;
}

bool component(std::string_view pattern, std::string_view text, const Names& names) {
  if (pattern == "{id}") return text == names.id;
  if (pattern == "{sandbox}") return text == names.sandbox;
  if (pattern == "{pod}") return names.any_pod || names.pod == text;
  return glob(pattern, text);
}

}  // namespace

bool within(std::string_view pattern, std::string_view path) {
  if (pattern == path) return true;
  if (!pattern.ends_with("/**")) return false;
  const std::string_view top = pattern.substr(0, pattern.size() - 3);
  return path::at_or_below(path, top);
}

bool within_any(const std::vector<std::string>& patterns, std::string_view path) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return within(pattern, path); });
}

bool matches(std::string_view pattern, std::string_view path, const Names& names) {
  while (!pattern.empty()) {
    const std::string_view wanted = take(pattern);
    if (wanted == "**" && pattern.empty()) return true;
    if (path.empty()) return false;
    if (!component(wanted, take(path), names)) return false;
  }
  return path.empty();
}

}  // namespace secure::policy
