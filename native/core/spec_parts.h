// SPDX-License-Identifier: Apache-2.0
// Internal to the spec reader: one function per part of the document.
#pragma once

#include "json.h"
#include "spec.h"

namespace secure::spec {

Process read_process(const json::Node& node);
Resources read_resources(const json::Node& node);
DeviceRule read_device_rule(const json::Node& node);
Seccomp read_seccomp(const json::Node& node);
// With what only the profile of a container has: who answers notifications.
Seccomp read_container_seccomp(const json::Node& node);
// After the namespaces.
void read_sysctls(const json::Node& node, Spec& out);
// personality, memoryPolicy, timeOffsets, intelRdt, netDevices.
void read_linux_kernel(const json::Node& linux_node, Spec& out);
// landlock and hardening of the extension or, where there is none, of annotations.
void read_hardening(const json::Node& root, Spec& out);
void read_linux(const json::Node& node, Spec& out);
Extension read_extension(const json::Node& node);
Monitor read_monitor(const json::Node& node);
Network read_network(const json::Node& node);
std::vector<GeneratedFile> read_files(const json::Node& node);
Mount read_mount(const json::Node& node);
Hooks read_hooks(const json::Node& node);
Device read_device(const json::Node& node);
// maskedPaths, readonlyPaths, rootfsPropagation, mountLabel, devices
void read_linux_mounts(const json::Node& node, Spec& out);
std::vector<IdMap> read_id_maps(const json::Node& node);

// A path inside the container: absolute, no NUL, at most PATH_MAX.
std::string read_path(const json::Node& node);

}  // namespace secure::spec
