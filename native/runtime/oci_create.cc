// SPDX-License-Identifier: Apache-2.0
#include "oci_create.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "commands.h"
#include "exec_request.h"
#include "hooks.h"
#include "namespaces.h"
#include "number.h"
#include "oci_bundle.h"
#include "oci_hand_over.h"
#include "oci_policy.h"
#include "rdt.h"
#include "record.h"
#include "rootless.h"
#include "self.h"
#include "systemd.h"
#include "warning.h"

namespace secure::runtime {

namespace {

// Sockets that systemd handed over go on to the program (sd_listen_fds(3)); its pid is 1 in a pid namespace of its own.
Status pass_listen_fds(spec::Spec& spec, int& preserve) {
  const char* count = ::secure_getenv("LISTEN_FDS");
  if (count == nullptr) return Ok{};
  auto n = number::decimal(count, 1024);
  if (!n) return fail(Stage::config, "USAGE", 0, "LISTEN_FDS is no number: '" + std::string(count) + "'");
  if (*n == 0) return Ok{};
  spec.process.env.push_back("LISTEN_FDS=" + std::string(count));
  spec.process.env.emplace_back("LISTEN_PID=1");
  if (const char* names = ::secure_getenv("LISTEN_FDNAMES")) spec.process.env.push_back(std::string("LISTEN_FDNAMES=") + names);
  preserve += static_cast<int>(*n);
  return Ok{};
}

// From here on the user namespace is where this process stands, not one that is still to be made.
Status enter_userns(spec::Spec& spec) {
  SECURE_TRY(rootless::enter(spec.uid_mappings, spec.gid_mappings, container::keeps_groups(spec) ? userns::Groups::keep : userns::Groups::drop_if_allowed));
  std::erase_if(spec.namespaces, [](const auto& ns) { return ns.flag == CLONE_NEWUSER; });
  spec.uid_mappings.clear();
  spec.gid_mappings.clear();
  return Ok{};
}

}  // namespace

std::variant<Created, CreateError> create(const CreateOptions& options) {
  auto refuse = [](Error error, int exit_code = 1) { return CreateError{std::move(error), exit_code}; };
  Created out;
  auto bundle = bundle_path(options.bundle);
  if (!bundle) return refuse(std::move(bundle.error()));
  std::string text;
  auto spec = read_bundle(*bundle, options.config, text);
  if (!spec) return refuse(std::move(spec.error()));
  out.spec = std::move(*spec);
  if (auto s = check_terminal(out.spec, options.console_socket, options.detached); !s) return refuse(std::move(s.error()));
  int preserve = options.preserve_fds;
  if (auto s = pass_listen_fds(out.spec, preserve); !s) return refuse(std::move(s.error()));
  const bool rootless = rootless::needed();
  // A caller without rights cannot lose the binary to a container that has no more.
  if (!rootless)
    if (auto s = protect_self(out.spec); !s) return refuse(std::move(s.error()));
  // Not before this process is the one that goes on, so that it is decided, and recorded, once.
  if (auto s = hold_to_policy(out.spec, options.id, *bundle); !s) return refuse(std::move(s.error()));
  auto preserved = check_preserved(preserve);
  if (!preserved) return refuse(std::move(preserved.error()));

  oci::State state = describe(out.spec, options.id, *bundle);
  if (rootless)
    if (auto s = enter_userns(out.spec); !s) return refuse(std::move(s.error()));
  auto root = oci::open_root(globals().root, true);
  if (!root) return refuse(std::move(root.error()));
  auto dir = oci::reserve(root->get(), options.id);
  if (!dir) return refuse(std::move(dir.error()));
  Found& found = out.found;
  found.root = std::move(*root);
  found.dir = std::move(*dir);
  found.state = std::move(state);
  systemd::Scope scope;
  auto undo = [&](Error error, int exit_code = 1) {
    take_back_scope(found.state, scope);
    (void)oci::remove(found.root.get(), options.id);
    if (found.state.pid > 0) run_poststop(found.state, out.spec);
    return refuse(std::move(error), exit_code);
  };
  if (auto s = oci::write_config(found.dir.get(), text); !s) return undo(std::move(s.error()));

  if (auto s = notify::prepare(found.dir.get(), globals().root + "/" + options.id, out.spec); !s) return undo(std::move(s.error()));
  Fd gate;
  if (options.wait_for_start) {
    auto made = oci::make_gate(found.dir.get());
    if (!made) return undo(std::move(made.error()));
    gate = std::move(*made);
  } else {
    auto relay = notify::listen(found.dir.get());
    if (!relay) return undo(std::move(relay.error()));
    out.notify = std::move(*relay);
  }
  container::Options how;
  how.id = options.id;
  how.bundle = *bundle;
  const auto alone = room_to_wait(out.spec.resources);
  if (auto s = make_scope(out.spec, found.state, scope); !s) return undo(std::move(s.error()));
  how.cgroup_path = found.state.cgroup;
  how.adopt_cgroup = !found.state.systemd_scope.empty();
  how.gate = gate.get();
  how.preserve = *preserved;
  how.new_keyring = !options.no_new_keyring;
  how.no_pivot = options.no_pivot;
  how.inside_userns = rootless;
  how.no_cgroup = found.state.cgroup.empty();
  how.created = [&](pid_t pid) -> Status {
    found.state.pid = pid;
    found.state.pid_start = record::start_time(pid);
    SECURE_TRY(oci::write_state(found.dir.get(), found.state));
    return alone ? leave_alone(found.state, scope, *alone) : Status(Ok{});
  };
  how.describe = [&](std::string_view status, pid_t pid) {
    return oci::to_json(found.state, status == "creating" ? oci::Status::creating : oci::Status::created, pid);
  };
  auto result = container::start(out.spec, std::move(how));
  if (auto* error = std::get_if<container::StartError>(&result)) return undo(std::move(error->error), error->exit_code);
  out.started = std::move(std::get<container::Started>(result));
  auto hand_over = [&]() -> Status {
    if (!options.console_socket.empty()) SECURE_TRY(send_terminal(options.console_socket, out.started.terminal));
    // crun's name for the same.
    const std::string receiver = options.pidfd_socket.empty() ? spec::annotation(out.spec, "run.oci.pidfd_receiver") : options.pidfd_socket;
    if (!receiver.empty()) SECURE_TRY(send_descriptor(receiver, out.started.pidfd));
    if (!options.pid_file.empty()) SECURE_TRY(write_pid_file(options.pid_file, out.started.pid));
    return Ok{};
  };
  if (auto s = hand_over(); !s) {
    (void)::syscall(SYS_pidfd_send_signal, out.started.pidfd.get(), SIGKILL, nullptr, 0);
    if (auto group = cgroup::open(out.started.layout, out.started.cgroup_path)) (void)cgroup::kill_all(*group);
    (void)cgroup::remove(out.started.layout, out.started.cgroup_path);
    return undo(std::move(s.error()));
  }
  found.status = options.wait_for_start ? oci::Status::created : oci::Status::running;
  return out;
}

Status run_poststart(Found& found, const spec::Spec& spec) {
  if (spec.hooks.poststart.empty()) return Ok{};
  auto output = hooks::open_output(spec);
  auto status = output ? hooks::run(spec.hooks.poststart, "poststart", oci::to_json(found.state, oci::Status::running, found.state.pid), {found.state.bundle, &*output})
                       : Status(std::move(output.error()));
  if (status) return status;
  if (auto process = process_of(found)) (void)::syscall(SYS_pidfd_send_signal, process->get(), SIGKILL, nullptr, 0);
  if (auto group = group_of(found)) (void)cgroup::kill_all(*group);
  return status;
}

Status destroy(Found& found) {
  SECURE_LET(layout, cgroup::detect(found.state.cgroup));
  if (!found.state.cgroup.empty()) {
    // Its first process took the others along only if it was the first of a pid namespace.
    const std::string whole = whole_group(found.state);
    if (auto group = cgroup::open(layout, whole)) SECURE_TRY(cgroup::kill_all(*group));
    if (!found.state.systemd_scope.empty()) SECURE_TRY(systemd::stop(found.state.systemd_scope));
    SECURE_TRY(cgroup::remove(layout, whole));
  }
  auto spec = config_of(found);
  if (spec && spec->intel_rdt) SECURE_TRY(rdt::remove(*spec->intel_rdt, found.state.id, rdt::owned(*spec->intel_rdt)));
  SECURE_TRY(oci::remove(found.root.get(), found.state.id));
  if (spec) run_poststop(found.state, *spec);
  return Ok{};
}

}  // namespace secure::runtime
