// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "record_store.h"

namespace secure::record {

namespace {

constexpr std::size_t kMaxSubids = 1U << 20;
constexpr std::uint32_t kRanges = (kRangeEnd - kRangeFirst) / kRangeSize;

bool parse_number(std::string_view text, std::uint64_t& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

Result<std::vector<IdRange>> delegated() {
  std::vector<IdRange> out;
  for (const char* path : {"/etc/subuid", "/etc/subgid"}) {
    auto text = read_file(AT_FDCWD, path, kMaxSubids);
    if (!text) {
      // Not knowing which ids are somebody else's is no reason to hand them out.
      if (text.error().err != ENOENT) return std::move(text.error());
      continue;
    }
    for (const auto& range : parse_subids(*text)) out.push_back(range);
  }
  return out;
}

bool overlaps(const std::vector<IdRange>& ranges, std::uint32_t first) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const IdRange& r) {
    return r.first < std::uint64_t{first} + kRangeSize && first < r.first + r.count;
  });
}

}  // namespace

std::vector<IdRange> parse_subids(std::string_view text) {
  std::vector<IdRange> out;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::size_t a = line.find(':');
    std::size_t b = a == std::string_view::npos ? a : line.find(':', a + 1);
    IdRange range;
    if (b == std::string_view::npos || !parse_number(line.substr(a + 1, b - a - 1), range.first) ||
        !parse_number(line.substr(b + 1), range.count))
      continue;
    // Ids have 32 bits; a larger count cannot wrap around to spare a range.
    if (range.first > UINT32_MAX) continue;
    range.count = std::min<std::uint64_t>(range.count, (1ULL << 32) - range.first);
    out.push_back(range);
  }
  return out;
}

Result<std::uint32_t> allocate_range(const Roots& roots, const std::string& id) {
  SECURE_LET(containers, open_dir(roots.state, "containers", false));
  if (!valid_id(id) || !owner_alive(containers.get(), id))
    return fail(Stage::state, "NO_SUCH_CONTAINER", 0, "there is no container " + id + " to reserve ids for");
  SECURE_LET(ranges, open_dir(roots.state, "ranges", true));
  SECURE_LET(shared, open_dir(roots.host, "ranges", true));
  SECURE_LET(others, delegated());
  const std::string target = record_path(roots, id);
  // From a random place: the ids of a removed container, which may own files on a volume, do not come back at once.
  const auto start = static_cast<std::uint32_t>(std::stoul(new_id().substr(0, 7), nullptr, 16) % kRanges);
  for (std::uint32_t i = 0; i < kRanges; ++i) {
    const std::uint32_t first = kRangeFirst + (start + i) % kRanges * kRangeSize;
    if (overlaps(others, first)) continue;
    const std::string entry = std::to_string(first);
    // The host's first: it is what other instances see. A crash in between leaves one that gc() finds by its target.
    SECURE_LET(host, claim(shared.get(), entry, target, containers.get()));
    if (!host.made) continue;
    auto own = claim(ranges.get(), entry, id, containers.get());
    if (own && own->made) return first;
    SECURE_TRY(release(shared.get(), entry, target));
    if (!own) return std::move(own.error());
  }
  return fail(Stage::userns, "RANGE_EXHAUSTED", 0,
              "all " + std::to_string(kRanges) + " ranges of user ids are in use on this host",
              "remove containers, or run secure-runtime gc");
}

}  // namespace secure::record
