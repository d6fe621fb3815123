// SPDX-License-Identifier: Apache-2.0
#include "detach.h"

#include <unistd.h>

#include "commands.h"
#include "fd.h"
#include "sync.h"

namespace secure::runtime {

namespace {

void become_monitor() {
  (void)::setsid();
  // The starter's directory may be on a file system that somebody wants to unmount.
  if (::chdir("/") < 0) ::_exit(125);
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; fd < 3; ++fd)
    if (::dup2(null.get(), fd) < 0) ::_exit(125);
}

}  // namespace

int detach_and(const std::function<int(int announce)>& body, const std::string& announcement) {
  auto pair = sync::channel();
  if (!pair) return report(pair.error(), 125);
  pid_t pid = ::fork();
  if (pid < 0) return report(fail(Stage::monitor, "CLONE_FAILED", errno, "make the monitor"), 125);
  if (pid == 0) {
    pair->first.reset();
    become_monitor();
    ::_exit(body(pair->second.release()));
  }
  pair->second.reset();
  auto heard = sync::receive(pair->first.get());
  if (!heard) return report(heard.error(), 125);
  if (heard->kind != sync::Kind::executing) return report(heard->error, heard->number);
  (void)write_all(STDOUT_FILENO, announcement, "standard output");
  return 0;
}

}  // namespace secure::runtime
