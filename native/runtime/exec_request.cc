// SPDX-License-Identifier: Apache-2.0
#include "exec_request.h"

#include "fd.h"

namespace secure::runtime {

void merge_env(std::vector<std::string>& env, const std::string& entry) {
  std::string key = entry.substr(0, entry.find('=') + 1);
  for (auto& have : env)
    if (!key.empty() && have.starts_with(key)) {
      have = entry;
      return;
    }
  env.push_back(entry);
}

Status check_preserved(int count) {
  for (int fd = 3; fd < 3 + count; ++fd) {
    int flags = ::fcntl(fd, F_GETFD);
    if (flags < 0) return fail(Stage::config, "USAGE", errno, "--preserve-fds " + std::to_string(count) + ": descriptor " + std::to_string(fd) + " is not open");
    (void)::fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
  }
  return Ok{};
}

}  // namespace secure::runtime
