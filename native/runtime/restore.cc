// SPDX-License-Identifier: Apache-2.0
#include "restore.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "criu_image.h"
#include "criu_lost.h"
#include "criu_mounts.h"
#include "criu_program.h"
#include "criu_proof.h"
#include "criu_stage.h"
#include "hooks.h"
#include "json.h"
#include "namespaces.h"
#include "oci_bundle.h"
#include "oci_hand_over.h"
#include "record.h"
#include "restore_finish.h"
#include "warning.h"

namespace secure::runtime {

namespace {

constexpr const char* kLog = "restore.log";
constexpr int kNewTime = 0x80;  // CLONE_NEWTIME, Linux 5.6
constexpr const char* kRootName = "root";

class Restore {
 public:
  explicit Restore(const RestoreOptions& options) : options_(options) {}

  Status run() {
    SECURE_TRY(read_all());
    SECURE_TRY(reserve());
    auto status = build();
    if (!status) undo();
    return status;
  }

  Restored out;

 private:
  // Everything that can be refused before anything is made.
  Status read_all() {
    SECURE_TRY(check_root("a restore"));
    SECURE_LET(bundle, bundle_path(options_.bundle));
    bundle_ = std::move(bundle);
    SECURE_LET(spec, read_bundle(bundle_, {}, text_));
    out.spec = std::move(spec);
    SECURE_TRY(check_terminal(out.spec, options_.console_socket, options_.detached));
    SECURE_TRY(criu::check_nothing_lost(out.spec, "restore"));
    SECURE_LET(request, to_request(options_.criu));
    request_ = std::move(request);
    SECURE_LET(mode, cgroup_mode(options_.criu));
    SECURE_LET(program, criu::find_program());
    program_ = std::move(program);
    SECURE_LET(at, open_directories(options_.criu, false));
    at_ = std::move(at);
    SECURE_TRY(criu::check_images(at_.images.get()));
    SECURE_LET(record, criu::read_record(at_.images.get()));
    record_ = std::move(record);
    request_.cgroups = mode ? *mode : record_.cgroups_by_criu ? criu::CgroupMode::soft : criu::CgroupMode::ignore;
    if (request_.network_lock == criu::NetworkLock::by_default) request_.network_lock = record_.network_lock;
    SECURE_LET(config, config_file(out.spec));
    request_.config_file = std::move(config);
    SECURE_LET(joined, namespaces::open(out.spec));
    joined_ = std::move(joined);
    SECURE_LET(output, hooks::open_output(out.spec));
    hook_output_ = std::move(output);
    return Ok{};
  }

  Status reserve() {
    Found& found = out.found;
    SECURE_LET(root, oci::open_root(globals().root, true));
    SECURE_LET(dir, oci::reserve(root.get(), options_.id));
    found.root = std::move(root);
    found.dir = std::move(dir);
    found.state = describe(out.spec, options_.id, bundle_);
    return Ok{};
  }

