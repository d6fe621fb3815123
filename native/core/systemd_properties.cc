// SPDX-License-Identifier: Apache-2.0
#include "systemd_properties.h"

#include <algorithm>
#include <array>

#include "number.h"

namespace secure::systemd {

namespace {

constexpr std::uint64_t kDefaultPeriod = 100'000;

std::uint64_t or_infinity(std::int64_t value) { return value < 0 ? UINT64_MAX : static_cast<std::uint64_t>(value); }
bool asked(const std::optional<std::int64_t>& value) { return value && *value != 0; }

// What the kernel reads in a file of sizes or counts: "max", or a number with an optional unit. Nothing for anything else, which
// the kernel will refuse by itself.
std::optional<std::uint64_t> file_value(std::string_view text) {
  if (text == "max") return UINT64_MAX;
  unsigned shift = 0;
  if (!text.empty())
    if (const auto unit = std::string_view("kmg").find(static_cast<char>(text.back() | 0x20)); unit != std::string_view::npos) {
      shift = 10 * (static_cast<unsigned>(unit) + 1);
      text.remove_suffix(1);
    }
  const auto number = number::decimal(text, UINT64_MAX >> shift);
  return number ? std::optional(*number << shift) : std::nullopt;
}

struct FileProperty {
  std::string_view file;
  const char* property;
};
constexpr std::array<FileProperty, 8> kSizes{{{"cpu.weight", "CPUWeight"},
                                              {"io.weight", "IOWeight"},
                                              {"memory.high", "MemoryHigh"},
                                              {"memory.low", "MemoryLow"},
                                              {"memory.max", "MemoryMax"},
                                              {"memory.min", "MemoryMin"},
                                              {"memory.swap.max", "MemorySwapMax"},
                                              {"pids.max", "TasksMax"}}};

// Files of v2 that systemd keeps as properties; the others it leaves alone.
Status add_file(Properties& to, const std::string& file, const std::string& value) {
  for (const auto& one : kSizes)
    if (one.file == file)
      if (const auto number = file_value(value)) to.number(one.property, *number);
  if (file == "cpuset.cpus" || file == "cpuset.mems") {
    SECURE_LET(bits, mask(value));
    to.bytes(file.ends_with("cpus") ? "AllowedCPUs" : "AllowedMemoryNodes", bits);
  }
  if (file != "cpu.max") return Ok{};
  const std::size_t blank = value.find(' ');
  const auto quota = file_value(std::string_view(value).substr(0, blank));
  const auto period = blank == std::string::npos ? std::optional(kDefaultPeriod) : number::decimal(std::string_view(value).substr(blank + 1), UINT32_MAX);
  if (!quota || !period || *period == 0) return Ok{};
  if (blank != std::string::npos) to.number("CPUQuotaPeriodUSec", *period);
  to.number("CPUQuotaPerSecUSec", quota_per_second(*quota > INT64_MAX ? -1 : static_cast<std::int64_t>(*quota), *period));
  return Ok{};
}

}  // namespace

void Properties::begin(const char* name, const char* type) {
  out_.align(8);
  out_.string(name);
  out_.signature(type);
}

void Properties::text(const char* name, const std::string& value) {
  begin(name, "s");
  out_.string(value);
}

void Properties::flag(const char* name, bool value) {
  begin(name, "b");
  out_.boolean(value);
}

void Properties::number(const char* name, std::uint64_t value) {
  begin(name, "t");
  out_.u64(value);
}

void Properties::processes(const char* name, std::uint32_t pid) {
  begin(name, "au");
  const auto mark = out_.begin_array(4);
  out_.u32(pid);
  out_.end_array(mark);
}

void Properties::bytes(const char* name, const std::string& value) {
  begin(name, "ay");
  const auto mark = out_.begin_array(1);
  out_.data += value;
  out_.end_array(mark);
}

void Properties::texts(const char* name, const std::vector<std::string>& value) {
  begin(name, "as");
  const auto mark = out_.begin_array(4);
  for (const auto& one : value) out_.string(one);
  out_.end_array(mark);
}

void Properties::integer(const char* name, char code, unsigned bytes, std::uint64_t value) {
  const char type[] = {code, '\0'};
  begin(name, type);
  out_.align(bytes);
  for (unsigned i = 0; i < bytes; ++i) out_.byte(static_cast<std::uint8_t>(value >> (8 * i)));
}

void Properties::pairs(const char* name, const std::vector<std::pair<std::string, std::string>>& value) {
  begin(name, "a(ss)");
  const auto mark = out_.begin_array(8);
  for (const auto& [first, second] : value) {
    out_.align(8);
    out_.string(first);
    out_.string(second);
  }
  out_.end_array(mark);
}

Result<std::string> mask(const std::string& list) {
  std::string out;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    const std::string range = list.substr(at, end - at);
    at = end + 1;
    const std::size_t dash = range.find('-');
    const auto first = number::decimal(range.substr(0, dash), 65535);
    const auto last = dash == std::string::npos ? first : number::decimal(range.substr(dash + 1), 65535);
    if (!first || !last || *last < *first)
      return fail(Stage::config, "CGROUP_LIMIT_REFUSED", 0, "'" + list.substr(0, 64) + "' is no list of CPUs or memory nodes", "numbers and ranges, as in 0-2,7");
    if (out.size() <= *last / 8) out.resize(*last / 8 + 1, '\0');
    for (std::uint64_t i = *first; i <= *last; ++i) out[i / 8] = static_cast<char>(static_cast<unsigned char>(out[i / 8]) | 1U << (i % 8));
  }
  return out;
}

