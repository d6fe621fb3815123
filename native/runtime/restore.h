// SPDX-License-Identifier: Apache-2.0
// A container from the images of a checkpoint.
#pragma once

#include "criu_options.h"
#include "oci.h"

namespace secure::runtime {

struct RestoreOptions {
  CriuOptions criu;
  std::string id, bundle = ".", console_socket, pid_file;
  bool detached = false;
};

struct Restored {
  Found found;
  spec::Spec spec;
  Fd pidfd, terminal;
};

// Its processes run when this returns, and nothing of it is left when it fails. What the config wants of confinement was read back
// from the kernel before the first instruction.
Result<Restored> restore(const RestoreOptions& options);

}  // namespace secure::runtime
