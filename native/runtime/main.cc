// SPDX-License-Identifier: Apache-2.0
// secure-runtime: the native half. See docs/plan.md for its commands.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "commands.h"
#include "fd.h"
#include "process.h"
#include "report.h"
#include "version.h"

namespace {

using secure::runtime::usage;

struct Command {
  std::string_view name;
  int (*run)(int, char**);
  bool inherits = false;  // uses descriptors of its caller
};

constexpr std::array<Command, 13> kCommands{{
    {"launch", secure::runtime::cmd_launch},
    {"run", secure::runtime::cmd_run},
    {"exec", secure::runtime::cmd_exec},
    {"state", secure::runtime::cmd_state},
    {"list", secure::runtime::cmd_list},
    {"kill", secure::runtime::cmd_kill},
    {"stop", secure::runtime::cmd_stop},
    {"wait", secure::runtime::cmd_wait},
    {"delete", secure::runtime::cmd_delete},
    {"gc", secure::runtime::cmd_gc},
    {"enforced", secure::runtime::cmd_enforced},
    {"features", secure::runtime::cmd_features},
    {"extract", secure::runtime::cmd_extract, true},
}};

// A closed standard stream would be reused by the first descriptor we open, and a container
// would then read or write that instead.
bool open_standard_streams() {
  for (int fd = 0; fd < 3; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd) return false;
  return true;
}

// Node leaves O_NONBLOCK on the streams it used, and it is shared with whoever else has them open.
void clear_nonblocking() {
  for (int fd = 0; fd < 3; ++fd) {
    int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) != 0) (void)::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (!open_standard_streams()) return 125;
  clear_nonblocking();
  secure::process::reset_signals();
  // The modes of what we make, a container's "/" among it, must not depend on the caller's.
  (void)::umask(0022);
  secure::runtime::set_process_arguments(argv);
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; ++at) {
    std::string_view flag = argv[at];
    if (flag == "--version" || flag == "-v") {
      std::printf("secure-runtime version %s\nspec: 1.3.0\n", secure::kVersion);
      return 0;
    }
    if (flag == "--error-format" && at + 1 < argc) {
      secure::runtime::set_error_format(argv[++at]);
      continue;
    }
    return usage("secure-runtime [--error-format text|json] COMMAND [ARGUMENT...]");
  }
  if (at < argc)
    for (const auto& command : kCommands)
      if (command.name == argv[at]) {
        // A monitor lives as long as its container: it must not hold a lock or a pipe of whoever started it.
        if (!command.inherits && !secure::close_all_but({})) return 125;
        return command.run(argc - at, argv + at);
      }
  return usage("secure-runtime [--error-format text|json] launch|run|exec|state|list|kill|stop|wait|delete|gc|enforced|features|extract ...");
}
