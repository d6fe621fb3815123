// SPDX-License-Identifier: Apache-2.0
#include "environment.h"

#include <sys/stat.h>

#include <algorithm>

#include "fd.h"
#include "number.h"

namespace secure::environment {

namespace {

constexpr std::size_t kMaxPasswd = 1U << 20;

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

std::string_view next_field(std::string_view& line) {
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  line.remove_prefix(colon == std::string_view::npos ? line.size() : colon + 1);
  return field;
}

}  // namespace

std::vector<char*> unique(const std::vector<std::string>& entries, bool& has_home) {
  struct Entry {
    std::string_view name;
    std::size_t index;
  };
  std::vector<Entry> order;
  order.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) order.push_back({name_of(entries[i]), i});
  // Sorted by name, then place: an environment of thousands is no reason for millions of comparisons.
  std::sort(order.begin(), order.end(), [](const Entry& a, const Entry& b) { return a.name != b.name ? a.name < b.name : a.index < b.index; });
  std::vector<char*> at(entries.size(), nullptr);
  has_home = false;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && order[end].name == order[i].name) ++end;
    const std::string& value = entries[order[end - 1].index];
    const bool home = order[i].name == "HOME";
    if (home && value.size() > 5) has_home = true;
    if (!home || value.size() > 5) at[order[i].index] = const_cast<char*>(value.c_str());
    i = end;
  }
  std::erase(at, nullptr);
  return at;
}

std::string home_in(std::string_view passwd, std::uint32_t uid) {
  while (!passwd.empty()) {
    const std::size_t end = passwd.find('\n');
    std::string_view line = passwd.substr(0, end);
    passwd.remove_prefix(end == std::string_view::npos ? passwd.size() : end + 1);
    (void)next_field(line);
    (void)next_field(line);
    if (const auto number = number::decimal(next_field(line), UINT32_MAX); !number || *number != uid) continue;
    (void)next_field(line);
    (void)next_field(line);
    const std::string_view home = next_field(line);
    return home.find('\0') == std::string_view::npos ? std::string(home) : std::string();
  }
  return {};
}

std::string find_home(std::uint32_t uid) {
  // O_PATH first: opening a device or a FIFO can already do something.
  Fd found(sys_openat2(AT_FDCWD, "/etc/passwd", O_PATH, 0, RESOLVE_NO_MAGICLINKS));
  struct stat st {};
  if (!found.valid() || ::fstat(found.get(), &st) < 0 || !S_ISREG(st.st_mode)) return "/";
  Fd file(sys_openat2(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, RESOLVE_NO_MAGICLINKS));
  struct stat now {};
  if (!file.valid() || ::fstat(file.get(), &now) < 0 || now.st_ino != st.st_ino || now.st_dev != st.st_dev) return "/";
  auto text = read_fd(file.get(), kMaxPasswd, "/etc/passwd of the container");
  const std::string home = text ? home_in(*text, uid) : std::string();
  return home.empty() ? "/" : home;
}

}  // namespace secure::environment
