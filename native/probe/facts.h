// SPDX-License-Identifier: Apache-2.0
// What can be told from inside. Each section is written by a child of its own, so that one call that kills costs one section.
#pragma once

#include <span>

#include "writer.h"

namespace secure::isolation {

struct Section {
  std::string_view name;
  void (*write)(Writer& out);  // one JSON value
};
std::span<const Section> sections();

// Process.
void write_ids(Writer& out);
void write_capabilities(Writer& out);
void write_confinement(Writer& out);
void write_landlock(Writer& out);
void write_limits(Writer& out);
// Kernel and namespaces.
void write_kernel(Writer& out);
void write_namespaces(Writer& out);
void write_processes(Writer& out);
// Files.
void write_root(Writer& out);
void write_mounts(Writer& out);
void write_paths(Writer& out);
void write_devices(Writer& out);
void write_cgroups(Writer& out);
// What leads out.
void write_descriptors(Writer& out);
void write_sockets(Writer& out);
void write_network(Writer& out);
void write_keys(Writer& out);

}  // namespace secure::isolation
