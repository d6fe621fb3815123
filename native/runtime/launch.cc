// SPDX-License-Identifier: Apache-2.0
#include "launch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "attach.h"
#include "categories.h"
#include "health.h"
#include "lsm.h"
#include "network.h"
#include "ports.h"
#include "record_lifecycle.h"
#include "slots.h"
#include "watched.h"

namespace secure::runtime::launch {

namespace {

constexpr std::size_t kMaxPlan = 16U << 20;

struct Directories {
  std::string record, upper, work, log;
};

Directories directories(const record::Roots& roots, const std::string& id) {
  std::string base = roots.state + "/containers/" + id;
  return {base, base + "/upper", base + "/work", base + "/log"};
}

Status make_layer_dirs(const Directories& dirs, std::uint32_t owner) {
  SECURE_LET(record, open_nofollow(AT_FDCWD, dirs.record, O_PATH | O_DIRECTORY));
  for (const char* name : {"upper", "work"})
    if (::mkdirat(record.get(), name, 0755) < 0)
      return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "WRITE_FAILED", errno, "make " + dirs.record + "/" + name);
  // The top of the upper layer becomes the container's "/".
  if (::fchownat(record.get(), "upper", owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
    return fail(Stage::state, "WRITE_FAILED", errno, "give the container its upper layer");
  return Ok{};
}

Status write_config(const Directories& dirs, const Plan& plan) {
  SECURE_LET(record, open_nofollow(AT_FDCWD, dirs.record, O_RDONLY | O_DIRECTORY));
  return write_atomic(record.get(), "config.json", json::dump(plan.document) + "\n", 0600);
}

record::State describe(const Plan& plan, const std::string& id, const std::string& name, std::uint32_t range) {
  record::State state;
  state.id = id;
  state.name = name;
  state.image = plan.spec.secure->image;
  state.profile = plan.spec.secure->profile;
  state.monitor_pid = ::getpid();
  state.monitor_start = record::start_time(::getpid());
  state.boot_id = record::boot_id();
  state.created = record::now_rfc3339();
  state.cgroup = "/secure/" + id;
  state.range_first = range;
  return state;
}

Status reserve_network(const spec::Network& planned, const std::string& id, Running& running) {
  SECURE_LET(addresses, network::reserve(running.roots, id, planned));
  running.network = planned;
  running.network->address4 = addresses.address4;
  running.network->address6 = addresses.address6;
  SECURE_LET(sockets, ports::reserve(running.roots, running.network->ports));
  running.ports = std::move(sockets);
  return Ok{};
}

// The values of the slots that belong to the network.
void add_network(const spec::Network& planned, const spec::Network& reserved, slots::Values& values) {
  values.address4 = reserved.address4;
  values.address6 = reserved.address6;
  for (std::size_t i = 0; i < planned.ports.size(); ++i)
    if (planned.ports[i].host_port == 0) values.host_ports.push_back(reserved.ports[i].host_port);
}

// What is recorded is what later commands give back and report, so it must be what was reserved.
Status check_filled(const spec::Network& filled, const spec::Network& reserved) {
  const auto same = [](const spec::PublishedPort& a, const spec::PublishedPort& b) { return a.host_port == b.host_port; };
  if (filled.address4 == reserved.address4 && filled.address6 == reserved.address6 &&
      std::equal(filled.ports.begin(), filled.ports.end(), reserved.ports.begin(), reserved.ports.end(), same))
    return Ok{};
  return fail(Stage::config, "PLAN_INVALID", 0, "/secure/network: an address or a port 0 without its slot",
              "the plan was made by another version; run the command again without the stored plan");
}

// Into the record, where the plan's mounts take them from.
Status write_files(const Directories& dirs, const std::vector<spec::GeneratedFile>& files, const std::string& label) {
  SECURE_LET(record, open_nofollow(AT_FDCWD, dirs.record, O_PATH | O_DIRECTORY));
  for (const auto& file : files) {
    std::string text;
    for (const auto& part : file.parts) text += part;
    Fd fd(::openat(record.get(), file.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!fd.valid() || ::fchmod(fd.get(), 0644) < 0)
      return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "WRITE_FAILED", errno, "make " + dirs.record + "/" + file.name);
    if (!label.empty() && !lsm::label_file(fd.get(), label))
      return fail(Stage::state, "WRITE_FAILED", errno, "/linux/mountLabel: label " + dirs.record + "/" + file.name);
    SECURE_TRY(write_all(fd.get(), text, dirs.record + "/" + file.name));
  }
  return Ok{};
}

// What the container writes to its root is below in these, and a program that it maps is judged by the label there.
Status label_layers(const Directories& dirs, const std::string& label) {
  if (label.empty()) return Ok{};
  for (const std::string& path : {dirs.upper, dirs.work}) {
    SECURE_LET(dir, open_nofollow(AT_FDCWD, path, O_RDONLY | O_DIRECTORY));
    if (!lsm::label_file(dir.get(), label)) return fail(Stage::state, "WRITE_FAILED", errno, "/linux/mountLabel: label " + path);
  }
  return Ok{};
}

// Steps between the reservation and the start; a failure anywhere removes the record again.
Status prepare(Plan& plan, const std::string& id, const std::string& name, Running& running) {
  const spec::Extension& ext = *plan.spec.secure;
  std::uint32_t range = 0;
  if (ext.range_size) {
    SECURE_LET(first, record::allocate_range(running.roots, id));
    range = first;
  }
  Directories dirs = directories(running.roots, id);
  SECURE_TRY(make_layer_dirs(dirs, range));
  running.state = describe(plan, id, name, range);
  running.state.bundle = dirs.record;
  slots::Values values{id, name, running.state.cgroup, dirs.upper, dirs.work, dirs.log, running.state.created, {}, {}, dirs.record,
                       categories::of_container(range, id), {}, range};
  if (ext.network) {
    SECURE_TRY(reserve_network(*ext.network, id, running));
    add_network(*ext.network, *running.network, values);
  }
  SECURE_TRY(slots::fill(plan.document, ext.slots, values));
  SECURE_LET(filled, spec::read(plan.document));
  plan.spec = std::move(filled);
  if (running.network) SECURE_TRY(check_filled(*plan.spec.secure->network, *running.network));
  SECURE_TRY(label_layers(dirs, plan.spec.mount_label));
  SECURE_TRY(write_files(dirs, plan.spec.secure->files, plan.spec.mount_label));
  return write_config(dirs, plan);
}

}  // namespace

log::Settings log_settings(const spec::Extension& ext) {
  const spec::Monitor& monitor = ext.monitor;
  log::Settings out;
  out.format = monitor.log_driver == "local" ? log::Format::local : log::Format::json;
  out.max_bytes = monitor.log_max_bytes;
  out.max_files = monitor.log_max_files;
  // Nobody can ask for the log of a container that is removed the moment it ends.
  if (monitor.log_driver != "none" && !(monitor.remove && !monitor.detach)) out.path = ext.log_path;
  return out;
}

std::variant<container::Started, container::StartError> run(const spec::Spec& spec, Running& running, Session& session) {
  const std::string& id = running.state.id;
  const auto failed = [](Error error) { return container::StartError{std::move(error), 125}; };
  const spec::Monitor& monitor = spec.secure->monitor;
  auto wiring = wire(monitor.stdin_open, spec, spec.process);
  if (!wiring) return failed(std::move(wiring.error()));
  auto log = log::Writer::open(log_settings(*spec.secure));
  if (!log) return failed(std::move(log.error()));
  if (monitor.health)
    if (auto s = record::write_health(running.roots, id, health::first()); !s) return failed(std::move(s.error()));

  container::Options options;
  options.bundle = running.state.bundle;
  options.cgroup_path = running.state.cgroup;
  options.streams = &wiring->container;
  options.die_with_parent = true;
  options.created = [&](pid_t pid) -> Status {
    // The program must find its network ready.
    if (running.network) SECURE_TRY(network::attach(running.roots, id, *running.network, pid));
    running.state.pid = pid;
    running.state.pid_start = record::start_time(pid);
    running.state.status = "running";
    running.state.restarting = false;
    running.state.started = record::now_rfc3339();
    SECURE_TRY(record::write_state(running.roots, running.state));
    // Who asked before this looks does not see the process, so we have to see the request.
    if (running.state.restarts > 0 && record::stop_requested(running.roots, id))
      return fail(Stage::monitor, "STOP_REQUESTED", 0, "container " + id + " is not started again: somebody stops it");
    return Ok{};
  };
  auto result = container::start(spec, std::move(options));
  if (std::holds_alternative<container::StartError>(result)) return result;
  auto& started = std::get<container::Started>(result);
  running.layout = started.layout;
  session.pid = started.pid;
  session.ends = std::move(wiring->host);
  session.ends.terminal = std::move(started.terminal);
  session.pidfd = started.pidfd.release();
  session.log = std::move(*log);
  return result;
}

Result<Plan> load(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return fail(Stage::config, "PLAN_INVALID", errno, "open the plan " + path);
  struct stat st {};
  if (::fstat(fd.get(), &st) < 0 || !S_ISREG(st.st_mode))
    return fail(Stage::config, "PLAN_INVALID", 0, "the plan " + path + " is not a regular file");
  if (st.st_uid != ::geteuid() || (st.st_mode & 022) != 0)
    return fail(Stage::config, "PLAN_UNTRUSTED", EPERM, "the plan " + path + " can be written by somebody else",
                "it must belong to you and be writable by nobody else: chmod go-w");
  SECURE_LET(text, read_fd(fd.get(), kMaxPlan, path));
  SECURE_LET(document, json::parse(text, path));
  SECURE_LET(spec, spec::read(document));
  if (!spec.secure)
    return fail(Stage::config, "PLAN_INVALID", 0, "the plan " + path + " has no \"secure\" object",
                "a plain OCI bundle is started with: secure-runtime run --bundle DIR ID");
  return Plan{std::move(document), std::move(spec)};
}

Outcome start(Plan& plan, const std::string& id, Session& session) {
  Outcome out;
  Running& running = out.running;
  running.roots.state = plan.spec.secure->state_root;
  running.roots.run = plan.spec.secure->run_root;
  running.remove = plan.spec.secure->monitor.remove;
  auto refuse = [&](Error error, int exit_code = 125) -> Outcome {
    Outcome failed;
    failed.error = std::move(error);
    failed.exit_code = exit_code;
    return failed;
  };
  if (plan.spec.secure->monitor.detach)
    if (auto fits = describe_watched(running.roots, id, *plan.spec.secure, {running.roots.state + "/containers/" + id + "/log"}); !fits) return refuse(std::move(fits.error()));
  auto store = record::store_lock(running.roots, false);
  if (!store) return refuse(std::move(store.error()));
  auto reservation = record::reserve(running.roots, id, plan.spec.secure->name);
  if (!reservation) return refuse(std::move(reservation.error()));
  auto undo = [&](Error error, int exit_code = 125) -> Outcome {
    if (running.network) (void)network::detach(running.roots, id, *running.network);
    reservation->lock.reset();
    (void)record::remove(running.roots, id, true);
    return refuse(std::move(error), exit_code);
  };
  if (auto s = prepare(plan, id, reservation->name, running); !s) return undo(std::move(s.error()));
  if (plan.spec.secure->monitor.detach) {
    auto listener = attach::listen(running.roots, id);
    if (!listener) return undo(std::move(listener.error()));
    running.listener = std::move(*listener);
  }
  auto result = run(plan.spec, running, session);
  if (auto* error = std::get_if<container::StartError>(&result)) return undo(std::move(error->error), error->exit_code);
  out.started = std::move(std::get<container::Started>(result));
  return out;
}

Running forget(Plan& plan, Outcome&& outcome) {
  rapidjson::Document().Swap(plan.document);
  plan.spec = spec::Spec{};
  return std::move(outcome.running);
}

cgroup::MemoryFacts end(Running& running, int exit_code, const std::string& error) {
  auto lock = record::container_lock(running.roots, running.state.id);
  record::End end{exit_code, {}, running.state.restarts, record::now_rfc3339(), error};
  // Whoever waits for the end may use address and ports again. A kill before the record is written leaves a dead container, as it
  // would have a moment earlier; what is not given back is for gc().
  if (running.network) (void)network::detach(running.roots, running.state.id, *running.network);
  running.ports.clear();
  if (auto group = cgroup::open(running.layout, running.state.cgroup)) end.memory = cgroup::memory_facts(*group);
  (void)record::write_exit(running.roots, running.state.id, end);
  (void)cgroup::remove(running.layout, running.state.cgroup);
  if (!running.remove) return end.memory;
  if (lock) lock->reset();
  (void)record::remove(running.roots, running.state.id, false);
  return end.memory;
}

}  // namespace secure::runtime::launch
