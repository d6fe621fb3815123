// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>

#include "cgroup_tree.h"

namespace secure::cgroup {

namespace {

constexpr std::int64_t kBound = 10'000;  // ms
constexpr std::size_t kBatch = 256;      // pidfds held at once, far below the usual soft limit of 1024

std::int64_t now_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000;
}

void pause_ms(int ms) { (void)::poll(nullptr, 0, ms); }

// SIGKILL to every process of the group, never to one that got a pid of it again: only what is in the group
// both before and after its pidfd was opened is signalled, and that through the pidfd.
void signal_all(const Group& group) {
  auto before = processes(group);
  if (!before) return;
  for (std::size_t first = 0; first < before->size(); first += kBatch) {
    std::vector<std::pair<pid_t, Fd>> batch;
    for (std::size_t i = first; i < std::min(first + kBatch, before->size()); ++i)
      batch.emplace_back((*before)[i], Fd(static_cast<int>(::syscall(SYS_pidfd_open, (*before)[i], 0))));
    auto after = processes(group);
    if (!after) return;
    for (const auto& [pid, fd] : batch)
      if (fd.valid() && std::binary_search(after->begin(), after->end(), pid))
        (void)::syscall(SYS_pidfd_send_signal, fd.get(), SIGKILL, nullptr, 0);
  }
}

int freezer(const Group& group) {
  // v2 has cgroup.freeze, but wherever v2 is there cgroup.kill is too (Linux 5.14).
  Place place = place_of(group, "freezer", "freezer.state");
  return place.v2 ? -1 : place.fd;
}

void set_frozen(int dir, bool frozen) {
  (void)write_file_once(dir, "freezer.state", frozen ? "FROZEN" : "THAWED", Stage::cgroup);
}

// Stops a fork bomb long enough that one round of signals reaches all of it. Best effort: a process in
// uninterruptible sleep keeps the group FREEZING.
void freeze(int dir) {
  set_frozen(dir, true);
  for (int i = 0; i < 100 && read_text(dir, "freezer.state") != "FROZEN\n"; ++i) pause_ms(1);
}

// Whether a process of the group stands in another group of the freezer: one above or below, or somebody else's.
bool frozen_elsewhere(pid_t pid, const std::string& path) {
  auto text = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/cgroup", 64U << 10);
  if (!text) return false;
  for (const auto& member : memberships(*text))
    if (member.of("freezer")) return member.path != path;
  return false;
}

// A process that is frozen does not die. Whoever froze it elsewhere, a container that may write to its own groups among them, loses it
// to the group's own freezer, which is thawed.
void take_out_of_the_ice(const Group& group, const std::vector<pid_t>& left, int dir) {
  for (const pid_t pid : left)
    if (frozen_elsewhere(pid, group.path)) (void)write_file_once(dir, "cgroup.procs", std::to_string(pid), Stage::cgroup);
}

}  // namespace

Status kill_all(const Group& group) {
  int v2 = v2_dir(group), frozen = freezer(group);
  const std::int64_t deadline = now_ms() + kBound;
  bool use_kill = v2 >= 0 && ::faccessat(v2, "cgroup.kill", F_OK, 0) == 0;
  for (int wait = 0;; wait = std::min(wait + 1, 20)) {
    // The first look is free of charge: most groups are empty when this is called.
    auto left = processes(group);
    if (left && left->empty()) {
      // An empty group could have been left frozen.
      if (frozen >= 0 && read_text(frozen, "freezer.state") != "THAWED\n") set_frozen(frozen, false);
      return Ok{};
    }
    if (now_ms() >= deadline)
      return fail(Stage::cgroup, "CGROUP_KILL_TIMEOUT", 0,
                  std::to_string(left ? left->size() : 0) + " processes of " + group.path + " did not die within 10 s, " +
                      (left && !left->empty() ? "among them " + std::to_string(left->front()) : ""),
                  "a process in uninterruptible sleep (state D in ps) waits for a device or a network file system");
    if (use_kill) {
      // Atomic against forks. What joined only v1 hierarchies is caught by the next round.
      use_kill = static_cast<bool>(write_file_once(v2, "cgroup.kill", "1", Stage::cgroup)) && wait < 5;
      // A v1 freezer holds even SIGKILL back.
      if (frozen >= 0 && read_text(frozen, "freezer.state") != "THAWED\n") set_frozen(frozen, false);
    } else {
      if (frozen >= 0) freeze(frozen);
      signal_all(group);
      if (frozen >= 0) set_frozen(frozen, false);
    }
    // Not at once: nearly always there is nobody, and moving a process is slow.
    if ((wait == 10 || wait == 20) && left && frozen >= 0) take_out_of_the_ice(group, *left, frozen);
    pause_ms(wait);
  }
}

}  // namespace secure::cgroup