  Status build() {
    Found& found = out.found;
    SECURE_TRY(oci::write_config(found.dir.get(), text_));
    if (::mkdirat(found.dir.get(), kRootName, 0755) < 0) return fail(Stage::state, "MKDIR_FAILED", errno, "make the mount point of the root");
    SECURE_TRY(make_scope(out.spec, found.state, scope_));
    SECURE_TRY(make_group());
    const std::string at = globals().root + "/" + options_.id + "/" + kRootName;
    SECURE_LET(mounts, rootfs::plan_mounts(out.spec, bundle_));
    SECURE_LET(first_root, rootfs::take_root(out.spec, bundle_, -1));
    SECURE_TRY(criu::make_mount_points(out.spec, mounts, first_root.get(), at));
    SECURE_LET(root, rootfs::take_root(out.spec, bundle_, -1));
    SECURE_TRY(complete_request(at));
    for (const auto& map : out.spec.gid_mappings)
      if (map.container == 0 && map.size > 0) SECURE_TRY(criu::open_to_group(at_.images.get(), map.host));
    SECURE_LET(expected, criu::expect(request_.ext_mounts, root.get()));
    expected_ = std::move(expected);

    criu::Stage stage;
    stage.root = root.get();
    stage.at = at;
    stage.no_new_privs = record_.no_new_privs;
    const bool by_criu = request_.cgroups != criu::CgroupMode::ignore;
    SECURE_LET(joins, cgroup::open_joins(group_, false));
    if (!by_criu) {
      stage.joins = &joins;
      stage.cgroup_namespace = namespaces::has(out.spec, CLONE_NEWCGROUP);
    }
    // What is restored becomes a child of ours; with this so does whatever a criu that was killed leaves.
    (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    SECURE_LET(worker, criu::Worker::start(program_, kept_, options_.criu.shell_job, [&] { return criu::enter(stage); }));
    auto answer = worker.ask(request_, [&](const criu::Response& said, Fd fd) { return hear(said, std::move(fd)); });
    if (!answer) return failure_ ? std::move(*failure_) : with_log(std::move(answer.error()), at_, kLog);
    (void)worker.finish();
    if (!proven_) return fail(Stage::process, "CRIU_PROTOCOL", 0, "criu has restored the container and did not wait until it was looked at");
    scope_.release();
    if (::unlinkat(found.dir.get(), kRootName, AT_REMOVEDIR) < 0) return fail(Stage::state, "STATE_FAILED", errno, "remove the mount point of the root");
    found.status = oci::Status::running;
    return hand_over();
  }

  Status make_group() {
    if (out.found.state.cgroup.empty()) return cgroup::write_limits(group_, out.spec.resources);
    SECURE_LET(layout, cgroup::detect(out.found.state.cgroup));
    const bool adopt = !out.found.state.systemd_scope.empty();
    SECURE_LET(made, adopt ? cgroup::adopt(layout, out.found.state.cgroup) : cgroup::create(layout, out.found.state.cgroup));
    group_ = std::move(made);
    has_group_ = true;
    return cgroup::apply(group_, out.spec.resources);
  }

  Status complete_request(const std::string& at) {
    request_.type = criu::Type::restore;
    request_.images_fd = at_.images.get();
    request_.work_fd = at_.work.valid() ? at_.work.get() : -1;
    request_.log_file = kLog;
    request_.root = at;
    request_.rst_sibling = request_.evasive_devices = true;
    SECURE_LET(sources, criu::sources(record_.mounts, out.spec, bundle_, group_));
    request_.ext_mounts = std::move(sources);
    if (request_.cgroups != criu::CgroupMode::ignore && has_group_) request_.cgroup_roots.emplace_back("", group_.path);
    SECURE_LET(streams, criu::read_descriptors(at_.images.get()));
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (!streams[i].starts_with("pipe:[") && !streams[i].starts_with("file[")) continue;
      // Under another number: what criu and its helpers say is not the container's.
      Fd stream(::fcntl(static_cast<int>(i), F_DUPFD_CLOEXEC, 3));
      if (!stream.valid()) return fail(Stage::process, "STREAM_FAILED", errno, "pass a standard stream on");
      request_.inherit.emplace_back(streams[i], stream.get());
      kept_.push_back(stream.get());
      streams_.push_back(std::move(stream));
    }
    for (const auto& one : joined_) {
      kept_.push_back(one.file.get());
      if (one.flag == CLONE_NEWNET || one.flag == CLONE_NEWPID) request_.inherit.emplace_back(one.flag == CLONE_NEWNET ? "extRootNetNS" : "extRootPidNS", one.file.get());
      else request_.join_namespaces.emplace_back(one.flag == CLONE_NEWIPC ? "ipc" : one.flag == CLONE_NEWUTS ? "uts" : "time", "/proc/self/fd/" + std::to_string(one.file.get()));
    }
    return Ok{};
  }

  // A failure here ends the restore; criu takes apart what it has made when its socket closes.
  Status hear(const criu::Response& said, Fd fd) {
    warning::debug("criu: " + said.script + " " + std::to_string(said.pid));
    auto status = act(said, std::move(fd));
    if (status) return status;
    failure_ = status.error();
    // Now: criu would let go of them as soon as it hears nothing more from us.
    kill_all();
    return status;
  }

  Status act(const criu::Response& said, Fd fd) {
    if (said.script == "orphan-pts-master") {
      out.terminal = std::move(fd);
      return Ok{};
    }
    if (said.script == "setup-namespaces") {
      SECURE_TRY(note_process(said.pid));
      return run_hooks();
    }
    if (said.script == "post-restore") return note_process(said.pid);
    // All is restored, and stands still.
    if (said.script == "pre-resume") return look();
    return Ok{};
  }

