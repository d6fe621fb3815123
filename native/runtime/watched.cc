// SPDX-License-Identifier: Apache-2.0
#include "watched.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include <charconv>
#include <span>

namespace secure::runtime {

namespace {

template <std::size_t N>
bool copy(char (&to)[N], const std::string& from) {
  if (from.size() >= N) return false;
  std::memcpy(to, from.c_str(), from.size() + 1);
  return true;
}

std::vector<int> descriptors(const Watched& w) { return {w.pidfd, w.in, w.out, w.err, w.terminal, w.listener}; }

void set_inherited(int fd, bool inherited) {
  if (fd >= 0) (void)::fcntl(fd, F_SETFD, inherited ? 0 : FD_CLOEXEC);
}

Result<std::pair<Watched, std::vector<Fd>>> take_over(int source) {
  Fd file(source);
  const auto damaged = [] { return fail(Stage::monitor, "INTERNAL", EINVAL, "what the monitor was handed"); };
  Watched w{};
  if (::pread(source, &w, sizeof w, 0) != static_cast<ssize_t>(sizeof w) || w.port_count > 65536) return damaged();
  std::vector<int> numbers(w.port_count);
  const std::size_t bytes = numbers.size() * sizeof(int);
  if (::pread(source, numbers.data(), bytes, sizeof w) != static_cast<ssize_t>(bytes)) return damaged();
  file.reset();
  std::vector<Fd> ports;
  for (int fd : numbers) ports.emplace_back(fd);
  std::vector<int> keep = descriptors(w);
  keep.insert(keep.end(), numbers.begin(), numbers.end());
  for (int fd : keep) set_inherited(fd, false);
  SECURE_TRY(close_all_but(keep));
  return std::pair(w, std::move(ports));
}

}  // namespace

std::uint64_t clock_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

Result<Watched> describe_watched(const record::Roots& roots, const std::string& id, const spec::Extension& ext, const log::Settings& log) {
  Watched out{};
  if (!copy(out.id, id) || !copy(out.state_root, roots.state) || !copy(out.run_root, roots.run) || !copy(out.log_path, log.path))
    return fail(Stage::config, "PATH_TOO_LONG", 0, "/secure/stateRoot or /secure/runRoot has more than 1,000 bytes");
  out.log_format = log.format;
  out.log_max_bytes = log.max_bytes;
  out.log_max_files = log.max_files;
  const spec::Monitor& monitor = ext.monitor;
  out.remove = monitor.remove;
  out.stdin_open = monitor.stdin_open;
  out.restart = monitor.restart;
  out.restart_limit = monitor.restart_limit;
  out.has_health = monitor.health.has_value();
  if (monitor.health) {
    out.health_interval = monitor.health->interval;
    out.health_timeout = monitor.health->timeout;
    out.health_start_period = monitor.health->start_period;
    out.health_start_interval = monitor.health->start_interval;
    out.health_retries = monitor.health->retries;
  }
  out.pidfd = out.in = out.out = out.err = out.terminal = out.listener = -1;
  return out;
}

record::Roots roots_of(const Watched& watched) {
  record::Roots out;
  out.state = watched.state_root;
  out.run = watched.run_root;
  return out;
}

void keep_session(Watched& watched, Session& session) {
  watched.pid = session.pid;
  watched.pidfd = session.pidfd;
  watched.in = session.ends.in.release();
  watched.out = session.ends.out.release();
  watched.err = session.ends.err.release();
  watched.terminal = session.ends.terminal.release();
  watched.phase = Watched::Phase::watch;
  watched.started = clock_ms();
}

Session session_of(const Watched& watched) {
  Session out;
  out.pid = watched.pid;
  out.pidfd = watched.pidfd;
  out.ends = {Fd(watched.in), Fd(watched.out), Fd(watched.err), Fd(watched.terminal)};
  out.stdin_open = watched.stdin_open;
  if (auto log = log::Writer::open({watched.log_path, watched.log_format, watched.log_max_bytes, watched.log_max_files})) out.log = std::move(*log);
  return out;
}

Error hand_to_self(Watched watched, const std::vector<Fd>& ports) {
  std::vector<int> numbers;
  for (const auto& port : ports) numbers.push_back(port.get());
  watched.port_count = static_cast<std::uint32_t>(numbers.size());
  Fd file(::memfd_create("monitor", MFD_CLOEXEC));
  const auto bytes = [](const auto* at, std::size_t size) { return std::string_view(reinterpret_cast<const char*>(at), size); };
  auto written = write_all(file.get(), bytes(&watched, sizeof watched), "the monitor's own file");
  if (written) written = write_all(file.get(), bytes(numbers.data(), numbers.size() * sizeof(int)), "the monitor's own file");
  if (!written) return std::move(written.error());
  std::vector<int> kept = descriptors(watched);
  kept.insert(kept.end(), numbers.begin(), numbers.end());
  kept.push_back(file.get());
  for (int fd : kept) set_inherited(fd, true);
  const std::string number = std::to_string(file.get());
  const char* const argv[] = {kMonitorName, watched.id, number.c_str(), nullptr};
  const char* const envp[] = {nullptr};
  // The very file that runs now: an upgrade meanwhile changes nothing for this container.
  ::execve("/proc/self/exe", const_cast<char* const*>(argv), const_cast<char* const*>(envp));
  const int err = errno;
  for (int fd : kept) set_inherited(fd, false);
  return fail(Stage::monitor, "EXEC_FAILED", err, "become a fresh monitor", "is /proc mounted?");
}

int monitor_main(int argc, char** argv) {
  int source = -1;
  if (argc != 3) return 2;
  const std::string_view number = argv[2];
  if (auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), source); error != std::errc{} || source < 3) return 2;
  (void)::prctl(PR_SET_NAME, kMonitorName, 0, 0, 0);
  auto taken = take_over(source);
  if (!taken) return 125;
  return monitor(taken->first, std::move(taken->second));
}

}  // namespace secure::runtime
