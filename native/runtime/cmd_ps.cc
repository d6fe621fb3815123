// SPDX-License-Identifier: Apache-2.0
// ps: the processes of a container, as `ps` of the host shows them.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "args.h"
#include "commands.h"
#include "oci.h"

namespace secure::runtime {

namespace {

constexpr std::size_t kMaxOutput = 64U << 20;

Result<std::string> run_ps(const std::vector<std::string>& options) {
  std::vector<char*> argv{const_cast<char*>("ps")};
  for (const auto& one : options) argv.push_back(const_cast<char*>(one.c_str()));
  if (options.empty()) argv.push_back(const_cast<char*>("-ef"));
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail(Stage::io, "PS_FAILED", errno, "make a pipe");
  Fd read(ends[0]), write(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    (void)::dup2(write.get(), STDOUT_FILENO);
    ::execvp("ps", argv.data());
    ::_exit(127);
  }
  write.reset();
  if (pid < 0) return fail(Stage::io, "PS_FAILED", errno, "start ps");
  auto out = read_fd(read.get(), kMaxOutput, "the output of ps");
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return fail(Stage::io, "PS_FAILED", ENOENT, "the program ps cannot be started", "install procps, or ask for --format json");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return fail(Stage::io, "PS_FAILED", 0, "ps refuses its options");
  return out;
}

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> out;
  for (std::size_t at = line.find_first_not_of(' '); at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    out.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(' ', end);
  }
  return out;
}

// The title and the lines of these processes.
Result<std::string> select(const std::string& text, const std::vector<pid_t>& pids) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const auto words = fields(line);
    if (at == 0) {
      column = static_cast<std::size_t>(std::find(words.begin(), words.end(), "PID") - words.begin());
      if (column == words.size()) return fail(Stage::config, "USAGE", 0, "couldn't find PID field in ps output", "give options with which ps prints one");
      out += line + "\n";
    } else if (column < words.size() && std::binary_search(pids.begin(), pids.end(), static_cast<pid_t>(std::strtol(words[column].c_str(), nullptr, 10)))) {
      out += line + "\n";
    }
    at = end + 1;
  }
  return out;
}

}  // namespace

int cmd_ps(int argc, char** argv) {
  std::string format = "table";
  Args args(argc, argv, "secure-runtime ps [--format table|json] ID [PS-OPTION...]", true);
  args.text("format", 'f', format);
  if (auto s = args.parse(1, 4096); !s) return report(s.error());
  if (format != "table" && format != "json") return report(fail(Stage::config, "USAGE", 0, "invalid format option '" + format + "'", "table or json"));
  auto found = find(args.operands[0], false);
  if (!found) return report(found.error());
  auto group = group_of(*found);
  // The group of one that has stopped may be gone.
  if (!group && group.error().code != "CGROUP_NOT_FOUND") return report(group.error());
  auto pids = group ? cgroup::processes(*group) : Result<std::vector<pid_t>>(std::vector<pid_t>{});
  if (!pids) return report(pids.error());
  std::string text;
  if (format == "json") {
    for (pid_t pid : *pids) (text += text.empty() ? "[" : ",") += std::to_string(pid);
    text = text.empty() ? "null\n" : text + "]\n";
  } else {
    auto table = run_ps({args.operands.begin() + 1, args.operands.end()});
    if (!table) return report(table.error());
    auto lines = select(*table, *pids);
    if (!lines) return report(lines.error());
    text = std::move(*lines);
  }
  auto status = write_all(STDOUT_FILENO, text, "standard output");
  return status ? 0 : report(status.error());
}

}  // namespace secure::runtime
