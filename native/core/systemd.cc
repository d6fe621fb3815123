// SPDX-License-Identifier: Apache-2.0
#include "systemd.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "systemd_properties.h"
#include "userns.h"

namespace secure::systemd {

namespace {

constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr int kJobMs = 60'000;

dbus::Message request(const char* member, const char* signature, std::string body, const std::string& path = "/org/freedesktop/systemd1",
                      const char* interface = kManager) {
  dbus::Message out;
  out.destination = "org.freedesktop.systemd1";
  out.path = path;
  out.interface = interface;
  out.member = member;
  out.signature = signature;
  out.body = std::move(body);
  return out;
}

std::string environment(const char* name) {
  const char* value = ::secure_getenv(name);
  return value == nullptr ? std::string() : value;
}

Error unreachable(Error error, bool user) {
  error.hint = user ? "a user's systemd listens there while the user is logged in: see loginctl enable-linger; or use --cgroup-manager cgroupfs"
                    : "is systemd running here? Otherwise use --cgroup-manager cgroupfs";
  return error;
}

// Root of a user namespace is a user.
bool of_user() { return ::geteuid() != 0 || !userns::initial(); }

// Nothing else is delegated to users.
bool v2(const cgroup::Layout& layout) { return layout.mode == cgroup::Mode::v2 || of_user(); }

// The bus of the system, or of the user; without a bus systemd's own socket.
Result<dbus::Connection> connect() {
  const bool user = of_user();
  const std::string run = environment("XDG_RUNTIME_DIR");
  std::string address = environment(user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");
  const bool chosen = !address.empty();
  if (!chosen) address = user ? "unix:path=" + run + "/bus" : "unix:path=/run/dbus/system_bus_socket";
  auto bus = dbus::Connection::open(address, false);
  if (bus) return bus;
  if (chosen || bus.error().code != "BUS_UNREACHABLE") return unreachable(std::move(bus.error()), user);
  auto own = dbus::Connection::open(user ? "unix:path=" + run + "/systemd/private" : "unix:path=/run/systemd/private", true);
  if (own) return own;
  return unreachable(std::move(bus.error()), user);
}

Status subscribe(dbus::Connection& bus) {
  dbus::Message match;
  match.destination = match.interface = "org.freedesktop.DBus";
  match.path = "/org/freedesktop/DBus";
  match.member = "AddMatch";
  match.signature = "s";
  dbus::Writer body;
  body.string("type='signal',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'");
  match.body = std::move(body.data);
  // On systemd's own socket nobody has to be asked.
  (void)bus.call(match);
  auto done = bus.call(request("Subscribe", "", ""));
  if (!done && done.error().hint == "org.freedesktop.DBus.Error.ServiceUnknown")
    return unreachable(fail(Stage::cgroup, "BUS_UNREACHABLE", 0, "systemd is not on the bus"), of_user());
  if (!done && done.error().hint != "org.freedesktop.systemd1.AlreadySubscribed") return std::move(done.error());
  return Ok{};
}

// How a job ended. Signals of before it are kept by the connection, so nothing can be missed.
Status wait_job(dbus::Connection& bus, const dbus::Message& answer, const std::string& unit) {
  const std::string job = dbus::Reader(answer.body).string();
  for (;;) {
    SECURE_LET(signal, bus.signal(kJobMs));
    if (signal.member != "JobRemoved" || signal.signature != "uoss") continue;
    dbus::Reader body(signal.body);
    (void)body.u32();
    if (body.string() != job) continue;
    (void)body.string();
    const std::string result = body.string();
    if (result == "done" || result == "skipped") return Ok{};
    return fail(Stage::cgroup, "SYSTEMD_FAILED", 0, "systemd ended its job for " + unit + " with '" + result + "'", "see: systemctl status " + unit);
  }
}

Result<std::string> control_group(dbus::Connection& bus, const std::string& unit) {
  dbus::Writer name;
  name.string(unit);
  SECURE_LET(found, bus.call(request("GetUnit", "s", std::move(name.data))));
  dbus::Writer which;
  which.string("org.freedesktop.systemd1.Scope");
  which.string("ControlGroup");
  SECURE_LET(answer, bus.call(request("Get", "ss", std::move(which.data), dbus::Reader(found.body).string(), "org.freedesktop.DBus.Properties")));
  dbus::Reader body(answer.body);
  const std::string type = body.signature();
  std::string path = body.string();
  if (type != "s" || path.size() < 2 || path[0] != '/') return fail(Stage::cgroup, "SYSTEMD_FAILED", 0, "systemd has no cgroup for " + unit);
  return path;
}

bool unit_name(std::string_view text) {
  return !text.empty() && text.size() < 256 && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@") == std::string_view::npos;
}

// Waits in the scope; ends with us.
pid_t hold() {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent)
    for (;;) ::pause();
  ::_exit(0);
}

void put_scope(Properties& p, const Unit& unit, pid_t holder) {
  p.text("Slice", unit.slice);
  p.processes("PIDs", static_cast<std::uint32_t>(holder));
  // The groups below are the container's, and what is written here is ours.
  p.flag("Delegate", true);
  for (const char* name : {"CPUAccounting", "MemoryAccounting", "IOAccounting", "TasksAccounting"}) p.flag(name, true);
}

}  // namespace

Result<Unit> parse(const std::string& path, const std::string& id) {
  const std::string fallback = of_user() ? "user.slice" : "system.slice";
  auto invalid = [&](const char* what) {
    return fail(Stage::config, "CGROUP_PATH_INVALID", 0, "/linux/cgroupsPath '" + path.substr(0, 128) + "' " + what,
                "systemd takes slice:prefix:name, as in system.slice:docker:1234; without --systemd-cgroup it is a path");
  };
  if (path.empty()) return Unit{fallback, "secure-" + id + ".scope"};
  const std::size_t first = path.find(':'), second = path.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos || path.find(':', second + 1) != std::string::npos) return invalid("has not the form slice:prefix:name");
  Unit out{path.substr(0, first), path.substr(second + 1)};
  const std::string prefix = path.substr(first + 1, second - first - 1);
  if (out.slice.empty()) out.slice = fallback;
  if (out.name.empty()) return invalid("names no unit");
  if (!prefix.empty()) out.name = prefix + "-" + out.name;
  out.name += ".scope";
  if (!unit_name(out.slice) || !out.slice.ends_with(".slice")) return invalid("names no slice");
  if (!unit_name(out.name)) return invalid("has a character that no unit can have, or is too long");
  return out;
}

