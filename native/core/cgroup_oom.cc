// SPDX-License-Identifier: Apache-2.0
// Hearing of the OOM killer.
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include "cgroup_tree.h"

namespace secure::cgroup {

Result<OomWatch> watch_oom(const Group& group) {
  Place place = place_of(group, "memory", "memory.events");
  if (place.fd < 0)
    return fail(Stage::cgroup, "CONTROLLER_MISSING", 0, "the memory controller, which tells of the OOM killer, is not available for " + group.path);
  OomWatch out;
  out.v2 = place.v2;
  out.dir = Fd(::fcntl(place.fd, F_DUPFD_CLOEXEC, 3));
  if (place.v2) {
    out.fd = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    // The link leads to the directory that is open, whatever is at its path by now.
    const std::string path = "/proc/self/fd/" + std::to_string(out.dir.get()) + "/memory.events";
    if (!out.fd.valid() || ::inotify_add_watch(out.fd.get(), path.c_str(), IN_MODIFY) < 0)
      return fail(Stage::cgroup, "OOM_WATCH_FAILED", errno, "watch memory.events of " + group.path);
  } else {
    out.fd = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    Fd control(::openat(out.dir.get(), "memory.oom_control", O_RDONLY | O_CLOEXEC));
    if (!out.fd.valid() || !control.valid()) return fail(Stage::cgroup, "OOM_WATCH_FAILED", errno, "open memory.oom_control of " + group.path);
    const std::string line = std::to_string(out.fd.get()) + " " + std::to_string(control.get());
    SECURE_TRY(write_file_once(out.dir.get(), "cgroup.event_control", line, Stage::cgroup));
  }
  out.seen = read_number(out.dir.get(), out.v2 ? "memory.events" : "memory.oom_control", "oom_kill");
  return out;
}

std::uint64_t new_ooms(OomWatch& watch) {
  char buffer[4096];
  while (::read(watch.fd.get(), buffer, sizeof buffer) > 0 && watch.v2) {
  }
  // The counter and not the notices: a removed group notifies too, and several kills can be one notice.
  const std::uint64_t now = read_number(watch.dir.get(), watch.v2 ? "memory.events" : "memory.oom_control", "oom_kill");
  const std::uint64_t out = now > watch.seen ? now - watch.seen : 0;
  watch.seen += out;
  return out;
}

}  // namespace secure::cgroup
