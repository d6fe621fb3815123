// SPDX-License-Identifier: Apache-2.0
// What is done for a process by those who make it.
#include <sched.h>

#include "caps.h"
#include "environment.h"
#include "lsm.h"
#include "namespaces.h"
#include "process.h"
#include "rlimit.h"
#include "schedule.h"
#include "warning.h"

namespace secure::process {

namespace {

// `pid` 0: the caller. Not by the process itself: as it is not dumpable its files below /proc are root's of the host, out of its user namespace.
Status set_oom_score(const spec::Process& process, pid_t pid) {
  if (!process.oom_score_adj) return Ok{};
  const std::string path = pid == 0 ? "/proc/self/oom_score_adj" : "/proc/" + std::to_string(pid) + "/oom_score_adj";
  const std::string wanted = std::to_string(*process.oom_score_adj);
  auto written = write_file_once(AT_FDCWD, path, wanted, Stage::process);
  if (written || written.error().err != EACCES) return written;
  if (auto now = read_file(AT_FDCWD, path, 16); now && *now == wanted + "\n") return Ok{};
  return fail(Stage::process, "OOM_SCORE_REFUSED", EACCES, "set /process/oomScoreAdj to " + wanted,
              "a score below that of the caller needs CAP_SYS_RESOURCE in the initial user namespace");
}

}  // namespace

Result<Prepared> prepare(const spec::Spec& spec, const spec::Process& process, const seccomp::Program* filter) {
  SECURE_TRY(lsm::check(process));
  Prepared out;
  out.spec = &spec;
  out.process = &process;
  out.filter = filter;
  out.user_namespace = namespaces::has(spec, CLONE_NEWUSER);
  std::vector<std::string> warnings = process.warnings;
  if (process.has_capabilities) out.capabilities = caps::fit(process.capabilities, caps::grantable(out.user_namespace), warnings);
  for (const auto& text : warnings) warning::emit(text);
  out.argv.reserve(process.args.size() + 1);
  for (const auto& arg : process.args) out.argv.push_back(const_cast<char*>(arg.c_str()));
  out.argv.push_back(nullptr);
  out.envp = environment::unique(process.env, out.has_home);
  out.envp.push_back(nullptr);
  return out;
}

bool scheduled_from_outside(const Prepared& prepared) { return prepared.process->scheduler || prepared.process->io_priority; }

Status from_outside(const Prepared& prepared, pid_t pid) {
  const spec::Process& process = *prepared.process;
  SECURE_TRY(set_oom_score(process, pid));
  if (prepared.user_namespace) rlimit::raise(process.rlimits, pid);
  if (process.io_priority) SECURE_TRY(schedule::apply_io(*process.io_priority, pid));
  // Last: a process with a deadline may not make another one.
  if (process.scheduler) SECURE_TRY(schedule::apply(*process.scheduler, pid));
  return Ok{};
}

Status before_joining(const Prepared& prepared) {
  const spec::Process& process = *prepared.process;
  SECURE_TRY(set_oom_score(process, 0));
  if (prepared.user_namespace) rlimit::raise(process.rlimits, 0);
  if (process.apparmor_profile.empty() && process.selinux_label.empty()) return Ok{};
  SECURE_LET(procfs, lsm::host_procfs());
  SECURE_TRY(lsm::label_keyring(procfs.get(), process));
  SECURE_LET(labels, lsm::open(procfs.get(), process));
  return lsm::apply(labels, process);
}

}  // namespace secure::process
