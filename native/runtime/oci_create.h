// SPDX-License-Identifier: Apache-2.0
// From a bundle to a container: what `create` and `run` share.
#pragma once

#include <functional>
#include <string>

#include "container.h"
#include "notify.h"
#include "oci.h"
#include "result.h"

namespace secure::runtime {

struct CreateOptions {
  std::string id, bundle = ".", config, console_socket, pid_file, pidfd_socket;
  int preserve_fds = 0;
  bool no_pivot = false, no_new_keyring = false;
  bool wait_for_start = false;  // create
  bool detached = false;        // nobody copies a terminal
};

struct Created {
  Found found;
  spec::Spec spec;
  container::Started started;
  notify::Relay notify;  // of `run`
};

struct CreateError {
  Error error;
  int exit_code = 1;
};

// On failure nothing of the container is left, and its poststop hooks were run when its process had existed.
std::variant<Created, CreateError> create(const CreateOptions& options);

// After the program was started: the hooks of that stage. A failure stops the container (runtime-spec 1.3).
Status run_poststart(Found& found, const spec::Spec& spec);

// What is left of a container that has ended, or whose processes are to be killed: group, directory; then its
// poststop hooks. Failing hooks are reported and do not stop it.
Status destroy(Found& found);

}  // namespace secure::runtime
