// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "health.h"
#include "join.h"
#include "json.h"
#include "watch.h"

namespace secure::runtime::health {

namespace {

constexpr std::size_t kMostOutput = 4096;
constexpr std::size_t kMaxConfig = 16U << 20;

void keep(std::string& output, std::string_view data) { output += data.substr(0, kMostOutput - std::min(kMostOutput, output.size())); }

// What it wrote until it ended, or until its time was over.
bool hear(const container::Started& started, Fd output, std::uint64_t deadline, Answer& answer) {
  for (;;) {
    pollfd p[2] = {{started.pidfd.get(), POLLIN, 0}, {output.get(), POLLIN, 0}};
    const std::uint64_t now = clock_ms();
    if (now >= deadline) return false;
    const int n = ::poll(p, 2, static_cast<int>(deadline - now));
    if (n < 0 && errno != EINTR) return false;
    if (n <= 0) continue;
    if (p[1].revents != 0) {
      char part[1024];
      const ssize_t got = ::read(output.get(), part, sizeof part);
      if (got > 0) keep(answer.output, std::string_view(part, static_cast<std::size_t>(got)));
      else output.reset();
      // A reader that keeps up with whatever is written would never see the end.
      if (got > 0 && p[0].revents == 0) continue;
    }
    if (p[0].revents != 0) return true;
  }
}

Answer ask(const Watched& w, const spec::Spec& spec, std::uint64_t deadline) {
  Answer answer;
  const auto failed = [&](const Error& error, int code) {
    keep(answer.output, error.text());
    answer.exit_code = code;
    return answer;
  };
  spec::Process process = spec.process;
  process.args = spec.secure->monitor.health->command;
  process.terminal = false;
  auto wiring = wire(false, spec, process);
  if (!wiring) return failed(wiring.error(), 125);
  // One pipe for both, in the order in which they were written.
  wiring->container.err = Fd(::fcntl(wiring->container.out.get(), F_DUPFD_CLOEXEC, 3));
  auto state = record::read_state(roots_of(w), w.id);
  if (!state) return failed(state.error(), 125);
  join::Options options;
  options.target = w.pid;
  options.target_pidfd = w.pidfd;
  options.cgroup_path = state->cgroup;
  options.streams = &wiring->container;
  options.die_with_parent = true;
  auto result = join::start(spec, process, options);
  if (auto* error = std::get_if<container::StartError>(&result)) return failed(error->error, error->exit_code);
  auto& started = std::get<container::Started>(result);
  if (hear(started, std::move(wiring->host.out), deadline, answer)) {
    answer.exit_code = reap(started.pid);
    return answer;
  }
  // It leads a session: what it has started goes with it, unless that has left. Not reaped yet, so nobody else has its number.
  (void)::kill(-started.pid, SIGKILL);
  (void)::syscall(SYS_pidfd_send_signal, started.pidfd.get(), SIGKILL, nullptr, 0);
  (void)reap(started.pid);
  answer.exit_code = -1;
  return answer;
}

// UTF-8 with nothing that a terminal obeys: it ends up in JSON, and in front of people.
std::string valid_text(std::string_view text) {
  std::string entry;
  log::append_entry(entry, log::Format::json, false, text, "");
  const auto document = json::parse(entry, "output");
  return document ? (*document)["log"].GetString() : std::string();
}

}  // namespace

int probe(const Watched& w) {
  const record::Roots roots = roots_of(w);
  const std::uint64_t begin = clock_ms();
  Answer answer;
  answer.start = record::now_rfc3339();
  auto text = read_file(AT_FDCWD, roots.state + "/containers/" + w.id + "/config.json", kMaxConfig);
  auto spec = text ? spec::parse(*text) : Result<spec::Spec>(std::move(text.error()));
  if (spec && spec->secure && spec->secure->monitor.health) {
    std::string start = std::move(answer.start);
    answer = ask(w, *spec, begin + w.health_timeout);
    answer.start = std::move(start);
  } else {
    answer.exit_code = 125;
    answer.output = spec ? "the plan has no health check" : spec.error().text();
  }
  answer.end = record::now_rfc3339();
  answer.output = valid_text(answer.output);
  return record_answer(w, answer) ? 0 : 1;
}

}  // namespace secure::runtime::health
