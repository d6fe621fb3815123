// SPDX-License-Identifier: Apache-2.0
#include "streams.h"

#include <unistd.h>

#include "lsm.h"
#include "userns.h"

namespace secure::runtime {

namespace {

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe(const spec::Spec& spec, const spec::Process& process) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) < 0) return fail(Stage::monitor, "STREAM_FAILED", errno, "make a pipe");
  Pipe out{Fd(fds[0]), Fd(fds[1])};
  auto uid = userns::to_host(spec.uid_mappings, process.uid);
  auto gid = userns::to_host(spec.gid_mappings, process.gid);
  if (!uid || !gid)
    return fail(Stage::config, "USER_INVALID", 0,
                "user " + std::to_string(process.uid) + ":" + std::to_string(process.gid) + " lies outside the user namespace's range");
  if (::fchown(fds[0], *uid, *gid) < 0) return fail(Stage::monitor, "STREAM_FAILED", errno, "give a pipe to the container's user");
  // Policies that separate pipes by category would give the container /dev/null instead. Where the policy forbids the change, it is
  // the container's output that tells.
  if (!process.selinux_label.empty() && !spec.mount_label.empty())
    (void)lsm::label_file(fds[0], spec.mount_label);
  return out;
}

}  // namespace

Result<Wiring> wire(bool stdin_open, const spec::Spec& spec, const spec::Process& process) {
  Wiring out;
  if (process.terminal) return out;
  SECURE_LET(stdout_pipe, make_pipe(spec, process));
  SECURE_LET(stderr_pipe, make_pipe(spec, process));
  out.host.out = std::move(stdout_pipe.read);
  out.container.out = std::move(stdout_pipe.write);
  out.host.err = std::move(stderr_pipe.read);
  out.container.err = std::move(stderr_pipe.write);
  if (stdin_open) {
    SECURE_LET(stdin_pipe, make_pipe(spec, process));
    out.container.in = std::move(stdin_pipe.read);
    out.host.in = std::move(stdin_pipe.write);
  } else {
    out.container.in = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!out.container.in.valid()) return fail(Stage::monitor, "STREAM_FAILED", errno, "open /dev/null");
  }
  return out;
}

}  // namespace secure::runtime
