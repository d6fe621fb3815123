// SPDX-License-Identifier: Apache-2.0
#include "oci_bundle.h"

#include <limits.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "hooks.h"
#include "record.h"
#include "rootless.h"
#include "warning.h"

namespace secure::runtime {

namespace {

constexpr std::size_t kMaxConfig = 16U << 20;

// Empty: none. Without root only one that the config names, since that is how whoever delegated a part of the hierarchy says so.
std::string cgroup_of(const spec::Spec& spec, const std::string& id) {
  if (globals().cgroup_manager == "disabled" || (rootless::needed() && spec.cgroups_path.empty())) return {};
  // One level: a parent of our own would be made and removed in every hierarchy at each run.
  if (globals().cgroup_manager == "systemd") return {};  // known when systemd has made it
  return spec.cgroups_path.empty() ? "/secure-oci-" + id : cgroup::clean_path(spec.cgroups_path);
}

}  // namespace

Result<std::string> bundle_path(const std::string& path) {
  char buf[PATH_MAX];
  if (::realpath(path.c_str(), buf) == nullptr) return fail(Stage::config, "BUNDLE_NOT_FOUND", errno, "open the bundle " + path, "--bundle names a directory with a config.json");
  return std::string(buf);
}

Status check_terminal(const spec::Spec& spec, const std::string& console_socket, bool detached) {
  if (spec.process.terminal && console_socket.empty() && detached)
    return fail(Stage::config, "USAGE", 0, "cannot allocate a tty for a detached container: /process/terminal needs --console-socket (use --console-socket)");
  if (!spec.process.terminal && !console_socket.empty())
    return fail(Stage::config, "USAGE", 0, "cannot use console socket if runc will not detach or allocate tty: --console-socket needs /process/terminal");
  return Ok{};
}

Status make_scope(const spec::Spec& spec, oci::State& state, systemd::Scope& scope) {
  if (state.cgroup_manager != "systemd") return Ok{};
  SECURE_LET(unit, systemd::parse(spec.cgroups_path, state.id));
  SECURE_LET(layout, cgroup::detect());
  SECURE_LET(made, systemd::start(unit, "secure-runtime container " + state.id, layout, spec));
  scope = std::move(made);
  state.cgroup = scope.path;
  state.systemd_scope = unit.name;
  // crun's: what systemd keeps and what the container gets in two groups.
  const std::string below = spec::annotation(spec, "run.oci.systemd.subgroup");
  if (below.empty()) return Ok{};
  if (below.find('/') != std::string::npos)
    return fail(Stage::config, "CONFIG_INVALID", 0, "/annotations/run.oci.systemd.subgroup '" + below.substr(0, 64) + "' is no name of one group");
  SECURE_LET(delegated, cgroup::detect(scope.path));
  SECURE_TRY(scope.go_below(below, delegated));
  state.cgroup = scope.path;
  return Ok{};
}

std::optional<std::int64_t> room_to_wait(spec::Resources& resources) {
  auto& limit = resources.pids_limit;
  if (globals().cgroup_manager != "systemd" || !limit || *limit < 0 || *limit > 1) return std::nullopt;
  const auto layout = cgroup::detect();
  // On v1 a process joins, and a limit holds back only what is made.
  if (layout && (layout->mode == cgroup::Mode::v1 || layout->mode == cgroup::Mode::hybrid)) return std::nullopt;
  return std::exchange(limit, 2);
}

Status leave_alone(const oci::State& state, systemd::Scope& scope, std::int64_t limit) {
  scope.release();
  spec::Resources resources;
  resources.pids_limit = limit;
  SECURE_LET(layout, cgroup::detect(state.cgroup));
  SECURE_TRY(systemd::set_limits(state.systemd_scope, layout, resources));
  SECURE_LET(group, cgroup::open(layout, state.cgroup));
  return cgroup::write_limits(group, resources);
}

std::string whole_group(const oci::State& state) {
  const std::size_t below = state.systemd_scope.empty() ? std::string::npos : state.cgroup.find("/" + state.systemd_scope + "/");
  return below == std::string::npos ? state.cgroup : state.cgroup.substr(0, below + 1 + state.systemd_scope.size());
}

void take_back_scope(const oci::State& state, systemd::Scope& scope) {
  if (state.systemd_scope.empty()) return;
  scope.release();
  (void)systemd::stop(state.systemd_scope);
  if (auto layout = cgroup::detect(state.cgroup)) (void)cgroup::remove(*layout, whole_group(state));
}

oci::State describe(const spec::Spec& spec, const std::string& id, const std::string& bundle) {
  oci::State out;
  out.id = id;
  out.oci_version = spec.oci_version;
  out.bundle = bundle;
  out.rootfs = spec.root_path[0] == '/' ? spec.root_path : bundle + "/" + spec.root_path;
  out.created = record::now_rfc3339();
  out.owner = ::geteuid();
  out.cgroup = cgroup_of(spec, id);
  out.cgroup_manager = globals().cgroup_manager;
  out.annotations = spec.annotations;
  return out;
}

Result<spec::Spec> read_bundle(const std::string& bundle, const std::string& config, std::string& text) {
  std::string path = config.empty() ? bundle + "/config.json" : config;
  SECURE_LET(read, read_file(AT_FDCWD, path, kMaxConfig));
  SECURE_LET(spec, spec::parse(read));
  if (spec.secure) return fail(Stage::config, "CONFIG_INVALID", 0, path + " is a plan of secure", "use: secure-runtime launch");
  text = std::move(read);
  return spec;
}

void run_poststop(const oci::State& state, const spec::Spec& spec) {
  if (spec.hooks.poststop.empty()) return;
  auto output = hooks::open_output(spec);
  if (!output) warning::emit(output.error().text());
  hooks::run_all(spec.hooks.poststop, "poststop", oci::to_json(state, oci::Status::stopped, 0), {state.bundle, output ? &*output : nullptr});
}

}  // namespace secure::runtime
