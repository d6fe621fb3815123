// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace secure::path {

// Of absolute paths in one spelling, by their components: "/a/b" is below "/a", "/ab" is not.
inline bool below(std::string_view path, std::string_view top) { return path.size() > top.size() && path.starts_with(top) && path[top.size()] == '/'; }
inline bool at_or_below(std::string_view path, std::string_view top) { return path == top || below(path, top); }

}  // namespace secure::path
