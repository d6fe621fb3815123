// SPDX-License-Identifier: Apache-2.0
#include "facts.h"

namespace secure::isolation {

std::span<const Section> sections() {
  static constexpr Section kSections[] = {
      {"ids", write_ids},
      {"capabilities", write_capabilities},
      {"confinement", write_confinement},
      {"landlock", write_landlock},
      {"limits", write_limits},
      {"kernel", write_kernel},
      {"namespaces", write_namespaces},
      {"processes", write_processes},
      {"root", write_root},
      {"mounts", write_mounts},
      {"paths", write_paths},
      {"devices", write_devices},
      {"cgroups", write_cgroups},
      {"descriptors", write_descriptors},
      {"sockets", write_sockets},
      {"network", write_network},
      {"keys", write_keys},
  };
  return kSections;
}

}  // namespace secure::isolation
