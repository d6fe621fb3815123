// SPDX-License-Identifier: Apache-2.0
#include "extract_path.h"

#include "tar.h"

namespace secure::extract {

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

Error escape(std::string_view raw, const std::string& why) {
  return fail(Stage::image, "PATH_ESCAPE", 0, why + ": " + tar::quoted(raw),
              "a layer has no such names unless somebody made it to write outside of its directory");
}

Error exceeded(std::string_view raw, const std::string& what, std::size_t limit) {
  return fail(Stage::image, "LIMIT_EXCEEDED", 0, what + " (limit " + std::to_string(limit) + "): " + tar::quoted(raw));
}

Status set_kind(Path& path, std::string_view raw) {
  if (!path.name.starts_with(kWhiteout)) return Ok{};
  if (path.name == kOpaque) {
    path.kind = Kind::opaque;
    path.name.clear();
    return Ok{};
  }
  path.name.erase(0, kWhiteout.size());
  if (path.name.empty()) return tar::invalid("a whiteout of nothing: " + tar::quoted(raw));
  if (path.name == "." || path.name == "..") return escape(raw, "a whiteout of a directory itself");
  // ".wh..wh.plnk" and its like are the bookkeeping of AUFS; as whiteouts they would make names that the
  // next reader takes for whiteouts.
  if (path.name.starts_with(kWhiteout)) return tar::invalid("a whiteout of a whiteout: " + tar::quoted(raw));
  path.kind = Kind::whiteout;
  return Ok{};
}

}  // namespace

Result<Path> parse_path(std::string_view raw, std::size_t max_depth) {
  if (raw.empty()) return tar::invalid("an empty name");
  if (raw.size() > kMaxPath - 1) return exceeded(raw, "a name is too long", kMaxPath - 1);
  if (raw.find('\0') != std::string_view::npos) return tar::invalid("a name with a NUL byte: " + tar::quoted(raw));
  if (raw == "/") return Path{};
  if (raw.front() == '/') return escape(raw, "an absolute name");
  Path path;
  std::size_t depth = 0;
  for (std::size_t at = 0; at < raw.size();) {
    std::size_t end = raw.find('/', at);
    if (end == std::string_view::npos) end = raw.size();
    std::string_view part = raw.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") return escape(raw, "a name with '..'");
    if (part.size() > kMaxName) return exceeded(raw, "a name with a component that is too long", kMaxName);
    if (++depth > max_depth) return exceeded(raw, "a name that is too deep", max_depth);
    if (path.name.starts_with(kWhiteout))
      return tar::invalid("a directory with the name of a whiteout: " + tar::quoted(raw));
    path.parent = path.full();
    path.name = part;
  }
  SECURE_TRY(set_kind(path, raw));
  return path;
}

Result<Path> parse_link(std::string_view raw, std::size_t max_depth) {
  SECURE_LET(path, parse_path(raw, max_depth));
  if (path.kind != Kind::plain || path.is_root())
    return tar::invalid("a hard link to something that is not a file: " + tar::quoted(raw));
  return path;
}

}  // namespace secure::extract
