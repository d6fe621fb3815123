// SPDX-License-Identifier: Apache-2.0
#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <charconv>

#include "record_store.h"

namespace secure::record {

namespace {

bool alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::string new_id() {
  unsigned char bytes[32];
  std::size_t have = 0;
  while (have < sizeof bytes) {
    ssize_t n = ::getrandom(bytes + have, sizeof bytes - have, 0);
    // There is no weaker source to fall back to: a guessable id would be a guessable path.
    if (n < 0 && errno != EINTR) std::abort();
    if (n > 0) have += static_cast<std::size_t>(n);
  }
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (unsigned char byte : bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

bool valid_name(const std::string& name) {
  return !name.empty() && name.size() <= 128 && alphanumeric(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) { return alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

bool valid_id(const std::string& id) { return valid_name(id); }

std::string now_rfc3339() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  ::gmtime_r(&now.tv_sec, &utc);
  char text[64];
  int n = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", utc.tm_year + 1900, utc.tm_mon + 1,
                        utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec);
  return {text, static_cast<std::size_t>(n)};
}

std::string boot_id() {
  auto text = read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 256);
  if (!text) return {};
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return *text;
}

ProcessStat parse_stat(std::string_view text) {
  // The name in parentheses may contain anything, parentheses and spaces included: count from the last one.
  ProcessStat out;
  std::size_t at = text.rfind(')');
  if (at == std::string_view::npos || at + 2 >= text.size()) return out;
  text.remove_prefix(at + 2);
  char state = text[0];
  for (int field = 3; field < 22; ++field) {
    at = text.find(' ');
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
  std::uint64_t start = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), start).ec != std::errc{}) return out;
  return {state, start};
}

namespace {

ProcessStat stat_of(pid_t pid) {
  if (pid <= 0) return {};
  auto text = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/stat", 65536);
  return text ? parse_stat(*text) : ProcessStat{};
}

}  // namespace

std::uint64_t start_time(pid_t pid) { return stat_of(pid).start; }

bool process_alive(pid_t pid, std::uint64_t start) {
  ProcessStat stat = stat_of(pid);
  return start != 0 && stat.start == start && stat.state != 'Z' && stat.state != 'X';
}

}  // namespace secure::record
