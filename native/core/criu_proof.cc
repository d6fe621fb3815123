// SPDX-License-Identifier: Apache-2.0
#include "criu_proof.h"

#include <sys/stat.h>

#include <algorithm>

#include "criu_mounts.h"
#include "enforced.h"

namespace secure::criu {

namespace {

// Versions of CRIU, as major * 100 + minor.
constexpr int kNoNewPrivs = 319, kAmbient = 401;

// Which are about what a process may do; the rest of the list tells more than the config asks for.
bool broken(const enforced::Control& control) { return !control.planned.empty() && control.in_force != true; }

Result<std::string> mountinfo_of(pid_t pid) { return read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/mountinfo", 16U << 20); }

Error weaker(const std::string& what) {
  return fail(Stage::process, "RESTORE_WEAKER", 0, "what was restored is not confined as config.json wants it, and was killed: " + what,
              "config.json has changed since the checkpoint, or this CRIU or kernel does not restore it");
}

}  // namespace

Status note(const Proven& container, Record& record) {
  SECURE_LET(proof, enforced::prove(container.id, container.pid, container.start, container.config, container.group));
  for (const auto& control : proof.controls)
    if (broken(control)) record.absent.push_back(control.name);
  SECURE_LET(mounts, mountinfo_of(container.pid));
  record.restrictions = restrictions(mounts);
  record.tasks = tasks_of(container.pid, container.pids);
  record.no_new_privs = std::all_of(record.tasks.begin(), record.tasks.end(), [](const Task& task) { return fact(task, "NoNewPrivs") == "1"; });
  return Ok{};
}

Status check_tasks(const Record& record, int version) {
  auto lost = [](const Task& task, const char* what, const char* since) {
    return fail(Stage::process, "CHECKPOINT_LOSES", 0,
                "cannot checkpoint the container: its process " + std::to_string(task.pid) + " has " + what + ", which CRIU restores since version " + since + " only");
  };
  for (const auto& task : record.tasks) {
    if (version < kAmbient && fact(task, "CapAmb").find_first_not_of('0') != std::string::npos) return lost(task, "ambient capabilities", "4.1");
    // Where all have it, all inherit it.
    if (version < kNoNewPrivs && !record.no_new_privs && fact(task, "NoNewPrivs") == "1") return lost(task, "no_new_privs, unlike others", "3.19");
  }
  return Ok{};
}

Status prove(const Proven& container, const Record& record) {
  SECURE_LET(proof, enforced::prove(container.id, container.pid, container.start, container.config, container.group));
  for (const auto& control : proof.controls)
    if (broken(control) && std::find(record.absent.begin(), record.absent.end(), control.name) == record.absent.end())
      return weaker(control.name + " should be " + control.planned + ", and is: " + control.actual);
  SECURE_LET(mounts, mountinfo_of(container.pid));
  if (const auto less = lacking(record.restrictions, mounts); !less.empty()) return weaker("the mount on " + less[0].point + " lacks " + less[0].words);
  if (const std::string other = difference(record.tasks, tasks_of(container.pid, container.pids)); !other.empty()) return weaker(other);
  return Ok{};
}

Result<std::vector<Expected>> expect(const std::vector<std::pair<std::string, std::string>>& sources, int root) {
  std::vector<Expected> out;
  for (const auto& [point, source] : sources) {
    Fd file(::open(source.c_str(), O_PATH | O_CLOEXEC));
    if (!file.valid()) return fail(Stage::mount, "MOUNT_FAILED", errno, "open " + source + ", the source of the mount on " + point);
    out.push_back({point, std::move(file)});
  }
  out.push_back({"/", Fd(::fcntl(root, F_DUPFD_CLOEXEC, 3))});
  return out;
}

Status prove_sources(pid_t pid, const std::vector<Expected>& expected) {
  Fd root(::open(("/proc/" + std::to_string(pid) + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return fail(Stage::process, "RESTORE_WEAKER", errno, "look at the root of what was restored");
  for (const auto& one : expected) {
    Fd place(sys_openat2(root.get(), one.point.c_str(), O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
    struct stat wanted {}, there {};
    if (!place.valid() || ::fstat(place.get(), &there) < 0 || ::fstat(one.source.get(), &wanted) < 0) return weaker("the mount on " + one.point + " is missing");
    if (wanted.st_dev != there.st_dev || wanted.st_ino != there.st_ino) return weaker("the mount on " + one.point + " does not show what it did when its source was opened");
  }
  return Ok{};
}

}  // namespace secure::criu
