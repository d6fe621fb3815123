// SPDX-License-Identifier: Apache-2.0
// Stopping every process of a group and letting them go on.
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "cgroup_tree.h"

namespace secure::cgroup {

namespace {

constexpr int kBound = 10'000;  // ms

std::int64_t now_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000;
}

Result<Place> freezer(const Group& group) {
  Place place = place_of(group, "freezer", "cgroup.freeze");
  if (place.fd >= 0) return place;
  return fail(Stage::cgroup, "CONTROLLER_MISSING", 0, "the freezer, which stops the processes of " + group.path + ", is not available",
              "it needs the freezer controller of version 1, or version 2 of Linux 5.2");
}

Status request(const Place& place, bool frozen) {
  return place.v2 ? write_file_once(place.fd, "cgroup.freeze", frozen ? "1" : "0", Stage::cgroup)
                  : write_file_once(place.fd, "freezer.state", frozen ? "FROZEN" : "THAWED", Stage::cgroup);
}

bool reached(const Place& place, bool frozen) {
  if (place.v2) return (read_number(place.fd, "cgroup.events", "frozen") == 1) == frozen;
  return read_text(place.fd, "freezer.state") == (frozen ? "FROZEN\n" : "THAWED\n");
}

// Until the kernel says so. A process that is stopped by a tracer, or in uninterruptible sleep, can hold it up.
bool wait_for(const Place& place, bool frozen, int bound) {
  // v2 wakes up whoever polls this file; v1 has to be asked again, and looks itself only when it is.
  Fd events(place.v2 ? ::openat(place.fd, "cgroup.events", O_RDONLY | O_CLOEXEC) : -1);
  const std::int64_t deadline = now_ms() + bound;
  for (int pause = 1;; pause = std::min(pause * 2, 20)) {
    char text[256];
    // What is polled for is a change since the last read.
    if (events.valid()) (void)!::pread(events.get(), text, sizeof text, 0);
    if (reached(place, frozen)) return true;
    if (now_ms() >= deadline) return false;
    pollfd wait{events.get(), POLLPRI, 0};
    (void)::poll(&wait, events.valid() ? 1 : 0, events.valid() ? 100 : pause);
    if (!place.v2 && frozen && !request(place, true)) return false;
  }
}

}  // namespace

bool is_frozen(const Group& group) {
  Place place = place_of(group, "freezer", "cgroup.freeze");
  if (place.fd < 0) return false;
  return place.v2 ? read_text(place.fd, "cgroup.freeze").starts_with('1') : !read_text(place.fd, "freezer.state").starts_with("THAWED");
}

Status freeze(const Group& group) {
  SECURE_LET(place, freezer(group));
  auto inside = processes(group);
  if (inside && std::binary_search(inside->begin(), inside->end(), ::getpid()))
    return fail(Stage::cgroup, "CGROUP_FREEZE_FAILED", 0, "this process is in " + group.path + " itself, and nobody could thaw it");
  auto status = request(place, true);
  if (status && wait_for(place, true, kBound)) return Ok{};
  // Half frozen is worst of all: it runs on.
  (void)request(place, false);
  if (!status) return fail(Stage::cgroup, "CGROUP_FREEZE_FAILED", status.error().err, "freeze the processes of " + group.path);
  return fail(Stage::cgroup, "CGROUP_FREEZE_TIMEOUT", 0, "the processes of " + group.path + " did not freeze within 10 s; they run on",
              "a process in uninterruptible sleep (state D in ps) waits for a device or a network file system");
}

Status thaw(const Group& group) {
  SECURE_LET(place, freezer(group));
  if (auto status = request(place, false); !status)
    return fail(Stage::cgroup, "CGROUP_THAW_FAILED", status.error().err, "thaw the processes of " + group.path);
  if (wait_for(place, false, kBound)) return Ok{};
  return fail(Stage::cgroup, "CGROUP_THAW_FAILED", 0, "the processes of " + group.path + " stay frozen", "a parent of the group is frozen too: thaw that one");
}

}  // namespace secure::cgroup
