// SPDX-License-Identifier: Apache-2.0
// What making a container and restoring one share: the bundle, the state that describes it, its group, its end.
#pragma once

#include <optional>
#include <string>

#include "oci.h"
#include "systemd.h"

namespace secure::runtime {

// The bundle's directory, absolute and without links. BUNDLE_NOT_FOUND.
Result<std::string> bundle_path(const std::string& path);

// The config of a bundle, parsed, and its `text`. `config`: another file than its config.json. A plan of secure is refused.
Result<spec::Spec> read_bundle(const std::string& bundle, const std::string& config, std::string& text);

// Who takes the terminal must be known where there is one, and only there.
Status check_terminal(const spec::Spec& spec, const std::string& console_socket, bool detached);

// The state of a container that has no process yet.
oci::State describe(const spec::Spec& spec, const std::string& id, const std::string& bundle);

// systemd tells where the group is only when it has made it, around a process of ours. With another manager nothing is done.
Status make_scope(const spec::Spec& spec, oci::State& state, systemd::Scope& scope);
// The process that waits in the scope counts, and on v2 the container's is made beside it: a limit of one process is raised, and
// lowered to what is returned by leave_alone() before the container's does anything.
std::optional<std::int64_t> room_to_wait(spec::Resources& resources);
Status leave_alone(const oci::State& state, systemd::Scope& scope, std::int64_t limit);
// All that is the container's: of a scope with a group below it the scope's.
std::string whole_group(const oci::State& state);
// What is left of a scope when the container does not come.
void take_back_scope(const oci::State& state, systemd::Scope& scope);

// runtime.md#lifecycle: after everything of the container is gone. A failure is a warning, and the others are run as well.
void run_poststop(const oci::State& state, const spec::Spec& spec);

}  // namespace secure::runtime
