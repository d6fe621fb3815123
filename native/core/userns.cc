// SPDX-License-Identifier: Apache-2.0
#include "userns.h"

#include <sys/syscall.h>

namespace secure::userns {

namespace {

Status write_map(const std::string& path, const std::vector<spec::IdMap>& map) {
  std::string text;
  for (const auto& m : map)
    text += std::to_string(m.container) + " " + std::to_string(m.host) + " " + std::to_string(m.size) + "\n";
  // One write(2): the kernel takes the map whole or not at all.
  return write_file_once(AT_FDCWD, path, text, Stage::userns);
}

}  // namespace

Status write_maps(pid_t pid, const std::vector<spec::IdMap>& uids, const std::vector<spec::IdMap>& gids) {
  std::string base = "/proc/" + std::to_string(pid) + "/";
  SECURE_TRY(write_map(base + "gid_map", gids));
  return write_map(base + "uid_map", uids);
}

Result<Fd> open(pid_t pid) {
  std::string path = "/proc/" + std::to_string(pid) + "/ns/user";
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return fail(Stage::userns, "USERNS_FAILED", errno, "open the user namespace of the container");
  return fd;
}

bool initial() {
  auto map = read_file(AT_FDCWD, "/proc/self/uid_map", 65536);
  return map && map->find("4294967295") != std::string::npos;
}

Status become_root(Groups groups) {
  const bool dropped = groups == Groups::keep || ::syscall(SYS_setgroups, 0UL, nullptr) == 0 || groups == Groups::drop_if_allowed;
  if (!dropped || ::syscall(SYS_setresgid, 0, 0, 0) < 0 || ::syscall(SYS_setresuid, 0, 0, 0) < 0)
    return fail(Stage::userns, "USERNS_FAILED", errno, "become root of the user namespace", "the map must cover id 0");
  return Ok{};
}

std::optional<std::uint32_t> to_host(const std::vector<spec::IdMap>& map, std::uint32_t id) {
  if (map.empty()) return id;
  for (const auto& m : map)
    if (id >= m.container && id - m.container < m.size) return m.host + (id - m.container);
  return std::nullopt;
}

}  // namespace secure::userns
