// SPDX-License-Identifier: Apache-2.0
// The commands of secure-runtime; argv[0] is the command's own name.
#pragma once

#include "record.h"
#include "result.h"

namespace secure::runtime {

// Print an error on stderr, as one JSON line after `--error-format json`, else as text. Returns `exit_code`.
int report(const Error& error, int exit_code = 1);

// A usage error of one of our own commands: message and exit code 2.
int usage(const char* synopsis);

// SECURE_STATE_ROOT and SECURE_RUN_ROOT, or the defaults.
record::Roots roots_from_env();

// The OCI commands, on containers below --root.
int cmd_create(int argc, char** argv);
int cmd_start(int argc, char** argv);
int cmd_state(int argc, char** argv);
int cmd_kill(int argc, char** argv);
int cmd_delete(int argc, char** argv);
int cmd_run(int argc, char** argv);
int cmd_exec(int argc, char** argv);
int cmd_list(int argc, char** argv);
int cmd_pause(int argc, char** argv);
int cmd_resume(int argc, char** argv);
int cmd_update(int argc, char** argv);
int cmd_events(int argc, char** argv);
int cmd_ps(int argc, char** argv);
int cmd_spec(int argc, char** argv);
int cmd_mounts(int argc, char** argv);
int cmd_features(int argc, char** argv);
int cmd_decide(int argc, char** argv);
int cmd_checkpoint(int argc, char** argv);
int cmd_restore(int argc, char** argv);

// Our own containers: what `secure` calls.
int cmd_launch(int argc, char** argv);
int cmd_container(int argc, char** argv);
int cmd_namespace(int argc, char** argv);
int container_attach(int argc, char** argv);
int container_exec(int argc, char** argv);
int container_state(int argc, char** argv);
int container_list(int argc, char** argv);
int container_kill(int argc, char** argv);
int container_stop(int argc, char** argv);
int container_wait(int argc, char** argv);
int container_delete(int argc, char** argv);
int container_gc(int argc, char** argv);
int container_enforced(int argc, char** argv);

}  // namespace secure::runtime
