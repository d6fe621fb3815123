// SPDX-License-Identifier: Apache-2.0
// events: what a container uses, again and again, and when the OOM killer strikes. One JSON object a line.
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <charconv>

#include "args.h"
#include "commands.h"
#include "oci.h"

namespace secure::runtime {

namespace {

// "5s", "100ms", "1m30s", "1.5s" in nanoseconds, as Go writes durations. 0 for what is none, and for none.
std::uint64_t duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double factor;
  };
  static constexpr Unit kUnits[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  double sum = 0;
  while (!text.empty()) {
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
    double factor = 0;
    for (const auto& unit : kUnits)
      if (unit.name == name) factor = unit.factor;
    if (error != std::errc{} || factor == 0 || !(value >= 0)) return 0;
    text.remove_prefix(name.size());
    sum += value * factor;
  }
  return sum >= 1 && sum < 9e18 ? static_cast<std::uint64_t>(sum) : 0;
}

// The id needs no escapes: oci::valid_id().
Status print(const std::string& id, const char* type, const std::string& data) {
  return write_all(STDOUT_FILENO, "{\"type\":\"" + std::string(type) + "\",\"id\":\"" + id + "\"" + (data.empty() ? "" : ",\"data\":" + data) + "}\n", "standard output");
}

Status watch(const Found& found, const cgroup::Group& group, std::uint64_t interval) {
  SECURE_LET(process, process_of(found));
  SECURE_LET(oom, cgroup::watch_oom(group));
  Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  itimerspec every{};
  every.it_interval = {static_cast<time_t>(interval / 1'000'000'000), static_cast<long>(interval % 1'000'000'000)};
  every.it_value = every.it_interval;
  if (!timer.valid() || ::timerfd_settime(timer.get(), 0, &every, nullptr) < 0) return fail(Stage::io, "EVENTS_FAILED", errno, "set a timer");
  for (;;) {
    pollfd wait[3] = {{oom.fd.get(), POLLIN, 0}, {timer.get(), POLLIN, 0}, {process.get(), POLLIN, 0}};
    if (::poll(wait, 3, -1) < 0) {
      if (errno == EINTR) continue;
      return fail(Stage::io, "EVENTS_FAILED", errno, "wait for events");
    }
    // The last kill may be what ended it.
    if (wait[0].revents != 0 || wait[2].revents != 0)
      for (std::uint64_t n = cgroup::new_ooms(oom); n > 0; --n) SECURE_TRY(print(found.state.id, "oom", ""));
    if (wait[2].revents != 0) return Ok{};
    std::uint64_t ticks = 0;
    if (wait[1].revents != 0 && ::read(timer.get(), &ticks, sizeof ticks) > 0) SECURE_TRY(print(found.state.id, "stats", cgroup::stats(group)));
  }
}

}  // namespace

int cmd_events(int argc, char** argv) {
  bool once = false;
  std::string interval = "5s";
  Args args(argc, argv, "secure-runtime events [--stats] [--interval DURATION] ID");
  args.flag("stats", '\0', once).text("interval", '\0', interval);
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  const std::uint64_t nanoseconds = duration(interval);
  if (nanoseconds == 0) return report(fail(Stage::config, "USAGE", 0, "duration interval must be greater than 0, not '" + interval + "'", "a number with ns, us, ms, s, m or h"));
  auto found = find(args.operands[0], false);
  if (!found) return report(found.error());
  if (found->status == oci::Status::stopped)
    return report(fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "container with id " + found->state.id + " is not running"));
  auto group = group_of(*found);
  if (!group) return report(group.error());
  auto status = once ? print(found->state.id, "stats", cgroup::stats(*group)) : watch(*found, *group, nanoseconds);
  return status ? 0 : report(status.error());
}

}  // namespace secure::runtime
