// SPDX-License-Identifier: Apache-2.0
// checkpoint.
#include <array>

#include "args.h"
#include "checkpoint.h"
#include "commands.h"
#include "fd.h"
#include "number.h"
#include "oci_create.h"

namespace secure::runtime {

int cmd_checkpoint(int argc, char** argv) {
  CriuOptions options;
  Args args(argc, argv,
            "secure-runtime checkpoint [--image-path DIR] [--work-path DIR] [--parent-path DIR] [--leave-running] [--pre-dump] [--tcp-established] [--tcp-skip-in-flight] "
            "[--link-remap] [--ext-unix-sk] [--shell-job] [--file-locks] [--lazy-pages] [--page-server ADDRESS:PORT] [--status-fd FD] [--auto-dedup] "
            "[--manage-cgroups-mode soft|full|strict|ignore] [--network-lock iptables|nftables|skip] [--empty-ns network] ID");
  describe_criu(args, options).text("parent-path", '\0', options.parent_path).flag("leave-running", '\0', options.leave_running).flag("pre-dump", '\0', options.pre_dump)
      .flag("tcp-skip-in-flight", '\0', options.tcp_skip_in_flight).flag("link-remap", '\0', options.link_remap).text("page-server", '\0', options.page_server)
      .text("status-fd", '\0', options.status_fd);
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  // Of what the caller had open only this is used.
  const auto status_fd = number::decimal(options.status_fd, INT32_MAX);
  if (auto s = close_all_but(std::array{status_fd ? static_cast<int>(*status_fd) : -1}); !s) return report(s.error());
  auto found = find(args.operands[0], true);
  if (!found) return report(found.error());
  if (found->status == oci::Status::created || found->status == oci::Status::stopped)
    return report(fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "Container cannot be checkpointed in " + std::string(oci::status_name(found->status)) + " state: container '" + found->state.id + "'",
                       found->status == oci::Status::created ? "start it first" : "there is no process left"));
  if (auto s = checkpoint(*found, options); !s) return report(s.error());
  if (options.leave_running || options.pre_dump) return 0;
  // Its processes have ended with the dump; what is left is as after any other end.
  if (auto s = destroy(*found); !s) return report(s.error());
  return 0;
}

}  // namespace secure::runtime
