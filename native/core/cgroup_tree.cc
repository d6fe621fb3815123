// SPDX-License-Identifier: Apache-2.0
#include "cgroup_tree.h"

#include <dirent.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace secure::cgroup {

namespace {

constexpr std::size_t kMaxFile = 1U << 20;

Error invalid(const std::string& path, const char* problem, const char* hint = "") {
  // A path of thousands of bytes would drown the message.
  return fail(Stage::config, "CGROUP_PATH_INVALID", 0, "cgroup path '" + path.substr(0, 128) + "' " + problem, hint);
}

}  // namespace

Result<std::vector<std::string>> components(const std::string& path) {
  if (path.size() > 4095) return invalid(path, "is longer than 4095 bytes");
  if (!path.starts_with('/')) return invalid(path, "is not absolute");
  if (path.find('/', 1) == std::string::npos && std::count(path.begin(), path.end(), ':') == 2)
    return invalid(path, "is one for systemd", "use --systemd-cgroup, or the cgroupfs driver of the engine");
  std::vector<std::string> out;
  for (std::size_t pos = 1; pos <= path.size();) {
    std::size_t end = std::min(path.find('/', pos), path.size());
    std::string part = path.substr(pos, end - pos);
    pos = end + 1;
    if (part.empty()) return invalid(path, "has an empty component");
    if (part == "." || part == "..") return invalid(path, "has a component . or ..");
    if (part.size() > 255) return invalid(path, "has a component longer than 255 bytes");
    if (std::any_of(part.begin(), part.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
      return invalid(path, "has a control character in it");
    out.push_back(std::move(part));
  }
  return out;
}

std::string clean_path(const std::string& configured) {
  std::string out;
  for (std::size_t at = 0; at < configured.size();) {
    const std::size_t end = std::min(configured.find('/', at), configured.size());
    // ".." is refused by whoever uses the path: what it leads to would depend on who reads it.
    if (end > at && configured.compare(at, end - at, ".") != 0) out.append("/").append(configured, at, end - at);
    at = end + 1;
  }
  return out;
}

Result<Fd> open_mount(const Hierarchy& hierarchy) {
  SECURE_LET(dir, open_nofollow(AT_FDCWD, hierarchy.mount, O_PATH | O_DIRECTORY));
  struct statfs fs {};
  auto magic = hierarchy.v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC;
  if (::fstatfs(dir.get(), &fs) < 0 || static_cast<unsigned long>(fs.f_type) != static_cast<unsigned long>(magic))
    return fail(Stage::cgroup, "CGROUP_MOUNT_CHANGED", 0, hierarchy.mount + " is no cgroup mount any more");
  return dir;
}

Result<Fd> open_child(int at, const std::string& name) {
  int fd = sys_openat2(at, name.c_str(), O_PATH | O_DIRECTORY, 0,
                       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
  if (fd < 0) return fail(Stage::cgroup, "CGROUP_OPEN_FAILED", errno, "open cgroup " + name);
  return Fd(fd);
}

std::vector<std::string> child_groups(int dir) {
  std::vector<std::string> out;
  int fd = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return out;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), ::closedir);
  if (!stream) {
    ::close(fd);
    return out;
  }
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") out.push_back(std::move(name));
  }
  return out;
}

bool Membership::of(std::string_view controller) const {
  return ("," + controllers + ",").find("," + std::string(controller) + ",") != std::string::npos;
}

std::vector<Membership> memberships(std::string_view text) {
  std::vector<Membership> out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    out.push_back({std::string(line.substr(first + 1, second - first - 1)), std::string(line.substr(second + 1))});
  }
  return out;
}

bool has(const Hierarchy& hierarchy, std::string_view controller) {
  return std::find(hierarchy.controllers.begin(), hierarchy.controllers.end(), controller) != hierarchy.controllers.end();
}

Place place_of(const Group& group, std::string_view controller, const char* probe) {
  Place out;
  for (std::size_t i = 0; i < group.dirs.size(); ++i) {
    if (!group.dirs[i].valid()) continue;
    const auto& hierarchy = group.layout.hierarchies[i];
    int fd = group.dirs[i].get();
    if (hierarchy.v2) {
      if (out.fd < 0 && ::faccessat(fd, probe, F_OK, 0) == 0) out = {fd, true};
    } else if (has(hierarchy, controller)) {
      return {fd, false};
    }
  }
  return out;
}

std::string read_text(int dir, const char* file) {
  auto text = read_file(dir, file, kMaxFile);
  return text ? std::move(*text) : std::string();
}

std::uint64_t read_number(int dir, const char* file, std::string_view key) {
  std::string text = read_text(dir, file);
  std::string_view rest = text;
  if (!key.empty()) {
    std::string line = std::string(key) + " ";
    std::size_t at = rest.starts_with(line) ? 0 : rest.find("\n" + line);
    if (at == std::string_view::npos) return 0;
    rest.remove_prefix(at + line.size() + (at == 0 && rest.starts_with(line) ? 0 : 1));
  }
  std::uint64_t out = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
  return error == std::errc{} ? out : 0;
}

int v2_dir(const Group& group) {
  for (std::size_t i = 0; i < group.dirs.size(); ++i)
    if (group.layout.hierarchies[i].v2) return group.dirs[i].get();
  return -1;
}

}  // namespace secure::cgroup
