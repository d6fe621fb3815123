// SPDX-License-Identifier: Apache-2.0
#include "restore_finish.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cstdlib>

#include "sync.h"
#include "sysctl.h"
#include "terminal.h"

namespace secure::runtime {

namespace {

constexpr unsigned kPatience = 20;  // seconds

// Of those that the container has for itself: what belongs to others was set by them.
int own_namespaces(const spec::Spec& spec) {
  int out = 0;
  for (const auto& ns : spec.namespaces)
    if (ns.path.empty()) out |= ns.flag & (CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET);
  return out;
}

Status bind_console(int pidfd, const Fd& master) {
  if (::setns(pidfd, CLONE_NEWNS) < 0) return fail(Stage::mount, "NAMESPACE_FAILED", errno, "join the container's mount namespace");
  Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd peer(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!root.valid() || !peer.valid()) return fail(Stage::process, "TERMINAL_FAILED", errno, "open the container's side of its terminal");
  return terminal::bind_console(root.get(), peer);
}

Status work(const Inside& inside, const Fd& terminal) {
  const int flags = own_namespaces(inside.spec);
  if (!inside.spec.sysctl.empty() && flags != 0) {
    if (::setns(inside.pidfd, flags) < 0) return fail(Stage::process, "NAMESPACE_FAILED", errno, "join the container's namespaces for its sysctls");
    SECURE_TRY(sysctl::write(inside.spec));
  }
  if (inside.spec.process.terminal && terminal.valid()) SECURE_TRY(bind_console(inside.pidfd, terminal));
  return Ok{};
}

}  // namespace

Status finish_inside(const Inside& inside, const Fd& terminal) {
  if (inside.spec.sysctl.empty() && !inside.spec.process.terminal) return Ok{};
  SECURE_LET(pair, sync::channel());
  const pid_t child = ::fork();
  if (child < 0) return fail(Stage::clone, "CLONE_FAILED", errno, "make the process that finishes the restore");
  if (child == 0) {
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)::signal(SIGALRM, SIG_DFL);
    (void)::alarm(kPatience);
    auto status = work(inside, terminal);
    if (!status) sync::send_error(pair.second.get(), status.error(), 1);
    ::_exit(status ? 0 : 1);
  }
  pair.second.reset();
  auto heard = sync::receive(pair.first.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (heard && heard->kind == sync::Kind::error) return std::move(heard->error);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Ok{};
  return fail(Stage::process, "RESTORE_FAILED", 0, "the process that finishes the restore was killed");
}

void kill_children() {
  // Those of one that was killed become ours: as often as there are any.
  for (;;) {
    auto list = read_file(AT_FDCWD, "/proc/thread-self/children", 1U << 16);
    if (!list || list->find_first_of("123456789") == std::string::npos) return;
    for (const char* at = list->c_str();;) {
      char* end = nullptr;
      const long pid = std::strtol(at, &end, 10);
      if (end == at || pid <= 0) break;
      (void)::kill(static_cast<pid_t>(pid), SIGKILL);
      while (::waitpid(static_cast<pid_t>(pid), nullptr, 0) < 0 && errno == EINTR) {
      }
      at = end;
    }
  }
}

}  // namespace secure::runtime
