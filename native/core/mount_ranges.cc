// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "mount_options.h"
#include "number.h"

namespace secure::mount_options {

namespace {

Error malformed(std::string_view text, const char* why) {
  return fail(Stage::config, "CONFIG_INVALID", 0, "option idmap: '" + std::string(text) + "' " + why, "idmap=uids=0-100000-65536;gids=0-100000-65536");
}

// Up to the first `separator`, which is taken off as well.
std::string_view cut(std::string_view& text, char separator) {
  const std::string_view head = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), head.size() + 1));
  return head;
}

// From the container's numbering to the host's. A range that leaves one of its maps would reach ids that are not the container's.
Result<std::uint32_t> outside(std::string_view text, std::uint64_t first, std::uint64_t size, const std::vector<spec::IdMap>& own) {
  for (const auto& map : own)
    if (first >= map.container && first - map.container + size <= map.size) return static_cast<std::uint32_t>(map.host + (first - map.container));
  return malformed(text, "is not inside one mapping of the container's user namespace");
}

Result<spec::IdMap> parse_range(std::string_view text, const std::vector<spec::IdMap>& own) {
  std::string_view rest = text;
  const bool relative = rest.starts_with('@');
  if (relative) rest.remove_prefix(1);
  std::array<std::uint64_t, 3> number{};
  for (auto& one : number) {
    const auto value = number::decimal(cut(rest, '-'), UINT32_MAX);
    if (!value) return malformed(text, "is no range of ids");
    one = *value;
  }
  if (!rest.empty() || number[2] == 0) return malformed(text, "is no range of ids");
  if (relative) {
    SECURE_LET(host, outside(text, number[1], number[2], own));
    number[1] = host;
  }
  if (number[0] + number[2] > UINT32_MAX || number[1] + number[2] > UINT32_MAX) return malformed(text, "maps ids beyond 4294967294");
  return spec::IdMap{static_cast<std::uint32_t>(number[0]), static_cast<std::uint32_t>(number[1]), static_cast<std::uint32_t>(number[2])};
}

}  // namespace

Result<Ranges> parse_ranges(std::string_view text, const std::vector<spec::IdMap>& own_uids, const std::vector<spec::IdMap>& own_gids) {
  Ranges out;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view part = cut(rest, ';');
    const bool uids = part.starts_with("uids=");
    if (!uids && !part.starts_with("gids=")) return malformed(part, "starts with neither uids= nor gids=");
    part.remove_prefix(5);
    auto& into = uids ? out.uids : out.gids;
    if (!into.empty()) return malformed(text, "repeats itself");
    while (!part.empty()) {
      SECURE_LET(range, parse_range(cut(part, '#'), uids ? own_uids : own_gids));
      into.push_back(range);
    }
  }
  if (out.uids.empty() || out.gids.empty()) return malformed(text, "must have both uids= and gids=");
  if (out.uids.size() > 340 || out.gids.size() > 340) return malformed("idmap", "has more than the 340 mappings that the kernel takes");
  return out;
}

}  // namespace secure::mount_options
