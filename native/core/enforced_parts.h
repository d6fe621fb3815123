// SPDX-License-Identifier: Apache-2.0
// Internal to enforced*.cc: the process in question, and one function per family of controls.
#pragma once

#include <string>
#include <vector>

#include "enforced.h"
#include "fd.h"
#include "spec.h"

namespace secure::enforced {

struct Subject {
  pid_t pid = 0;
  std::uint64_t start = 0;
  Fd proc;             // /proc/PID: answers ESRCH once the process is gone, never for another one
  std::string status;  // /proc/PID/status
  const spec::Spec* plan = nullptr;
};

// A small file of the process; "" when it cannot be read.
std::string read_text(const Subject& subject, const std::string& name);
// The value of "Key:" in /proc/PID/status.
std::string status_field(const Subject& subject, std::string_view key);
std::vector<std::string> words(std::string_view text);
std::vector<std::string> lines(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");
// The flag of a namespace that the plan creates or joins, or nullptr.
const spec::Namespace* planned_namespace(const spec::Spec& plan, int flag);

void prove_ids(const Subject& subject, std::vector<Control>& out);         // user namespace, user
void prove_rights(const Subject& subject, std::vector<Control>& out);      // capabilities, no_new_privs, seccomp, LSM, ...
void prove_limits(const Subject& subject, std::vector<Control>& out);      // rlimits
void prove_namespaces(const Subject& subject, std::vector<Control>& out);  // namespaces, network
void prove_network(const Subject& subject, bool separate, std::vector<Control>& out);
void prove_landlock(const Subject& subject, std::vector<Control>& out);
void prove_cgroup(const Subject& subject, std::vector<Control>& out);
// These touch file systems of the container, which may hang: they run in a worker with a time limit.
void prove_mounts(const Subject& subject, std::vector<Control>& out);      // root, masks, flags of mounts, descriptors

// One line of mountinfo (proc_pid_mountinfo(5)), octal escapes decoded.
struct MountLine {
  std::uint64_t id = 0;
  std::string device, root, point, type;  // device: MAJOR:MINOR
  std::vector<std::string> flags{};  // of the mount and of its file system
  [[nodiscard]] bool has(std::string_view flag) const;
  [[nodiscard]] bool read_only() const { return has("ro"); }
};
std::vector<MountLine> parse_mountinfo(std::string_view text);

}  // namespace secure::enforced
