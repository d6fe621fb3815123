// SPDX-License-Identifier: Apache-2.0
#include "checkpoint.h"

#include <limits.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <cstdio>

#include "cgroup_tree.h"
#include "criu_image.h"
#include "criu_lost.h"
#include "criu_mounts.h"
#include "criu_program.h"
#include "criu_proof.h"
#include "enforced_parts.h"
#include "namespaces.h"
#include "number.h"
#include "rootfs.h"
#include "warning.h"

namespace secure::runtime {

namespace {

constexpr const char* kLog = "dump.log";
constexpr std::size_t kMaxMountinfo = 16U << 20;

struct Subject {
  Fd proc;  // of the first process
  std::string mountinfo;
  std::vector<enforced::MountLine> lines;
};

Result<Subject> look_at(const Found& found) {
  Subject out;
  SECURE_LET(process, process_of(found));
  out.proc = Fd(::open(("/proc/" + std::to_string(found.state.pid)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Opened before it was asked once more: this directory is of that very process.
  SECURE_LET(again, process_of(found));
  if (!out.proc.valid()) return fail(Stage::state, "PROCESS_GONE", errno, "look at the container's first process");
  SECURE_LET(text, read_file(out.proc.get(), "mountinfo", kMaxMountinfo));
  out.mountinfo = std::move(text);
  out.lines = enforced::parse_mountinfo(out.mountinfo);
  return out;
}

// The mount point that a destination leads to inside the container, "" when it is none.
std::string mount_point(const Subject& subject, const Fd& root, const std::string& destination) {
  constexpr unsigned kMountId = 0x1000;  // STATX_MNT_ID
  Fd place(sys_openat2(root.get(), destination.c_str(), O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
  struct statx st {};
  if (!place.valid() || ::statx(place.get(), "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, kMountId, &st) < 0) return {};
  if ((st.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) return {};
  for (const auto& line : subject.lines)
    if (line.id == st.stx_mnt_id) return line.point;
  return {};
}

// Where a standard stream leads: a pipe by the name that it has, a file of the host's by the one that CRIU gives it.
std::string stream_name(const Subject& subject, int fd) {
  const std::string name = "fd/" + std::to_string(fd);
  char target[PATH_MAX];
  const ssize_t n = ::readlinkat(subject.proc.get(), name.c_str(), target, sizeof target);
  if (n <= 0 || n == static_cast<ssize_t>(sizeof target)) return {};
  std::string out(target, static_cast<std::size_t>(n));
  if (out.starts_with("pipe:[")) return out;
  if (out[0] != '/') return {};
  auto info = read_file(subject.proc.get(), "fdinfo/" + std::to_string(fd), 1U << 16);
  struct stat st {};
  if (!info || ::fstatat(subject.proc.get(), name.c_str(), &st, 0) < 0) return {};
  const std::size_t at = info->find("mnt_id:");
  if (at == std::string::npos) return {};
  const auto mount = std::strtoull(info->c_str() + at + 7, nullptr, 10);
  for (const auto& line : subject.lines)
    if (line.id == mount) return {};
  char text[64];
  (void)std::snprintf(text, sizeof text, "file[%llx:%llx]", mount, static_cast<unsigned long long>(st.st_ino));
  return text;
}

// Namespaces that are there already and stay: CRIU only hears what they are called at the restore.
Status add_external_namespaces(const spec::Spec& spec, const Subject& subject, criu::Request& request) {
  for (const auto& ns : spec.namespaces) {
    if (ns.path.empty() || (ns.flag != CLONE_NEWNET && ns.flag != CLONE_NEWPID)) continue;
    const char* type = ns.flag == CLONE_NEWNET ? "net" : "pid";
    struct stat st {};
    if (::fstatat(subject.proc.get(), (std::string("ns/") + type).c_str(), &st, 0) < 0) return fail(Stage::state, "NAMESPACE_INVALID", errno, std::string("look at the container's namespace ") + type);
    request.external.push_back(std::string(type) + "[" + std::to_string(st.st_ino) + "]:extRoot" + (ns.flag == CLONE_NEWNET ? "NetNS" : "PidNS"));
  }
  return Ok{};
}

// The directory by which CRIU stops all processes at once.
std::string freezer_path(const cgroup::Group& group) {
  for (const auto& hierarchy : group.layout.hierarchies)
    if (cgroup::has(hierarchy, "freezer")) return hierarchy.mount + group.path;
  for (const auto& hierarchy : group.layout.hierarchies)
    if (hierarchy.v2) return hierarchy.mount + group.path;
  return {};
}

// CRIU takes iptables, whether or not that is there. On the host's own network it locks connections only where there are any, and its
// nftables would stay.
criu::NetworkLock usual_lock(const Subject& subject) {
  struct stat own {}, host {};
  if (::fstatat(subject.proc.get(), "ns/net", &own, 0) < 0 || ::stat("/proc/self/ns/net", &host) < 0 || own.st_ino == host.st_ino) return criu::NetworkLock::by_default;
  return criu::has_program("iptables-restore") ? criu::NetworkLock::by_default : criu::NetworkLock::nftables;
}

Result<int> status_descriptor(const CriuOptions& options) {
  if (options.status_fd.empty()) return -1;
  const auto fd = number::decimal(options.status_fd, INT_MAX);
  const int flags = fd ? ::fcntl(static_cast<int>(*fd), F_GETFL) : -1;
  if (!fd || flags < 0) return fail(Stage::config, "USAGE", fd ? errno : 0, "invalid --status-fd argument '" + options.status_fd + "'");
  if ((flags & O_ACCMODE) == O_RDONLY) return fail(Stage::config, "USAGE", 0, "invalid --status-fd argument " + options.status_fd + ": not writable");
  return static_cast<int>(*fd);
}

// While it stands still: what its processes may do, and what of that would be lost.
Status note(const Found& found, const cgroup::Group& group, const Fd& program, criu::Record& record) {
  SECURE_LET(text, oci::read_config(found.dir.get()));
  criu::Proven container{found.state.id, found.state.pid, found.state.pid_start, std::move(text), found.state.cgroup, {}};
  if (!group.path.empty()) {
    SECURE_LET(pids, cgroup::processes(group));
    container.pids = std::move(pids);
  }
  SECURE_TRY(criu::note(container, record));
  // CRIU takes along what descends from the first process.
  const std::size_t others = criu::strangers(container.pid, container.pids);
  if (others > 0) warning::emit(std::to_string(others) + " processes of the container do not descend from its first one, as those of exec, and are not part of the checkpoint");
  // Only what an older one loses is worth the question.
  if (criu::check_tasks(record, 0)) return Ok{};
  criu::Request question;
  question.type = criu::Type::version;
  SECURE_LET(version, criu::inquire(program, question));
  return criu::check_tasks(record, version.major * 100 + version.minor);
}

Status check_features(const Fd& program, const CriuOptions& options) {
  criu::Request question;
  question.type = criu::Type::feature_check;
  question.need_mem_track = options.pre_dump;
  question.need_lazy_pages = options.lazy_pages;
  if (!question.need_mem_track && !question.need_lazy_pages) return Ok{};
  SECURE_LET(answer, criu::inquire(program, question));
  auto missing = [](const char* option, const char* what) {
    return fail(Stage::process, "CRIU_LACKS", ENOTSUP, std::string(option) + " needs " + what + ", which criu or this kernel does not have");
  };
  if (question.need_mem_track && !answer.mem_track) return missing("--pre-dump", "the tracking of changed memory");
  if (question.need_lazy_pages && !answer.lazy_pages) return missing("--lazy-pages", "userfaultfd");
  return Ok{};
}

}  // namespace

Status checkpoint(Found& found, const CriuOptions& options) {
  SECURE_TRY(check_root("a checkpoint"));
  SECURE_LET(spec, config_of(found));
  SECURE_TRY(criu::check_nothing_lost(spec, "checkpoint"));
  SECURE_LET(request, to_request(options));
  SECURE_LET(mode, cgroup_mode(options));
  SECURE_LET(status_fd, status_descriptor(options));
  SECURE_LET(program, criu::find_program());
  SECURE_TRY(check_features(program, options));
  SECURE_LET(at, open_directories(options, true));
  SECURE_LET(subject, look_at(found));
  Fd parent;
  if (!options.parent_path.empty()) {
    SECURE_LET(opened, criu::open_parent(at.images.get(), options.parent_path));
    parent = std::move(opened);
    request.parent = options.parent_path;
    request.track_mem = true;
  }
  request.type = options.pre_dump ? criu::Type::pre_dump : criu::Type::dump;
  request.pid = found.state.pid;
  request.images_fd = at.images.get();
  request.work_fd = at.work.valid() ? at.work.get() : -1;
  request.log_file = kLog;
  request.root = found.state.rootfs;
  SECURE_LET(config, config_file(spec));
  request.config_file = std::move(config);
  SECURE_TRY(add_external_namespaces(spec, subject, request));

  if (request.network_lock == criu::NetworkLock::by_default) request.network_lock = usual_lock(subject);
  criu::Record record;
  record.network_lock = request.network_lock;
  record.pid = found.state.pid;
  cgroup::Group group;
  if (!found.state.cgroup.empty()) {
    SECURE_LET(opened, group_of(found));
    group = std::move(opened);
    request.freeze_cgroup = freezer_path(group);
    // Processes in groups of the container's own making go back there; that only CRIU knows.
    record.cgroups_by_criu = !cgroup::children(group.layout, group.path).empty();
  }
  if (mode) record.cgroups_by_criu = *mode != criu::CgroupMode::ignore;
  request.cgroups = mode ? *mode : record.cgroups_by_criu ? criu::CgroupMode::soft : criu::CgroupMode::ignore;

  if (!options.pre_dump) {
    Fd root(::openat(subject.proc.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return fail(Stage::rootfs, "PATH_REFUSED", errno, "open the container's root");
    SECURE_LET(sorted, criu::sort_mounts(subject.mountinfo, spec, [&](const std::string& destination) { return mount_point(subject, root, destination); }, record.cgroups_by_criu));
    record.mounts = std::move(sorted.mounts);
    for (const auto& mount : record.mounts) request.ext_mounts.emplace_back(mount.point, mount.point);
    request.skip_mounts = std::move(sorted.skip);
    request.ext_masters = sorted.masters;
    std::vector<std::string> streams;
    for (int fd = 0; fd < 3; ++fd) {
      streams.push_back(stream_name(subject, fd));
      if (streams.back().starts_with("file[")) request.external.push_back(streams.back());
    }
    SECURE_TRY(criu::write_descriptors(at.images.get(), streams));
  }

  const bool was_paused = found.status == oci::Status::paused;
  std::optional<Error> failure;
  auto heard = [&](const criu::Response& notification, Fd) -> Status {
    warning::debug("criu: " + notification.script);
    // All is written, and all of it still there: an error now lets it go on.
    if (notification.script == "post-dump" && !options.pre_dump) {
      auto status = note(found, group, program, record);
      if (status) status = criu::write_record(at.images.get(), record);
      if (!status) failure = status.error();
      return status;
    }
    // The page server is there.
    if (notification.script == "status-ready" && status_fd >= 0) {
      (void)write_all(status_fd, std::string_view("\0", 1), "--status-fd");
      ::close(status_fd);
    }
    return Ok{};
  };
  SECURE_LET(worker, criu::Worker::start(program, {}, options.shell_job, nullptr));
  auto answer = worker.ask(request, heard);
  (void)worker.finish();
  if (answer) return Ok{};
  if (!options.pre_dump) criu::remove_record(at.images.get());
  // A criu that was killed leaves it frozen.
  if (!was_paused && !group.path.empty() && cgroup::is_frozen(group)) (void)cgroup::thaw(group);
  if (failure) return std::move(*failure);
  return with_log(std::move(answer.error()), at, kLog);
}

}  // namespace secure::runtime
