// SPDX-License-Identifier: Apache-2.0
// What a group used, in the words of `runc events --stats`, which engines and monitoring read.
#include <algorithm>
#include <charconv>

#include "json.h"  // before RapidJSON: its assertions are ours
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "cgroup_tree.h"

namespace secure::cgroup {

namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

struct Out {
  rapidjson::StringBuffer buffer;
  Writer json{buffer};
  void number(const char* key, std::uint64_t value) {
    json.Key(key);
    json.Uint64(value);
  }
  void object(const char* key) {
    json.Key(key);
    json.StartObject();
  }
};

std::vector<std::string_view> split(std::string_view text, const char* separators) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t start = text.find_first_not_of(separators);
    if (start == std::string_view::npos) return out;
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::uint64_t to_number(std::string_view text) {
  std::uint64_t out = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// "max" is the largest number, as version 1 has it.
std::uint64_t limit_of(int dir, const std::string& file) {
  const std::string text = read_text(dir, file.c_str());
  return text.starts_with("max") ? UINT64_MAX : to_number(text);
}

void pressure(Out& out, const Group& group, const char* file) {
  const int dir = v2_dir(group);
  const std::string text = dir < 0 ? std::string() : read_text(dir, file);
  if (text.empty()) return;
  out.object("psi");
  for (auto line : split(text, "\n")) {
    const auto fields = split(line, " ");
    out.object(std::string(fields[0]).c_str());
    for (auto field : fields) {
      const std::size_t equal = field.find('=');
      if (equal == std::string_view::npos) continue;
      out.json.Key(field.data(), static_cast<rapidjson::SizeType>(equal));
      field.remove_prefix(equal + 1);
      out.json.RawValue(field.data(), field.size(), rapidjson::kNumberType);
    }
    out.json.EndObject();
  }
  out.json.EndObject();
}

void cpu_usage(Out& out, const Group& group, const Place& cpu) {
  std::uint64_t total = 0, user = 0, kernel = 0;
  std::vector<std::uint64_t> per_cpu[3];
  if (cpu.v2) {
    total = read_number(cpu.fd, "cpu.stat", "usage_usec") * 1000;
    user = read_number(cpu.fd, "cpu.stat", "user_usec") * 1000;
    kernel = read_number(cpu.fd, "cpu.stat", "system_usec") * 1000;
  } else if (Place account = place_of(group, "cpuacct", "cpu.stat"); account.fd >= 0 && !account.v2) {
    const auto tick = 1'000'000'000 / static_cast<std::uint64_t>(std::max(::sysconf(_SC_CLK_TCK), 1L));
    total = read_number(account.fd, "cpuacct.usage");
    user = read_number(account.fd, "cpuacct.stat", "user") * tick;
    kernel = read_number(account.fd, "cpuacct.stat", "system") * tick;
    // In a variable of its own: the parts point into it.
    const std::string each = read_text(account.fd, "cpuacct.usage_percpu");
    for (auto value : split(each, " \n")) per_cpu[0].push_back(to_number(value));
    const std::string all = read_text(account.fd, "cpuacct.usage_all");  // cpu user system
    for (auto line : split(all, "\n"))
      if (auto fields = split(line, " "); fields.size() == 3 && fields[0] != "cpu") {
        per_cpu[1].push_back(to_number(fields[2]));
        per_cpu[2].push_back(to_number(fields[1]));
      }
  }
  out.object("usage");
  out.number("total", total);
  static constexpr const char* kNames[] = {"percpu", "percpu_kernel", "percpu_user"};
  for (std::size_t i = 0; i < 3; ++i) {
    if (per_cpu[i].empty()) continue;
    out.json.Key(kNames[i]);
    out.json.StartArray();
    for (auto value : per_cpu[i]) out.json.Uint64(value);
    out.json.EndArray();
  }
  out.number("kernel", kernel);
  out.number("user", user);
  out.json.EndObject();
}

void cpu(Out& out, const Group& group) {
  Place place = place_of(group, "cpu", "cpu.stat");
  out.object("cpu");
  cpu_usage(out, group, place);
  out.object("throttling");
  out.number("periods", place.fd < 0 ? 0 : read_number(place.fd, "cpu.stat", "nr_periods"));
  out.number("throttledPeriods", place.fd < 0 ? 0 : read_number(place.fd, "cpu.stat", "nr_throttled"));
  out.number("throttledTime", place.fd < 0 ? 0 : place.v2 ? read_number(place.fd, "cpu.stat", "throttled_usec") * 1000 : read_number(place.fd, "cpu.stat", "throttled_time"));
  out.json.EndObject();
  pressure(out, group, "cpu.pressure");
  out.json.EndObject();
}

// "0-2,7"
void number_list(Out& out, const char* key, const std::string& text) {
  const auto ranges = split(text, ",\n");
  if (ranges.empty()) return;
  out.json.Key(key);
  out.json.StartArray();
  for (auto range : ranges) {
    const std::size_t dash = range.find('-');
    const std::uint64_t first = to_number(range), last = dash == std::string_view::npos ? first : to_number(range.substr(dash + 1));
    for (std::uint64_t i = first; i <= last && i < 65536; ++i) out.json.Uint64(i);
  }
  out.json.EndArray();
}

void cpuset(Out& out, const Group& group) {
  Place place = place_of(group, "cpuset", "cpuset.cpus.effective");
  const bool v1 = place.fd >= 0 && !place.v2;
  auto flag = [&](const char* key, const char* file) { out.number(key, v1 ? read_number(place.fd, file) : 0); };
  out.object("cpuset");
  if (place.fd >= 0) number_list(out, "cpus", read_text(place.fd, v1 ? "cpuset.cpus" : "cpuset.cpus.effective"));
  flag("cpu_exclusive", "cpuset.cpu_exclusive");
  if (place.fd >= 0) number_list(out, "mems", read_text(place.fd, v1 ? "cpuset.mems" : "cpuset.mems.effective"));
  flag("mem_hardwall", "cpuset.mem_hardwall");
  flag("mem_exclusive", "cpuset.mem_exclusive");
  flag("memory_migrate", "cpuset.memory_migrate");
  flag("memory_spread_page", "cpuset.memory_spread_page");
  flag("memory_spread_slab", "cpuset.memory_spread_slab");
  flag("memory_pressure", "cpuset.memory_pressure");
  flag("sched_load_balance", "cpuset.sched_load_balance");
  const std::string level = v1 ? read_text(place.fd, "cpuset.sched_relax_domain_level") : std::string();
  out.json.Key("sched_relax_domain_level");
  out.json.Int64(level.starts_with("-") ? -1 : static_cast<std::int64_t>(to_number(level)));
  out.json.EndObject();
}

struct Usage {
  std::uint64_t limit = 0, usage = 0, max = 0, failures = 0;
};

void memory_entry(Out& out, const char* key, const Usage& one) {
  out.object(key);
  out.number("limit", one.limit);
  out.number("usage", one.usage);
  out.number("max", one.max);
  out.number("failcnt", one.failures);
  out.json.EndObject();
}

Usage memory_v1(int dir, const std::string& name) {
  auto value = [&](const char* file) { return read_number(dir, (name + file).c_str()); };
  return {value("limit_in_bytes"), value("usage_in_bytes"), value("max_usage_in_bytes"), value("failcnt")};
}

void memory(Out& out, const Group& group) {
  Place place = place_of(group, "memory", "memory.max");
  Usage ram, swap, kernel, tcp;
  if (place.fd >= 0 && place.v2) {
    ram = {limit_of(place.fd, "memory.max"), read_number(place.fd, "memory.current"), read_number(place.fd, "memory.peak"), 0};
    // Together, as version 1 counts them.
    swap = {limit_of(place.fd, "memory.swap.max"), read_number(place.fd, "memory.swap.current") + ram.usage, 0, read_number(place.fd, "memory.swap.events", "fail")};
    swap.limit = swap.limit > UINT64_MAX - ram.limit ? UINT64_MAX : swap.limit + ram.limit;
  } else if (place.fd >= 0) {
    ram = memory_v1(place.fd, "memory.");
    swap = memory_v1(place.fd, "memory.memsw.");
    kernel = memory_v1(place.fd, "memory.kmem.");
    tcp = memory_v1(place.fd, "memory.kmem.tcp.");
  }
  out.object("memory");
  out.number("cache", place.fd < 0 ? 0 : read_number(place.fd, "memory.stat", place.v2 ? "file" : "cache"));
  memory_entry(out, "usage", ram);
  memory_entry(out, "swap", swap);
  memory_entry(out, "kernel", kernel);
  memory_entry(out, "kernelTCP", tcp);
  out.object("raw");
  const std::string all = place.fd < 0 ? std::string() : read_text(place.fd, "memory.stat");
  for (auto line : split(all, "\n"))
    if (auto fields = split(line, " "); fields.size() == 2) out.number(std::string(fields[0]).c_str(), to_number(fields[1]));
  out.json.EndObject();
  pressure(out, group, "memory.pressure");
  out.json.EndObject();
}

void pids(Out& out, const Group& group) {
  Place place = place_of(group, "pids", "pids.max");
  out.object("pids");
  out.number("current", place.fd < 0 ? processes(group)->size() : read_number(place.fd, "pids.current"));
  out.number("limit", place.fd < 0 ? 0 : read_number(place.fd, "pids.max"));
  out.json.EndObject();
}

void block_entry(Out& out, std::string_view device, std::string_view operation, std::uint64_t value) {
  out.json.StartObject();
  out.number("major", to_number(device));
  out.number("minor", to_number(device.substr(device.find(':') + 1)));
  if (!operation.empty()) {
    out.json.Key("op");
    out.json.String(operation.data(), static_cast<rapidjson::SizeType>(operation.size()));
  }
  out.number("value", value);
  out.json.EndObject();
}

void block_v1(Out& out, int dir) {
  struct Table {
    const char *key, *name;
  };
  static constexpr Table kTables[] = {{"ioServiceBytesRecursive", "io_service_bytes_recursive"}, {"ioServicedRecursive", "io_serviced_recursive"},
                                      {"ioQueueRecursive", "io_queued_recursive"}, {"ioServiceTimeRecursive", "io_service_time_recursive"},
                                      {"ioWaitTimeRecursive", "io_wait_time_recursive"}, {"ioMergedRecursive", "io_merged_recursive"},
                                      {"ioTimeRecursive", "time_recursive"}, {"sectorsRecursive", "sectors_recursive"}};
  for (const auto& table : kTables) {
    // Which files there are depends on the scheduler; the throttling ones count for every one.
    std::string text;
    for (const char* prefix : {"blkio.bfq.", "blkio.", "blkio.throttle."}) {
      text = read_text(dir, (std::string(prefix) + table.name).c_str());
      if (text.find(':') != std::string::npos) break;
    }
    if (text.find(':') == std::string::npos) continue;
    out.json.Key(table.key);
    out.json.StartArray();
    for (auto line : split(text, "\n")) {
      const auto fields = split(line, " ");
      if (fields[0].find(':') == std::string_view::npos || fields.size() < 2) continue;  // the line of sums
      block_entry(out, fields[0], fields.size() == 3 ? fields[1] : std::string_view(), to_number(fields.back()));
    }
    out.json.EndArray();
  }
}

void block_v2(Out& out, int dir) {
  const std::string text = read_text(dir, "io.stat");  // 8:0 rbytes=1 wbytes=2 rios=3 wios=4 ...
  if (text.empty()) return;
  struct Table {
    const char* key;
    std::string_view read, write;
  };
  static constexpr Table kTables[] = {{"ioServiceBytesRecursive", "rbytes=", "wbytes="}, {"ioServicedRecursive", "rios=", "wios="}};
  for (const auto& table : kTables) {
    out.json.Key(table.key);
    out.json.StartArray();
    for (auto line : split(text, "\n")) {
      const auto fields = split(line, " ");
      for (auto field : fields) {
        if (field.starts_with(table.read)) block_entry(out, fields[0], "Read", to_number(field.substr(table.read.size())));
        if (field.starts_with(table.write)) block_entry(out, fields[0], "Write", to_number(field.substr(table.write.size())));
      }
    }
    out.json.EndArray();
  }
}

void block(Out& out, const Group& group) {
  Place place = place_of(group, "blkio", "io.stat");
  out.object("blkio");
  if (place.fd >= 0) place.v2 ? block_v2(out, place.fd) : block_v1(out, place.fd);
  pressure(out, group, "io.pressure");
  out.json.EndObject();
}

void hugepages(Out& out, const Group& group) {
  out.object("hugetlb");
  for (const char* size : {"64KB", "1MB", "2MB", "16MB", "32MB", "512MB", "1GB", "2GB", "16GB"}) {  // what Linux has on any architecture
    const std::string name = std::string("hugetlb.") + size + ".";
    Place place = place_of(group, "hugetlb", (name + "max").c_str());
    if (place.fd < 0 || ::faccessat(place.fd, (name + (place.v2 ? "max" : "limit_in_bytes")).c_str(), F_OK, 0) < 0) continue;
    // Reservations, where they are counted apart: what is reserved cannot be had by others.
    const bool reserved = ::faccessat(place.fd, (name + (place.v2 ? "rsvd.current" : "rsvd.usage_in_bytes")).c_str(), F_OK, 0) == 0;
    const std::string from = reserved ? name + "rsvd." : name;
    out.object(size);
    out.number("usage", read_number(place.fd, (from + (place.v2 ? "current" : "usage_in_bytes")).c_str()));
    if (!place.v2) out.number("max", read_number(place.fd, (from + "max_usage_in_bytes").c_str()));
    out.number("failcnt", place.v2 ? read_number(place.fd, (name + "events").c_str(), "max") : read_number(place.fd, (from + "failcnt").c_str()));
    out.json.EndObject();
  }
  out.json.EndObject();
}

}  // namespace

std::string stats(const Group& group) {
  Out out;
  out.json.StartObject();
  cpu(out, group);
  cpuset(out, group);
  memory(out, group);
  pids(out, group);
  block(out, group);
  hugepages(out, group);
  out.object("intel_rdt");
  out.json.EndObject();
  out.json.Key("network_interfaces");
  out.json.Null();
  out.json.EndObject();
  return {out.buffer.GetString(), out.buffer.GetSize()};
}

}  // namespace secure::cgroup
