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

// By hand: this stands in every line of a log, and gmtime(3) reads the time zone's file.
std::string now_rfc3339() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t seconds = now.tv_sec, day = seconds / 86400 + 719468, rest = seconds % 86400;
  // Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March.
  const std::int64_t era = day / 146097, of_era = day % 146097;
  const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  std::string text = "0000-00-00T00:00:00.000000000Z";
  const auto put = [&](std::size_t last, std::int64_t value) {
    for (; value > 0; value /= 10) text[last--] = static_cast<char>('0' + value % 10);
  };
  put(3, year_of_era + era * 400 + (month <= 2 ? 1 : 0));
  put(6, month);
  put(9, of_year - (153 * shifted + 2) / 5 + 1);
  put(12, rest / 3600);
  put(15, rest / 60 % 60);
  put(18, rest % 60);
  put(28, now.tv_nsec);
  return text;
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
