// SPDX-License-Identifier: Apache-2.0
// restore.
#include <sys/file.h>

#include "args.h"
#include "commands.h"
#include "oci_create.h"
#include "oci_policy.h"
#include "restore.h"
#include "streams.h"

namespace secure::runtime {

namespace {

int watch(Restored& restored) {
  Session session;
  session.pid = restored.found.state.pid;
  session.pidfd = restored.pidfd.get();
  session.ends.terminal = std::move(restored.terminal);
  session.attached = true;
  session.stdin_open = restored.spec.process.terminal;
  return supervise(session);
}

}  // namespace

int cmd_restore(int argc, char** argv) {
  RestoreOptions options;
  bool no_pivot = false;
  std::string preserve;
  Args args(argc, argv,
            "secure-runtime restore [--detach] [--bundle DIR] [--image-path DIR] [--work-path DIR] [--console-socket PATH] [--pid-file PATH] [--tcp-established] [--tcp-close] "
            "[--ext-unix-sk] [--shell-job] [--file-locks] [--lazy-pages] [--auto-dedup] [--manage-cgroups-mode soft|full|strict|ignore] "
            "[--network-lock iptables|nftables|skip] [--empty-ns network] [--lsm-profile TYPE:NAME] [--lsm-mount-context CONTEXT] ID");
  describe_criu(args, options.criu).text("bundle", 'b', options.bundle).text("console-socket", '\0', options.console_socket).text("pid-file", '\0', options.pid_file)
      .flag("detach", 'd', options.detached).flag("tcp-close", '\0', options.criu.tcp_close).text("lsm-profile", '\0', options.criu.lsm_profile)
      .text("lsm-mount-context", '\0', options.criu.lsm_mount_context).text("preserve-fds", '\0', preserve).flag("no-pivot", '\0', no_pivot).ignored("no-subreaper", false);
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  // What is restored has the descriptors and the root that it had.
  if (!preserve.empty() && preserve != "0")
    return report(fail(Stage::config, "USAGE", 0, "--preserve-fds: what is restored has the descriptors of its checkpoint, and can be given no others"));
  options.id = args.operands[0];
  // The processes of an image have the rights that are in it, whatever the config says.
  if (auto s = refuse_under_policy("what is restored has the rights of its checkpoint, which nobody can look into", options.id); !s) return report(s.error());
  if (!options.detached) block_signals();
  auto restored = restore(options);
  if (!restored) return report(restored.error());
  if (auto s = run_poststart(restored->found, restored->spec); !s) {
    (void)report(s.error());
    if (auto gone = destroy(restored->found); !gone) (void)report(gone.error());
    return 1;
  }
  (void)::flock(restored->found.dir.get(), LOCK_UN);
  restored->found.dir.reset();
  if (options.detached) return 0;
  const int code = watch(*restored);
  auto found = find(options.id, true);
  if (!found || found->state.pid != restored->found.state.pid) return code;
  if (auto s = destroy(*found); !s) (void)report(s.error());
  return code;
}

}  // namespace secure::runtime