  Status note_process(pid_t pid) {
    Found& found = out.found;
    if (pid <= 0) return fail(Stage::process, "CRIU_PROTOCOL", 0, "criu does not say which process it has made");
    if (found.state.pid == pid && out.pidfd.valid()) return Ok{};
    out.pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!out.pidfd.valid()) return fail(Stage::process, "PROCESS_GONE", errno, "the container's first process has ended while it was restored");
    found.state.pid = pid;
    found.state.pid_start = record::start_time(pid);
    return oci::write_state(found.dir.get(), found.state);
  }

  Status run_hooks() {
    if (hooks_run_) return Ok{};
    hooks_run_ = true;
    const std::string state = oci::to_json(out.found.state, oci::Status::created, out.found.state.pid);
    const hooks::Setting setting{bundle_, &hook_output_};
    SECURE_TRY(hooks::run(out.spec.hooks.prestart, "prestart", state, setting));
    return hooks::run(out.spec.hooks.create_runtime, "createRuntime", state, setting);
  }

  Status look() {
    const oci::State& state = out.found.state;
    if (!out.pidfd.valid()) return note_process(0);
    const Inside inside{out.spec, state.pid, out.pidfd.get(), bundle_, record_.cgroups_by_criu ? nullptr : &group_,
                        record_.network_lock == criu::NetworkLock::nftables ? record_.pid : 0, record_.restrictions};
    SECURE_TRY(finish_inside(inside, out.terminal));
    SECURE_TRY(criu::prove_sources(state.pid, expected_));
    criu::Proven proven{state.id, state.pid, state.pid_start, text_, state.cgroup, {}};
    if (has_group_) {
      SECURE_LET(pids, cgroup::processes(group_));
      proven.pids = std::move(pids);
    }
    SECURE_TRY(criu::prove(proven, record_));
    proven_ = true;
    return note_time_namespace();
  }

  // CRIU restores into a time namespace, so that clocks go on where they were: what exec starts has to be in it, too.
  Status note_time_namespace() {
    if (namespaces::has(out.spec, kNewTime)) return Ok{};
    struct stat theirs {}, ours {};
    const std::string name = "/proc/" + std::to_string(out.found.state.pid) + "/ns/time";
    if (::stat(name.c_str(), &theirs) < 0 || ::stat("/proc/self/ns/time", &ours) < 0 || theirs.st_ino == ours.st_ino) return Ok{};
    SECURE_LET(doc, json::parse(text_, "config.json"));
    auto& list = doc["linux"]["namespaces"];
    rapidjson::Value time(rapidjson::kObjectType);
    time.AddMember("type", "time", doc.GetAllocator());
    list.PushBack(time, doc.GetAllocator());
    return oci::write_config(out.found.dir.get(), json::dump(doc));
  }

  Status hand_over() {
    if (!options_.console_socket.empty()) SECURE_TRY(send_terminal(options_.console_socket, out.terminal));
    if (!options_.pid_file.empty()) SECURE_TRY(write_pid_file(options_.pid_file, out.found.state.pid));
    return Ok{};
  }

  void kill_all() {
    if (out.pidfd.valid()) (void)::syscall(SYS_pidfd_send_signal, out.pidfd.get(), SIGKILL, nullptr, 0);
    if (has_group_) (void)cgroup::kill_all(group_);
  }

  void undo() {
    Found& found = out.found;
    kill_all();
    kill_children();
    if (!found.state.systemd_scope.empty()) take_back_scope(found.state, scope_);
    else if (has_group_) (void)cgroup::remove(group_.layout, group_.path);
    (void)oci::remove(found.root.get(), options_.id);
    if (found.state.pid > 0) run_poststop(found.state, out.spec);
  }

  const RestoreOptions& options_;
  std::string bundle_, text_;
  criu::Request request_;
  criu::Record record_;
  Directories at_;
  Fd program_;
  std::vector<namespaces::Joined> joined_;
  std::vector<int> kept_;
  std::vector<Fd> streams_;
  hooks::Output hook_output_;
  systemd::Scope scope_;
  cgroup::Group group_;
  bool has_group_ = false, hooks_run_ = false, proven_ = false;
  std::vector<criu::Expected> expected_;
  std::optional<Error> failure_;
};

}  // namespace

Result<Restored> restore(const RestoreOptions& options) {
  Restore one(options);
  SECURE_TRY(one.run());
  return std::move(one.out);
}

}  // namespace secure::runtime
