// SPDX-License-Identifier: Apache-2.0
#include "exec_request.h"

#include "fd.h"
#include "warning.h"

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

Result<int> check_preserved(int count) {
  int end = 3, missing = -1;  // behind the last that is open, and the first that is not
  for (int fd = 3; fd < 3 + count; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    // What came over execve(2) does not close at the next one: anything else is ours, and must not leave.
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) end = fd + 1;
    else if (missing < 0) missing = fd;
  }
  if (missing < 0) return count;
  warning::emit("of the descriptors to preserve, 3 to " + std::to_string(2 + count) + ", some are not open and are left out, the first is " + std::to_string(missing));
  // One of our own in such a gap would count as one of the caller's.
  Fd nothing(::open("/dev/null", O_PATH | O_CLOEXEC));
  if (!nothing.valid()) return fail(Stage::process, "INTERNAL", errno, "open /dev/null");
  const bool in_gap = nothing.get() < end;
  for (int fd = missing; fd < end; ++fd)
    if (fd != nothing.get() && ::fcntl(fd, F_GETFD) < 0 && ::dup3(nothing.get(), fd, O_CLOEXEC) < 0)
      return fail(Stage::process, "INTERNAL", errno, "close the gap at descriptor " + std::to_string(fd));
  if (in_gap) (void)nothing.release();
  return end - 3;
}

}  // namespace secure::runtime
