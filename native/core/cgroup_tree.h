// SPDX-License-Identifier: Apache-2.0
// Internal to cgroup*.cc: paths and directories of groups.
#pragma once

#include <string>
#include <vector>

#include "cgroup.h"

namespace secure::cgroup {

// The components of a group's path, or CGROUP_PATH_INVALID. The root is refused: its processes are the host's.
Result<std::vector<std::string>> components(const std::string& path);

// O_PATH directory of a hierarchy's mount, checked to be a cgroup file system and not what was mounted over it.
Result<Fd> open_mount(const Hierarchy& hierarchy);

// One component below `at`, O_PATH. errno is in the error; a removed parent is ENOENT.
Result<Fd> open_child(int at, const std::string& name);

// A line of /proc/PID/cgroup (cgroups(7)): "4:memory:/secure/x", "0::/secure/x".
struct Membership {
  std::string controllers, path;  // no controllers: version 2
  [[nodiscard]] bool of(std::string_view controller) const;
};
std::vector<Membership> memberships(std::string_view text);

// Whether the hierarchy carries the controller.
bool has(const Hierarchy& hierarchy, std::string_view controller);

// Names of the child groups of a directory.
std::vector<std::string> child_groups(int dir);

// The directory that carries a controller, preferring v1; fd -1 when none does. `probe` is a file that v2
// shows only where the controller is enabled ("memory.max").
struct Place {
  int fd = -1;
  bool v2 = false;
};
Place place_of(const Group& group, std::string_view controller, const char* probe);

// Enables a controller of v2 in every ancestor of the group. False where one of them refuses.
bool pass_controller(const Group& group, const std::string& name);

// A file of a group as text, "" when absent or unreadable.
std::string read_text(int dir, const char* file);
// The number in it, 0 for "max", absent or unreadable. `key` selects a line of a flat-keyed file.
std::uint64_t read_number(int dir, const char* file, std::string_view key = {});

// Devices: the rules reduced to a default and its exceptions, as both the v1 controller and our eBPF program see it.
struct DevicePolicy {
  bool default_allow = false;
  std::vector<spec::DeviceRule> exceptions;  // types b and c only
};
// DEVICE_RULES_UNSUPPORTED for a rule that makes a hole in an earlier, wider one: the v1 controller would silently
// not do it.
Result<DevicePolicy> device_policy(const std::vector<spec::DeviceRule>& rules);
Status apply_devices(const Group& group, const std::vector<spec::DeviceRule>& rules);
// While processes are in the group: at no moment a device is denied that both the old rules and the new ones allow.
Status replace_devices(const Group& group, const std::vector<spec::DeviceRule>& rules);
// Load the policy as BPF_PROG_TYPE_CGROUP_DEVICE and attach it to a v2 group.
// Those that it attached before are detached; programs of others (systemd's) stay.
Status attach_device_filter(int v2_dir, const DevicePolicy& policy);

}  // namespace secure::cgroup
