// SPDX-License-Identifier: Apache-2.0
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "cgroup_tree.h"

namespace secure::cgroup {

namespace {

constexpr std::size_t kMaxMountinfo = 16U << 20;

constexpr std::array<std::string_view, 14> kControllers{
    "cpu",   "cpuacct", "cpuset",   "memory",     "devices", "freezer", "net_cls",
    "blkio", "pids",    "net_prio", "perf_event", "hugetlb", "rdma",    "misc"};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    std::size_t end = text.find(separator);
    if (end != 0 && !text.empty()) out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

// The kernel writes space, tab, newline and backslash of a path as \ooo.
std::string unescape(std::string_view text) {
  std::string out;
  auto octal = [](char c) { return c >= '0' && c <= '7'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] <= '3' && octal(text[i + 1]) && octal(text[i + 2]) &&
        octal(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool number(std::string_view text, unsigned& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool has_option(std::string_view options, std::string_view wanted) {
  auto all = split(options, ',');
  return std::find(all.begin(), all.end(), wanted) != all.end();
}

// proc(5): id parent major:minor root mount options [optional...] - type source super-options
std::optional<MountEntry> parse_line(std::string_view line) {
  auto fields = split(line, ' ');
  auto dash = std::find(fields.begin(), fields.end(), "-");
  if (dash - fields.begin() < 6 || fields.end() - dash < 4) return std::nullopt;
  std::string_view type = dash[1], super = dash[3];
  if (type != "cgroup" && type != "cgroup2") return std::nullopt;
  auto device = split(fields[2], ':');
  unsigned major_number = 0, minor_number = 0;
  if (device.size() != 2 || !number(device[0], major_number) || !number(device[1], minor_number)) return std::nullopt;
  MountEntry out;
  out.device = ::makedev(major_number, minor_number);
  out.root = unescape(fields[3]);
  out.mount = unescape(fields[4]);
  if (!out.mount.starts_with('/')) return std::nullopt;
  out.writable = has_option(fields[5], "rw") && has_option(super, "rw");
  out.v2 = type == "cgroup2";
  if (!out.v2)
    for (auto option : split(super, ','))
      if (option.starts_with("name=") || std::find(kControllers.begin(), kControllers.end(), option) != kControllers.end())
        out.controllers.emplace_back(option);
  return out;
}

// Whether a group on the way to this one belongs to the caller.
bool delegated(Fd at, const std::string& group) {
  auto parts = components(group);
  if (!parts) return false;
  for (const auto& part : *parts) {
    auto child = open_child(at.get(), part);
    if (!child) return false;
    at = std::move(*child);
    if (::faccessat(at.get(), ".", W_OK, AT_EACCESS) == 0) return true;
  }
  return false;
}

// A mount that a later one hides shows another file system at its path, or the same one with another device. What cannot
// be told is an error: a container must not be without the limits of a hierarchy because a call failed.
Result<bool> reachable(const MountEntry& entry, const std::string& group) {
  auto dir = open_nofollow(AT_FDCWD, entry.mount, O_PATH | O_DIRECTORY);
  if (!dir) {
    const int err = dir.error().err;
    if (err == ENOENT || err == ENOTDIR || err == ELOOP || err == EACCES) return false;
    return std::move(dir.error());
  }
  struct stat st {};
  struct statfs fs {};
  if (::fstat(dir->get(), &st) < 0 || ::fstatfs(dir->get(), &fs) < 0)
    return fail(Stage::cgroup, "CGROUP_OPEN_FAILED", errno, "look at " + entry.mount);
  auto magic = entry.v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC;
  if (st.st_dev != entry.device || static_cast<unsigned long>(fs.f_type) != static_cast<unsigned long>(magic)) return false;
  if (::faccessat(dir->get(), ".", W_OK, AT_EACCESS) == 0) return true;
  if (errno == EACCES) return entry.v2 && delegated(std::move(*dir), group);
  if (errno == EROFS) return false;
  return fail(Stage::cgroup, "CGROUP_OPEN_FAILED", errno, "ask for the rights to " + entry.mount);
}

}  // namespace

std::vector<MountEntry> parse_mountinfo(std::string_view text) {
  std::vector<MountEntry> out;
  for (auto line : split(text, '\n'))
    if (auto entry = parse_line(line)) out.push_back(std::move(*entry));
  return out;
}

Result<Layout> detect(const std::string& group) {
  SECURE_LET(text, read_file(AT_FDCWD, "/proc/self/mountinfo", kMaxMountinfo));
  std::vector<MountEntry> chosen;
  for (auto& entry : parse_mountinfo(text)) {
    if (!entry.writable) continue;
    SECURE_LET(usable, reachable(entry, group));
    if (!usable) continue;
    // The same hierarchy mounted twice: the mount that shows more of it.
    auto twin = std::find_if(chosen.begin(), chosen.end(), [&](const auto& e) { return e.device == entry.device; });
    if (twin == chosen.end()) chosen.push_back(std::move(entry));
    else if (twin->root != "/" && entry.root == "/") *twin = std::move(entry);
  }
  Layout out;
  bool any_v1 = false, any_v2 = false;
  for (auto& entry : chosen) {
    (entry.v2 ? any_v2 : any_v1) = true;
    Hierarchy hierarchy{std::move(entry.mount), std::move(entry.controllers), entry.v2};
    if (entry.v2) {
      auto dir = open_mount(hierarchy);
      // A name of its own: the pieces are views into it.
      const std::string text_v2 = dir ? read_text(dir->get(), "cgroup.controllers") : std::string();
      for (auto name : split(std::string_view(text_v2).substr(0, text_v2.find('\n')), ' '))
        hierarchy.controllers.emplace_back(name);
    }
    out.hierarchies.push_back(std::move(hierarchy));
  }
  out.mode = any_v1 ? (any_v2 ? Mode::hybrid : Mode::v1) : (any_v2 ? Mode::v2 : Mode::none);
  return out;
}

}  // namespace secure::cgroup
