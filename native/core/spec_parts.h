// SPDX-License-Identifier: Apache-2.0
// Internal to the spec reader: one function per part of the document.
#pragma once

#include "json.h"
#include "spec.h"

namespace secure::spec {

Process read_process(const json::Node& node);
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
