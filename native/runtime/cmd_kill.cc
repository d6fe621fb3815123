// SPDX-License-Identifier: Apache-2.0
// kill and delete.
#include <regex.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>

#include "args.h"
#include "commands.h"
#include "namespaces.h"
#include "oci_create.h"
#include "record_lifecycle.h"
#include "signals.h"

namespace secure::runtime {

namespace {

Error not_running(const std::string& id) {
  return fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "container not running: container '" + id + "' is stopped");
}

// Every process of the group, each through a pidfd that was made while it was in there.
Status signal_group(const Found& found, int signal) {
  auto known = group_of(found);
  // Gone with the last of them: there is nobody left to signal.
  if (!known) return known.error().code == "CGROUP_NOT_FOUND" ? Status(Ok{}) : Status(std::move(known.error()));
  const cgroup::Group& group = *known;
  if (signal == SIGKILL) return cgroup::kill_all(group);
  SECURE_LET(pids, cgroup::processes(group));
  for (pid_t pid : pids) {
    Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    auto now = cgroup::processes(group);
    if (process.valid() && now && std::find(now->begin(), now->end(), pid) != now->end())
      (void)::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
  }
  return Ok{};
}

// Without a pid namespace of its own the first process leaves others behind, and SIGKILL is for all that is the container.
bool left_behind(const Found& found) {
  auto spec = config_of(found);
  if (!spec || namespaces::has(*spec, CLONE_NEWPID)) return false;
  auto group = group_of(found);
  if (!group) return false;
  auto pids = cgroup::processes(*group);
  return pids && !pids->empty();
}

Status kill_one(Found& found, int signal, bool all) {
  if (all) return signal_group(found, signal);
  if (found.status == oci::Status::stopped)
    return signal == SIGKILL && left_behind(found) ? signal_group(found, signal) : Status(not_running(found.state.id));
  auto process = process_of(found);
  if (!process) return not_running(found.state.id);
  if (::syscall(SYS_pidfd_send_signal, process->get(), signal, nullptr, 0) < 0) {
    if (errno == ESRCH) return not_running(found.state.id);
    return fail(Stage::process, "KILL_FAILED", errno, "signal container " + found.state.id);
  }
  // Without a pid namespace of its own its first process leaves the others behind, and a frozen one does not end.
  auto spec = config_of(found);
  const bool own_pids = spec && namespaces::has(*spec, CLONE_NEWPID);
  if (signal == SIGKILL && (!own_pids || found.status == oci::Status::paused))
    if (auto group = group_of(found)) return cgroup::kill_all(*group);
  return Ok{};
}

// What a killed or failed `create` has left: nobody holds its lock, and no process was recorded.
Status remove_remains(const std::string& id) {
  SECURE_LET(root, oci::open_root(globals().root, false));
  SECURE_LET(dir, oci::open(root.get(), id, true));
  SECURE_LET(layout, cgroup::detect());
  auto text = oci::read_config(dir.get());
  auto spec = text ? spec::parse(*text) : Result<spec::Spec>(text.error());
  std::string path = spec && !spec->cgroups_path.empty() ? cgroup::clean_path(spec->cgroups_path) : "/secure-oci-" + id;
  if (path[0] != '/') path.insert(path.begin(), '/');
  if (auto group = cgroup::open(layout, path)) {
    SECURE_TRY(cgroup::kill_all(*group));
    SECURE_TRY(cgroup::remove(layout, path));
  }
  return oci::remove(root.get(), id);
}

Status delete_one(const std::string& id, bool force) {
  auto found = find(id, true);
  if (!found) {
    if (force && (found.error().code == "CONTAINER_CREATING" || found.error().code == "STATE_CORRUPT")) return remove_remains(id);
    // Engines clean up with --force whether or not there is anything left, as runc and crun let them.
    if (force && found.error().code == "NO_SUCH_CONTAINER") return Ok{};
    return std::move(found.error());
  }
  if (found->status != oci::Status::stopped) {
    if (!force)
      return fail(Stage::state, "CONTAINER_RUNNING", 0, "cannot delete container '" + id + "' that is not stopped: it is " + std::string(oci::status_name(found->status)),
                  "kill it first, or use --force");
    auto process = process_of(*found);
    if (process) (void)::syscall(SYS_pidfd_send_signal, process->get(), SIGKILL, nullptr, 0);
    if (auto group = group_of(*found)) SECURE_TRY(cgroup::kill_all(*group));
    if (process && !record::wait_process(process->get(), 10'000))
      return fail(Stage::state, "CONTAINER_KILL_TIMEOUT", 0, "container " + id + " did not die within 10 s of SIGKILL",
                  "a process in uninterruptible sleep (state D in ps) waits for a device or a network file system");
  }
  return destroy(*found);
}

}  // namespace

int cmd_kill(int argc, char** argv) {
  bool all = false;
  Args args(argc, argv, "secure-runtime kill [--all] ID [SIGNAL]");
  args.flag("all", 'a', all);
  if (auto s = args.parse(1, 2); !s) return report(s.error());
  const std::string name = args.operands.size() == 2 ? args.operands[1] : "SIGTERM";
  // 0 sends nothing and asks whether it could, as in kill(2).
  const int signal = name == "0" ? 0 : signals::number(name);
  if (signal < 0)
    return report(fail(Stage::config, "SIGNAL_INVALID", 0, "unknown signal '" + name + "'", "a name such as TERM or RTMIN+3, or a number from 1 to 64"));
  auto found = find(args.operands[0], false);
  if (!found) return report(found.error());
  auto status = kill_one(*found, signal, all);
  return status ? 0 : report(status.error());
}

namespace {

// POSIX extended, matched anywhere in the id.
int delete_matching(const std::string& pattern, bool force) {
  regex_t compiled;
  if (::regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0)
    return report(fail(Stage::config, "USAGE", 0, "--regex: '" + pattern + "' is no regular expression"));
  int code = 0;
  if (auto root = oci::open_root(globals().root, false))
    for (const auto& id : oci::ids(root->get())) {
      if (::regexec(&compiled, id.c_str(), 0, nullptr, 0) != 0) continue;
      if (auto s = delete_one(id, force); !s) code = report(s.error());
    }
  ::regfree(&compiled);
  return code;
}

}  // namespace

int cmd_delete(int argc, char** argv) {
  bool force = false, regex = false;
  Args args(argc, argv, "secure-runtime [OPTION...] delete CONTAINER");
  args.flag("force", 'f', force).flag("regex", '\0', regex);
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  if (regex) return delete_matching(args.operands[0], force);
  auto status = delete_one(args.operands[0], force);
  return status ? 0 : report(status.error());
}

}  // namespace secure::runtime
