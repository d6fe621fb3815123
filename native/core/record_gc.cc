// SPDX-License-Identifier: Apache-2.0
// What crashed processes left. Every decision rests on a record's lock (held: leave alone) or on a record that does not
// exist, of which the order of reserve() and remove_record() makes sure that nothing can depend on it.
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "network.h"
#include "record_lifecycle.h"
#include "record_store.h"

namespace secure::record {

namespace {

struct Sweep {
  const Roots& roots;
  int containers;  // -1: this instance has no records
  cgroup::Layout layout;
  std::vector<std::string> lines;

  void note(const std::string& what, const std::string& name) { lines.push_back(what + " " + name); }
  void failed(const std::string& name, const Error& error) { lines.push_back("failed " + name + ": " + error.text()); }
};

// Processes and group of a container that has ended, when its monitor did not live to do it.
void sweep_ended(Sweep& sweep, const State& state) {
  const std::string path = cgroup_path(sweep.roots, state);
  auto group = cgroup::open(sweep.layout, path);
  if (!group || sweep.layout.hierarchies.empty()) return;
  if (auto killed = cgroup::kill_all(*group); !killed) return sweep.failed("cgroup " + path, killed.error());
  if (auto done = cgroup::remove(sweep.layout, path); !done) return sweep.failed("cgroup " + path, done.error());
  sweep.note("cgroup", path);
}

void sweep_record(Sweep& sweep, const std::string& id) {
  auto lock = try_container_lock(sweep.containers, id);
  if (!lock) return;
  auto config = read_config(sweep.containers, id);
  auto state = read_state(sweep.roots, id);
  // Corrupt: only its owner can say what it was.
  if (!state || (!config && config.error().code == "RECORD_CORRUPT")) return;
  if (active(*state) || state->monitor_pid != 0) return;
  const bool unfinished = !config;
  if (unfinished || config->remove) {
    auto done = remove_record(sweep.roots, sweep.containers, *state, sweep.layout);
    if (done) sweep.note(unfinished ? "unfinished container" : "ended container", id);
    else sweep.failed("container " + id, done.error());
    return;
  }
  sweep_ended(sweep, *state);
}

void sweep_records(Sweep& sweep) {
  for (const auto& name : entries(sweep.containers)) {
    if (valid_id(name)) {
      sweep_record(sweep, name);
    } else if (name.starts_with(".new-")) {
      // Its maker locks it at once, and makes another when we are faster.
      auto lock = try_container_lock(sweep.containers, name);
      if (lock && remove_tree(sweep.containers, name)) sweep.note("unfinished record", name);
    }
  }
}

// Groups whose record is gone. Every group below our parent belongs to an id in the host's register, written
// before the group is made and removed after it: an id that is not there was not ours to make, and one
// whose record exists, under whatever roots, may be between making its group and joining it.
void sweep_groups(Sweep& sweep, int ids) {
  for (const auto& id : cgroup::children(sweep.layout, sweep.roots.cgroup_parent)) {
    const std::string owner = link_target(ids, id);
    if (owner.empty() || owner_alive(sweep.containers, owner)) continue;
    const std::string path = default_cgroup(sweep.roots, id);
    auto group = cgroup::open(sweep.layout, path);
    if (!group) continue;
    auto left = cgroup::processes(*group);
    if (!left || !left->empty()) continue;
    if (auto done = cgroup::remove(sweep.layout, path); done) sweep.note("cgroup", path);
    else sweep.failed("cgroup " + path, done.error());
  }
}

void sweep_links(Sweep& sweep, const std::string& root, const char* sub, const char* what) {
  auto dir = open_dir(root, sub, false);
  if (!dir) return;
  for (const auto& entry : entries(dir->get()))
    if (!owner_alive(sweep.containers, link_target(dir->get(), entry)) &&
        release_dead(dir->get(), entry, sweep.containers))
      sweep.note(what, entry);
}

// After a restart the host's register is empty, while records and their ranges are still there.
void register_ranges(Sweep& sweep) {
  auto own = open_dir(sweep.roots.state, "ranges", false);
  auto shared = open_dir(sweep.roots.host, "ranges", true);
  if (!own || !shared) return;
  for (const auto& entry : entries(own->get())) {
    std::string id = link_target(own->get(), entry);
    if (owner_alive(sweep.containers, id))
      (void)claim(shared->get(), entry, record_path(sweep.roots, id), sweep.containers);
  }
}

// Running state without a record: somebody deleted the record by hand. Its monitor has nothing left to do.
void sweep_run_states(Sweep& sweep, int ids) {
  auto run = open_dir(sweep.roots.run, "containers", false);
  if (!run) return;
  for (const auto& id : entries(run->get())) {
    if (!valid_id(id) || owner_alive(sweep.containers, id)) continue;
    std::string owner = ids >= 0 ? link_target(ids, id) : std::string();
    if (!owner.empty() && owner_alive(sweep.containers, owner)) continue;
    State state = read_run_state(run->get(), id);
    if (state.pid != 0) continue;
    if (auto monitor = open_process(state.monitor_pid, state.monitor_start)) {
      (void)::syscall(SYS_pidfd_send_signal, monitor->get(), SIGKILL, nullptr, 0);
      sweep.note("monitor", std::to_string(state.monitor_pid));
    }
    if (remove_tree(run->get(), id)) sweep.note("running state", id);
  }
}

}  // namespace

Result<std::vector<std::string>> gc(const Roots& roots) {
  auto containers = open_dir(roots.state, "containers", false);
  if (!containers && containers.error().err != ENOENT) return std::move(containers.error());
  SECURE_LET(layout, cgroup::detect());
  Sweep sweep{roots, containers ? containers->get() : -1, std::move(layout), {}};
  auto ids = open_dir(roots.host, "ids", false);
  if (containers) {
    sweep_records(sweep);
    register_ranges(sweep);
  }
  if (ids) sweep_groups(sweep, ids->get());
  sweep_links(sweep, roots.state, "names", "name");
  sweep_links(sweep, roots.state, "ranges", "range");
  sweep_links(sweep, roots.host, "ranges", "range on the host");
  if (containers) sweep_run_states(sweep, ids ? ids->get() : -1);
  // Before the register, which says whose a device is.
  for (auto& line : network::sweep(roots)) sweep.lines.push_back(std::move(line));
  if (ids)
    for (const auto& id : entries(ids->get()))
      // A group that still has processes keeps its entry, so that a later sweep can judge it.
      if (!owner_alive(sweep.containers, link_target(ids->get(), id)) &&
          !(cgroup::open(sweep.layout, default_cgroup(roots, id)) && !sweep.layout.hierarchies.empty()) &&
          release_dead(ids->get(), id, sweep.containers))
        sweep.note("id", id);
  // A start that was killed between making the shared parent and its own group leaves the parent. Removing a name that
  // no container can have takes empty parents away, and only those.
  (void)cgroup::remove(sweep.layout, roots.cgroup_parent + "/.none");
  return std::move(sweep.lines);
}

}  // namespace secure::record
