// SPDX-License-Identifier: Apache-2.0
#include "criu_lost.h"

#include <sched.h>

#include <algorithm>

namespace secure::criu {

namespace {

Error lost(const char* doing, const char* control, const std::string& field) {
  return fail(Stage::config, "CHECKPOINT_LOSES", 0, std::string("cannot ") + doing + " the container: " + control + " (" + field + ") would be lost, since CRIU does not restore it",
              "take it out of config.json if the container may do without it");
}

bool maps_ids(const spec::Mount& mount) {
  return !mount.uid_mappings.empty() || std::any_of(mount.options.begin(), mount.options.end(), [](const std::string& option) {
    return option == "idmap" || option == "ridmap" || option.starts_with("idmap=") || option.starts_with("ridmap=");
  });
}

}  // namespace

Status check_nothing_lost(const spec::Spec& spec, const char* doing) {
  // Of the process itself.
  if (spec.landlock) return lost(doing, "the Landlock domain", "annotation run.secure.landlock");
  if (spec.hardening.refuse_exec_gain) return lost(doing, "the refusal of executable memory (MDWE)", "annotation run.secure.refuse-exec-gain");
  if (spec.hardening.no_store_bypass || spec.hardening.no_indirect_branch) return lost(doing, "the speculation control", "annotation run.secure.speculation");
  if (spec.seccomp && !spec.seccomp->listener_path.empty()) return lost(doing, "the listener of the seccomp filter", "/linux/seccomp/listenerPath");
  if (spec.process.io_priority) return lost(doing, "the I/O priority", "/process/ioPriority");
  if (spec.memory_policy) return lost(doing, "the memory policy", "/linux/memoryPolicy");
  if (spec.intel_rdt) return lost(doing, "the class of cache and memory bandwidth", "/linux/intelRdt");
  // Of its namespaces.
  for (const auto& [name, value] : spec.sysctl)
    if (name.starts_with("user/")) return lost(doing, "the sysctl of the user namespace", "/linux/sysctl/" + name);
  for (const auto& ns : spec.namespaces)
    if (!ns.path.empty() && (ns.flag == CLONE_NEWUSER || ns.flag == CLONE_NEWNS || ns.flag == CLONE_NEWCGROUP))
      return lost(doing, "a joined user, mount or cgroup namespace", "/linux/namespaces");
  for (const auto& mount : spec.mounts)
    if (maps_ids(mount)) return lost(doing, "the id mapping of a mount", mount.at.empty() ? mount.destination : mount.at);
  return Ok{};
}

}  // namespace secure::criu
