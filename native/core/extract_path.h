// SPDX-License-Identifier: Apache-2.0
// Names in a layer, checked as text before any of them reaches the kernel.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "result.h"

namespace secure::extract {

inline constexpr std::size_t kMaxPath = 4096;  // PATH_MAX
inline constexpr std::size_t kMaxName = 255;   // NAME_MAX

enum class Kind {
  plain,
  whiteout,  // ".wh.NAME": `name` is NAME
  opaque,    // ".wh..wh..opq": hides what lower layers have in `parent`; `name` is empty
};

// "usr/bin/env": parent "usr/bin", name "env". The root of the layer has both empty.
struct Path {
  Kind kind = Kind::plain;
  std::string parent, name;
  [[nodiscard]] bool is_root() const { return kind == Kind::plain && name.empty(); }
  [[nodiscard]] std::string full() const { return parent.empty() ? name : parent + "/" + name; }
};

// Normalizes (no ".", no repeated or trailing slash) and splits. `..` and absolute names are PATH_ESCAPE, and so are
// whiteouts of "." and ".."; too long or too deep is LIMIT_EXCEEDED; other names that only a whiteout
// parser would understand are ARCHIVE_INVALID (image-spec layer.md, "Whiteouts").
// A lone "/" is the root, as kaniko writes it.
Result<Path> parse_path(std::string_view raw, std::size_t max_depth);

// As parse_path, for the target of a hard link: whiteouts and the root are refused.
Result<Path> parse_link(std::string_view raw, std::size_t max_depth);

}  // namespace secure::extract
