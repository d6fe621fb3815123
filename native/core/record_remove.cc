// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "network.h"
#include "record_lifecycle.h"
#include "record_store.h"

namespace secure::record {

namespace {

constexpr int kRounds = 3;  // a start that was under way may have finished between our look and our lock

// Give back every reservation in `dir` whose target is `target`: one by name where it is known.
Status release_all(const std::string& root, const char* sub, const std::string& known, const std::string& target) {
  auto dir = open_dir(root, sub, false);
  if (!dir) return dir.error().err == ENOENT ? Status(Ok{}) : Status(std::move(dir.error()));
  if (!known.empty()) return release(dir->get(), known, target);
  for (const auto& entry : entries(dir->get()))
    if (link_target(dir->get(), entry) == target) SECURE_TRY(release(dir->get(), entry, target));
  return Ok{};
}

Status remove_group(const cgroup::Layout& layout, const std::string& path) {
  auto group = cgroup::open(layout, path);
  if (!group) return Ok{};
  auto left = cgroup::processes(*group);
  if (left && !left->empty()) return Ok{};  // another container's, see cgroup_path()
  return cgroup::remove(layout, path);
}

}  // namespace

Status remove_record(const Roots& roots, int containers, const State& state, const cgroup::Layout& layout) {
  const std::string& id = state.id;
  if (auto group = cgroup::open(layout, cgroup_path(roots, state))) SECURE_TRY(cgroup::kill_all(*group));
  if (auto run = open_dir(roots.run, "containers", false)) SECURE_TRY(remove_tree(run->get(), id));
  SECURE_TRY(remove_group(layout, default_cgroup(roots, id)));
  if (!state.cgroup.empty()) SECURE_TRY(remove_group(layout, state.cgroup));
  auto config = read_config(containers, id);
  // Its monitor has done that, if it lived to its end.
  if (config && config->network) SECURE_TRY(network::detach(roots, id, *config->network));
  SECURE_LET(record, open_nofollow(containers, id, O_RDONLY | O_DIRECTORY));
  // The config last: while it is there, whoever comes after a crash knows what else there was.
  for (const auto& entry : entries(record.get()))
    if (entry != "config.json") SECURE_TRY(remove_tree(record.get(), entry));
  const std::string first = config && config->range_first != 0 ? std::to_string(config->range_first) : "";
  SECURE_TRY(release_all(roots.state, "ranges", first, id));
  SECURE_TRY(release_all(roots.host, "ranges", first, record_path(roots, id)));
  SECURE_TRY(release_all(roots.state, "names", config ? config->name : "", id));
  SECURE_TRY(remove_tree(containers, id));
  return release_all(roots.host, "ids", id, record_path(roots, id));
}

Status remove(const Roots& roots, const std::string& id, bool force) {
  for (int round = 1;; ++round) {
    auto state = read_state(roots, id);
    // A corrupt record names no process; what is in its cgroup is all that can be known of it.
    State broken;
    broken.id = id;
    if (!state && (state.error().code != "RECORD_CORRUPT" || !force)) return std::move(state.error());
    const State& seen = state ? *state : broken;
    bool live = seen.status == "running" || seen.status == "restarting" || (seen.status == "created" && seen.monitor_pid != ::getpid());
    if (live && !force)
      return fail(Stage::state, "CONTAINER_RUNNING", 0,
                  "container " + (seen.name.empty() ? id : seen.name) + " is " + seen.status, "stop it first, or use --force");
    if (live) {
      SECURE_TRY(request_stop(roots, id));
      SECURE_TRY(kill_now(roots, seen));
      wake_monitor(seen);
    }
    // Before the lock, which the monitor needs for its own last steps.
    end_monitor(seen);
    auto lock = container_lock(roots, id);
    if (!lock) {
      // The monitor of an auto-removed container was faster.
      if (lock.error().code == "NO_SUCH_CONTAINER" && round + live > 1) return Ok{};
      return std::move(lock.error());
    }
    state = read_state(roots, id);
    if (state && active(*state)) {
      if (force && round < kRounds) continue;
      return fail(Stage::state, "CONTAINER_RUNNING", 0, "container " + id + " is running", "stop it first, or use --force");
    }
    SECURE_LET(containers, open_dir(roots.state, "containers", false));
    SECURE_LET(layout, cgroup::detect());
    return remove_record(roots, containers.get(), state ? *state : broken, layout);
  }
}

}  // namespace secure::record
