// SPDX-License-Identifier: Apache-2.0
// `enforced ID`: what the kernel says is in force for a running container.
#include <unistd.h>

#include <cstring>

#include "commands.h"
#include "enforced.h"
#include "fd.h"

namespace secure::runtime {

namespace {

constexpr std::size_t kConfigLimit = 16U << 20;

Result<enforced::Proof> prove(const std::string& name) {
  const record::Roots roots = roots_from_env();
  SECURE_LET(id, record::resolve(roots, name));
  SECURE_LET(state, record::read_state(roots, id));
  if (state.pid <= 0 || (state.status != "running" && state.status != "stopping"))
    return fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "container " + id.substr(0, 12) + " is " + state.status,
                "start it first: only a live process can be asked");
  SECURE_LET(file, open_nofollow(AT_FDCWD, roots.state + "/containers/" + id + "/config.json", O_RDONLY | O_NONBLOCK));
  SECURE_LET(config, read_fd(file.get(), kConfigLimit, "config.json"));
  return enforced::prove(id, state.pid, state.pid_start, config);
}

}  // namespace

int container_enforced(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-') return usage("secure-runtime container enforced ID");
  auto proof = prove(argv[1]);
  if (!proof.ok()) return report(proof.error());
  if (auto status = write_all(STDOUT_FILENO, enforced::to_json(*proof) + "\n", "standard output"); !status.ok())
    return report(status.error());
  return 0;
}

}  // namespace secure::runtime