std::uint64_t quota_per_second(std::int64_t quota, std::uint64_t period) {
  if (quota < 0) return UINT64_MAX;
  const auto wanted = static_cast<std::uint64_t>(static_cast<double>(quota) * 1e6 / static_cast<double>(period));
  // It keeps hundredths of a CPU; rounded down the container would get less than it was promised.
  return (wanted + 9999) / 10000 * 10000;
}

Status add_limits(Properties& to, bool v2, const spec::Resources& r) {
  if (asked(r.memory_limit)) to.number(v2 ? "MemoryMax" : "MemoryLimit", or_infinity(*r.memory_limit));
  if (v2 && asked(r.memory_reservation)) to.number("MemoryLow", or_infinity(*r.memory_reservation));
  if (v2 && (asked(r.memory_swap) || r.memory_limit == -1)) {
    SECURE_LET(swap, cgroup::swap_max(r.memory_limit == -1 && !asked(r.memory_swap) ? -1 : *r.memory_swap, r.memory_limit));
    to.number("MemorySwapMax", swap == "max" ? UINT64_MAX : std::strtoull(swap.c_str(), nullptr, 10));
  }
  if (r.pids_limit) to.number("TasksMax", *r.pids_limit < 0 ? UINT64_MAX : static_cast<std::uint64_t>(std::max<std::int64_t>(*r.pids_limit, 1)));
  if (r.cpu_shares.value_or(0) != 0) to.number(v2 ? "CPUWeight" : "CPUShares", v2 ? cgroup::weight_from_shares(*r.cpu_shares) : *r.cpu_shares);
  if (v2 && r.cpu_idle == 1) to.number("CPUWeight", 0);  // "idle", since systemd 252
  const std::uint64_t period = r.cpu_period.value_or(0);
  if (period != 0) to.number("CPUQuotaPeriodUSec", period);
  if (asked(r.cpu_quota)) to.number("CPUQuotaPerSecUSec", quota_per_second(*r.cpu_quota, period == 0 ? kDefaultPeriod : period));
  if (v2 && !r.cpus.empty()) {
    SECURE_LET(bits, mask(r.cpus));
    to.bytes("AllowedCPUs", bits);
  }
  if (v2 && !r.mems.empty()) {
    SECURE_LET(bits, mask(r.mems));
    to.bytes("AllowedMemoryNodes", bits);
  }
  if (r.block_io.weight) to.number(v2 ? "IOWeight" : "BlockIOWeight", v2 ? 1 + (*r.block_io.weight - 10) * 9999 / 990 : *r.block_io.weight);
  if (v2)
    for (const auto& [file, value] : r.unified) SECURE_TRY(add_file(to, file, value));
  return Ok{};
}

}  // namespace secure::systemd
