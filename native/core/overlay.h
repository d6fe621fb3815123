// SPDX-License-Identifier: Apache-2.0
// A container's root from shared layers: every layer is mapped through the container's user namespace, so that
// the files on disk stay owned by 0:0 and are never changed or copied.
#pragma once

#include <string>
#include <vector>

#include "fd.h"
#include "result.h"

namespace secure::overlay {

struct Layers {
  std::vector<std::string> lower;  // directories, lowest first
  std::string upper, work;         // both empty: a read-only stack
  std::string label;               // SELinux context of every file; empty: each its own
};

// A detached overlay mount, nosuid and nodev. `userns` < 0: no id mapping. The upper directory's top
// must be owned by the first id of the range; it is never id-mapped, since overlay would then
// silently be read-only.
Result<Fd> create(const Layers& layers, int userns);

// The two ways of create(): by descriptor (Linux 6.13), and by path in a mount namespace of its own, for
// kernels that know id-mapped layers (5.19) only attached and by name.
Result<Fd> create_by_descriptor(const Layers& layers, int userns);
Result<Fd> create_by_path(const Layers& layers, int userns);

// A detached, private, mapped clone of one layer's directory.
Result<Fd> mapped_layer(const std::string& path, int userns);

}  // namespace secure::overlay
