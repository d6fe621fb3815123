// SPDX-License-Identifier: Apache-2.0
// secure-runtime: the native half. See docs/plan.md for its commands.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "commands.h"
#include "commit.h"
#include "criu_program.h"
#include "fd.h"
#include "help.h"
#include "oci.h"
#include "process.h"
#include "report.h"
#include "version.h"
#include "warning.h"
#include "watched.h"

namespace {

using secure::runtime::usage;

struct Command {
  std::string_view name;
  int (*run)(int, char**);
  bool inherits = false;  // uses descriptors of its caller
};

constexpr std::array<Command, 21> kCommands{{
    {"launch", secure::runtime::cmd_launch},
    {"create", secure::runtime::cmd_create, true},
    {"start", secure::runtime::cmd_start},
    {"run", secure::runtime::cmd_run, true},
    {"exec", secure::runtime::cmd_exec, true},
    {"state", secure::runtime::cmd_state},
    {"list", secure::runtime::cmd_list},
    {"kill", secure::runtime::cmd_kill},
    {"delete", secure::runtime::cmd_delete},
    {"pause", secure::runtime::cmd_pause},
    {"resume", secure::runtime::cmd_resume},
    {"update", secure::runtime::cmd_update},
    {"events", secure::runtime::cmd_events},
    {"ps", secure::runtime::cmd_ps},
    {"spec", secure::runtime::cmd_spec},
    {"mounts", secure::runtime::cmd_mounts},
    {"checkpoint", secure::runtime::cmd_checkpoint, true},
    {"restore", secure::runtime::cmd_restore},
    {"features", secure::runtime::cmd_features},
    {"decide", secure::runtime::cmd_decide},
    {"container", secure::runtime::cmd_container},
}};

// Containers of our own, in the records below /var/lib/secure.
constexpr std::array<Command, 10> kContainerCommands{{
    {"attach", secure::runtime::container_attach},
    {"exec", secure::runtime::container_exec},
    {"state", secure::runtime::container_state},
    {"list", secure::runtime::container_list},
    {"kill", secure::runtime::container_kill},
    {"stop", secure::runtime::container_stop},
    {"wait", secure::runtime::container_wait},
    {"delete", secure::runtime::container_delete},
    {"gc", secure::runtime::container_gc},
    {"enforced", secure::runtime::container_enforced},
}};

template <std::size_t N>
std::string names(const std::array<Command, N>& commands) {
  std::string out;
  for (const auto& command : commands) (out += out.empty() ? "" : "|") += command.name;
  return out;
}

// Node leaves O_NONBLOCK on the streams it used, and it is shared with whoever else has them open.
void clear_nonblocking() {
  for (int fd = 0; fd < 3; ++fd) {
    int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) != 0) (void)::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  }
}

const std::string& synopsis() {
  static const std::string text = "secure-runtime [--root DIR] [--log FILE] [--log-format text|json] [--debug] [--systemd-cgroup] [--cgroup-manager cgroupfs|systemd|disabled] [--policy DIR] "
                                  "[--error-format text|json] " + names(kCommands) + " [ARGUMENT...]";
  return text;
}

void print_help() {
  std::string text = "NAME:\n   " + secure::runtime::program_name() + " - Open Container Initiative runtime\n\nusage: " + secure::runtime::as_called(synopsis()) + "\n\ncommands:\n";
  for (const auto& command : kCommands)
    if (const auto what = secure::runtime::about(command.name); !what.empty())
      text += "  " + std::string(command.name) + std::string(12 - command.name.size(), ' ') + std::string(what) + "\n";
  std::printf("%s\nEach command has --help.\n", text.c_str());
}

// Engines read the first line of runc, name and number: under another name it says as well whose number that is.
void print_version() {
  const std::string& name = secure::runtime::program_name();
  std::printf("%s version %s%s\ncommit: %s\nspec: 1.3.0\n+SYSTEMD +SELINUX +APPARMOR +CAP +SECCOMP +EBPF +LANDLOCK%s\n", name.c_str(), secure::kVersion,
              name == "secure-runtime" ? "" : " (secure-runtime)", SECURE_COMMIT, secure::criu::find_program() ? " +CRIU" : "");
}

}  // namespace

namespace secure::runtime {

int cmd_container(int argc, char** argv) {
  for (const auto& command : kContainerCommands)
    if (argc > 1 && command.name == argv[1]) return command.run(argc - 1, argv + 1);
  return usage(("secure-runtime container " + names(kContainerCommands) + " [ARGUMENT...]").c_str());
}

}  // namespace secure::runtime

int main(int argc, char** argv) {
  // Our own image again, with its descriptors and its signals blocked as they were.
  if (std::string_view(argv[0] == nullptr ? "" : argv[0]) == secure::runtime::kMonitorName) return secure::runtime::monitor_main(argc, argv);
  // Between two executions of `secure`: its umask and what it ignores are its user's.
  if (argc > 1 && std::string_view(argv[1]) == "namespace") return secure::runtime::cmd_namespace(argc - 1, argv + 1);
  if (!secure::process::open_standard_streams())
    return secure::runtime::report(secure::fail(secure::Stage::process, "INTERNAL", errno, "open the standard streams", "is there a /dev/null?"));
  clear_nonblocking();
  secure::process::reset_signals();
  // The modes of what we make, a container's "/" among it, must not depend on the caller's.
  (void)::umask(0022);
  secure::runtime::set_process_arguments(argv);
  secure::runtime::called_as(argv[0]);
  secure::warning::to(secure::runtime::warn);
  int at = 1;
  if (auto status = secure::runtime::read_globals(argc, argv, at); !status) return secure::runtime::report(status.error(), 2);
  if (at < argc)
    for (const auto& command : kCommands)
      if (command.name == argv[at]) {
        // A monitor lives as long as its container: it must not hold a lock or a pipe of whoever started it.
        if (!command.inherits)
          if (auto status = secure::close_all_but({}); !status) return secure::runtime::report(status.error());
        if (secure::runtime::globals().debug) secure::warning::debug_to(secure::runtime::debug);
        secure::runtime::debug("secure-runtime " + std::string(secure::kVersion) + ": " + argv[at] + ", state below " + secure::runtime::globals().root);
        const int code = command.run(argc - at, argv + at);
        secure::runtime::debug(std::string(argv[at]) + " ends with " + std::to_string(code));
        return code;
      }
  if (at < argc && std::string_view(argv[at]) == "--help") {
    print_help();
    return 0;
  }
  if (at < argc && std::string_view(argv[at]) == "--version") {
    print_version();
    return 0;
  }
  if (at + 1 < argc && (std::string_view(argv[at + 1]) == "--help" || std::string_view(argv[at + 1]) == "-h"))
    std::fprintf(stderr, "No help topic for '%s'\n", argv[at]);
  return usage(synopsis().c_str());
}
