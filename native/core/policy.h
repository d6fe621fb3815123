// SPDX-License-Identifier: Apache-2.0
// A compiled policy (docs/engines.md; src/policies/engines/types.ts is its shape), and holding to it what an engine asks for: everything that can be
// made tighter is, everything else that goes beyond it is refused. Pure but for what Facts asks the kernel.
#pragma once

#include <linux/filter.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "enforced_parts.h"
#include "result.h"
#include "spec.h"

namespace secure::policy {

enum class Level : unsigned char { off, wished, required };
enum class LsmLevel : unsigned char { off, wished, required_where_enforced, required };

struct Right {
  std::string name;
  int abi = 0;
  bool read = false, write = false, device = false;
};

struct Landlock {
  Level files = Level::off, ioctl = Level::off, ports = Level::off, scopes = Level::off;
  std::optional<std::vector<std::uint64_t>> listen, connect;  // absent: any port
  std::vector<Right> rights;
  std::vector<std::string> scope_names, nodes;
  int abi_files = 0, abi_ioctl = 0, abi_ports = 0, abi_scopes = 0;
};

struct Policy {
  std::string name, digest, log;
  Level user_namespace = Level::off;
  bool non_root = false;
  std::vector<std::string> host_namespaces;  // network, pid, ipc, uts
  std::uint64_t allowed_capabilities = 0, usual_capabilities = 0;
  bool no_new_privileges = false;
  std::vector<sock_filter> filter;
  Landlock landlock;
  LsmLevel lsm = LsmLevel::off;
  bool read_only = false, noexec = false;
  std::vector<std::string> writable;
  std::vector<std::string> sources, deny, deny_as_root, roots, own, own_roots;
  bool read_only_binds = false;
  std::vector<std::string> devices;
  std::vector<spec::DeviceRule> device_rules, usual_devices;
  std::vector<std::string> masked_paths, readonly_paths;
  std::optional<std::int64_t> memory, pids, cpu;  // bytes, tasks, microseconds in 100 ms
  std::vector<spec::Rlimit> rlimits;
  std::vector<std::pair<std::string, std::string>> origins;  // control, FILE:LINE

  [[nodiscard]] std::string origin(std::string_view control) const;
};

// POLICY_CORRUPT names the field.
Result<Policy> parse(std::string_view text, std::string digest);

// The one that `current` in `directory` names, checked against its digest. POLICY_MISSING, POLICY_UNTRUSTED (somebody but root could have written
// it), POLICY_CORRUPT.
Result<Policy> load(const std::string& directory);

using enforced::MountLine;

// What the decision depends on beside policy and config.
struct Facts {
  std::string id, bundle;
  int landlock_abi = 0;
  bool apparmor = false, selinux = false;  // enforced
  std::function<bool(const std::string& profile)> apparmor_enforces;
  // The path without links, "." and ".."; empty: it cannot be resolved.
  std::function<std::string(const std::string& path)> resolve;
  // Whether a file of a namespace is that of the runtime itself.
  std::function<bool(const std::string& path, std::string_view kind)> is_own_namespace;
  // The name below /dev of a device, empty: none.
  std::function<std::string(char type, std::int64_t major, std::int64_t minor)> device_name;
  // The mount that a path is on; 0: not to be known.
  std::function<std::uint64_t(const std::string& path)> mount_id;
  std::function<std::vector<MountLine>()> mount_table;
  // The hard limit of the runtime, by its number.
  std::function<std::uint64_t(int resource)> hard_limit;
  // Of the runtime, which what it starts inherits.
  int oom_score_adj = 0;
};
// As they are here.
Facts facts(std::string id, std::string bundle);

struct Finding {
  std::string control;  // as in the policy's file
  std::string at;       // JSON pointer into the config
  std::string text;
};
struct Report {
  std::vector<Finding> refused, tightened;

  void refuse(const Policy& policy, std::string_view control, std::string at, std::string text);
  void tighten(std::string_view control, std::string at, std::string text);
};

// create and run: all of it. What `report` says was refused, `spec` must not be used.
void hold_container(const Policy& policy, const Facts& facts, spec::Spec& spec, Report& report);
// exec: a process of a container that exists; `spec` is its config, of which what processes inherit by themselves is set.
void hold_exec(const Policy& policy, const Facts& facts, spec::Spec& spec, spec::Process& process, Report& report);
// update
void hold_update(const Policy& policy, const Facts& facts, spec::Resources& change, Report& report);

// Takes out the annotations that our runtime acts on beyond the container: of a stored config, which is the one from before the policy.
void drop_annotations(spec::Spec& spec);

// POLICY_REFUSED with everything that was; Ok when nothing was.
Status verdict(const Policy& policy, const Report& report, std::string_view what);

// One line in the log of decisions, as JSON. What cannot be written is a warning: a full disk must not be what stops every container.
void record(const Policy& policy, const Report& report, std::string_view command, std::string_view id);

}  // namespace secure::policy
