// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "fd.h"
#include "landlock_abi.h"
#include "probe_tracer.h"
#include "probe_worker.h"
#include "record.h"

namespace secure::probe {

namespace {

constexpr const char* kTarget = "/proc/self/comm";

// Why the file could refuse the process for another reason than Landlock; empty when it could not.
struct Ground {
  std::string obstacle;
  bool filtered = false;
};

// The text after "Key:\t" of /proc/PID/status.
std::string field(const std::string& status, const std::string& key) {
  const std::size_t at = status.find("\n" + key + ":");
  if (at == std::string::npos) return {};
  const std::size_t from = status.find_first_not_of(" \t", at + key.size() + 2);
  const std::size_t to = status.find('\n', from);
  return from == std::string::npos ? std::string{} : status.substr(from, to - from);
}

Ground survey(pid_t pid) {
  const std::string dir = "/proc/" + std::to_string(pid);
  auto status = read_file(AT_FDCWD, dir + "/status", 1U << 20);
  if (!status.ok()) return {"the process ended", false};
  Ground ground;
  ground.filtered = field(*status, "Seccomp") != "0";
  if (field(*status, "State").starts_with('Z')) return {"its main thread has ended", ground.filtered};
  if (const std::string tracer = field(*status, "TracerPid"); tracer != "0")
    return {"already traced by process " + tracer, ground.filtered};

  // Of its own pid namespace: the last number of NSpid. Uid: real, effective, saved, file system.
  const std::string ids = field(*status, "NSpid");
  const std::string inner = ids.substr(ids.find_last_of(" \t") + 1);
  unsigned long real = 0, effective = 0, saved = 0, file = 0;
  if (inner.empty() || ::sscanf(field(*status, "Uid").c_str(), "%lu %lu %lu %lu", &real, &effective, &saved, &file) != 4)
    return {"its status cannot be read", ground.filtered};

  Fd root(::open((dir + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd comm(sys_openat2(root.get(), ("proc/" + inner + "/comm").c_str(), O_PATH | O_NOFOLLOW, 0,
                      RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS));
  if (!comm.valid()) return {"no procfs of its own at /proc", ground.filtered};
  struct statfs fs {};
  struct statx st {};
  if (::fstatfs(comm.get(), &fs) < 0 || ::statx(comm.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) < 0)
    return {"its /proc cannot be read", ground.filtered};
  if (fs.f_type != PROC_SUPER_MAGIC || (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
    return {"something is mounted over its /proc", ground.filtered};
  if ((fs.f_flags & ST_RDONLY) != 0) return {"its /proc is mounted read-only", ground.filtered};
  if (st.stx_uid != file || (st.stx_mode & S_IWUSR) == 0)
    return {"the process is not dumpable, so its own /proc files are not its own", ground.filtered};
  return ground;
}

// What the worker says: "ok WRITE READ" (results of the two opens, negative errno) or a sentence.
std::string interrogate(pid_t pid, std::uint64_t start, const Options& options) {
  const Ground ground = survey(pid);
  if (!ground.obstacle.empty()) return ground.obstacle;
  Tracer tracer(pid, std::chrono::milliseconds(options.timeout_ms), options.settle || arch::kRestartHidden);
  if (!tracer.borrow()) return tracer.why();
  // Seized, it cannot be reaped: if it is the one we mean now, it stays so.
  std::string answer = "another process has its pid";
  if (record::start_time(pid) == start) {
    const auto address = tracer.lend(kTarget);
    const std::uint64_t at = address.value_or(0), here = static_cast<std::uint64_t>(AT_FDCWD);
    // O_NONBLOCK: never wait, should a FIFO be mounted there in the meantime.
    const Call write{SYS_openat, {here, at, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY}};
    const Call read{SYS_openat, {here, at, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY}};
    const Call close{SYS_close, {3}};
    Verdict verdict = Verdict::allow;
    for (const Call& call : {write, read, close}) verdict = std::max(verdict, tracer.verdict(call, ground.filtered));
    if (verdict == Verdict::refuse) answer = "refused by seccomp: its filter answers openat with an error";
    else if (verdict == Verdict::harm) answer = "refused by seccomp: its filter would end it for openat";
    else if (verdict == Verdict::unknown) answer = "the kernel does not show its seccomp filters, and a wrong call could end it";
    else if (address && tracer.begin()) {
      const auto written = tracer.call(write);
      if (written && *written >= 0) (void)tracer.call({SYS_close, {static_cast<std::uint64_t>(*written)}});
      const auto seen = written ? tracer.call(read) : std::nullopt;
      if (seen && *seen >= 0) (void)tracer.call({SYS_close, {static_cast<std::uint64_t>(*seen)}});
      answer = seen ? "ok " + std::to_string(*written) + " " + std::to_string(*seen) : tracer.why();
    } else {
      answer = tracer.why();
    }
  }
  tracer.give_back();
  return answer;
}

std::string outcome(long result) { return result >= 0 ? "allowed" : ::strerrordesc_np(static_cast<int>(-result)); }

}  // namespace

bool covered(const spec::Landlock& planned) {
  const auto has = [](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), "write_file") != names.end();
  };
  if (!has(planned.handled_access_fs)) return false;
  for (const auto& rule : planned.path_beneath) {
    if (!has(rule.allowed_access)) continue;
    for (const auto& parent : rule.parent)
      if (parent == "/" || parent == "/proc" || parent.starts_with("/proc/")) return false;
  }
  return true;
}

Answer landlock(pid_t pid, std::uint64_t start, const Options& options) {
  // The worker needs its own time for the calls after the stop.
  const auto said = in_worker(options.timeout_ms + 5000, [&] { return interrogate(pid, start, options); });
  if (!said) return {std::nullopt, "the probe did not answer in time", "ptrace"};
  long write = 0, read = 0;
  if (::sscanf(said->c_str(), "ok %ld %ld", &write, &read) != 2) return {std::nullopt, *said, "ptrace"};
  const std::string evidence = std::string("its own open of ") + kTarget + " for writing: " + outcome(write) +
                               "; for reading: " + outcome(read);
  if (write >= 0) return {false, "the process can write where its rules do not allow it", evidence};
  if (write == -EACCES && read >= 0) return {true, "the process is refused what its user may do", evidence};
  if (write == -EPERM || write == -ENOSYS) return {std::nullopt, "refused by seccomp", evidence};
  return {std::nullopt, "the answer does not tell", evidence};
}

}  // namespace secure::probe
