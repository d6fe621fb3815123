// SPDX-License-Identifier: Apache-2.0
#include "confine.h"
#include "userns.h"

namespace secure::confine {

namespace {

// "inside outside count" per line; inside to inside is the identity as seen from here.
Result<std::vector<spec::IdMap>> identity(const char* path) {
  SECURE_LET(text, read_file(AT_FDCWD, path, 64U << 10));
  std::vector<spec::IdMap> map;
  const char* at = text.c_str();
  for (;;) {
    char* end = nullptr;
    const auto first = static_cast<std::uint32_t>(std::strtoul(at, &end, 10));
    if (end == at) break;
    at = end;
    (void)std::strtoul(at, &end, 10);
    at = end;
    map.push_back({first, first, static_cast<std::uint32_t>(std::strtoul(at, &end, 10))});
    at = end;
  }
  return map;
}

}  // namespace

Status map_ids(pid_t pid) {
  SECURE_LET(uids, identity("/proc/self/uid_map"));
  SECURE_LET(gids, identity("/proc/self/gid_map"));
  return userns::write_maps(pid, uids, gids);
}

}  // namespace secure::confine