void Scope::release() {
  if (holder_ <= 0) return;
  (void)::kill(holder_, SIGKILL);
  while (::waitpid(holder_, nullptr, 0) < 0 && errno == EINTR) {
  }
  holder_ = -1;
}

Status Scope::go_below(const std::string& name, const cgroup::Layout& layout) {
  const std::string below = path + "/" + name;
  SECURE_LET(group, cgroup::adopt(layout, below, false));
  SECURE_TRY(cgroup::join(group, holder_, false));
  path = below;
  return Ok{};
}

Result<Scope> start(const Unit& unit, const std::string& description, const cgroup::Layout& layout, const spec::Spec& spec) {
  SECURE_LET(bus, connect());
  SECURE_TRY(subscribe(bus));
  Scope out;
  out.holder_ = hold();
  if (out.holder_ < 0) return fail(Stage::cgroup, "SYSTEMD_FAILED", errno, "make the process that waits in " + unit.name);
  dbus::Writer body;
  body.string(unit.name);
  body.string("fail");
  const auto properties = body.begin_array(8);
  Properties p(body);
  p.text("Description", description);
  p.flag("DefaultDependencies", false);
  p.text("CollectMode", "inactive-or-failed");
  // Of what comes twice the last counts: these may change what is above, and not what is below.
  SECURE_TRY(add_annotations(p, spec.annotations));
  put_scope(p, unit, out.holder_);
  SECURE_TRY(add_limits(p, v2(layout), spec.resources));
  // A user's systemd may not filter devices, and neither may a user.
  if (!of_user()) SECURE_TRY(add_devices(p, spec.resources.devices));
  body.end_array(properties);
  body.end_array(body.begin_array(8));  // no other units
  auto job = bus.call(request("StartTransientUnit", "ssa(sv)a(sa(sv))", std::move(body.data)));
  if (!job)
    return fail(Stage::cgroup, "SYSTEMD_FAILED", 0, "make " + unit.name + ": " + job.error().message,
                job.error().hint == "org.freedesktop.systemd1.UnitExists" ? "another container uses the same cgroupsPath, or an earlier one failed: systemctl reset-failed " + unit.name
                                                                           : job.error().hint);
  auto done = wait_job(bus, *job, unit.name);
  auto path = done ? control_group(bus, unit.name) : Result<std::string>(std::move(done.error()));
  if (!path) {
    out.release();
    (void)stop(unit.name);
    return std::move(path.error());
  }
  out.path = std::move(*path);
  return out;
}

Status set_limits(const std::string& unit, const cgroup::Layout& layout, const spec::Resources& resources) {
  dbus::Writer body;
  body.string(unit);
  body.boolean(true);  // for as long as it runs
  const auto properties = body.begin_array(8);
  const std::size_t before = body.data.size();
  Properties p(body);
  SECURE_TRY(add_limits(p, v2(layout), resources));
  if (!resources.devices.empty() && !of_user()) SECURE_TRY(add_devices(p, resources.devices));
  if (body.data.size() == before) return Ok{};
  body.end_array(properties);
  SECURE_LET(bus, connect());
  auto done = bus.call(request("SetUnitProperties", "sba(sv)", std::move(body.data)));
  if (done) return Ok{};
  return fail(Stage::cgroup, "SYSTEMD_FAILED", 0, "set the limits of " + unit + ": " + done.error().message, done.error().hint);
}

Status stop(const std::string& unit) {
  SECURE_LET(bus, connect());
  SECURE_TRY(subscribe(bus));
  dbus::Writer body;
  body.string(unit);
  body.string("replace");
  auto job = bus.call(request("StopUnit", "ss", std::move(body.data)));
  Status out = Ok{};
  if (job) out = wait_job(bus, *job, unit);
  else if (job.error().hint != "org.freedesktop.systemd1.NoSuchUnit") out = fail(Stage::cgroup, "SYSTEMD_FAILED", 0, "stop " + unit + ": " + job.error().message, job.error().hint);
  dbus::Writer name;
  name.string(unit);
  // Only a unit that failed has anything to forget.
  (void)bus.call(request("ResetFailedUnit", "s", std::move(name.data)));
  return out;
}

}  // namespace secure::systemd
