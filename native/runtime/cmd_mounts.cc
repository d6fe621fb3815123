// SPDX-License-Identifier: Apache-2.0
// mounts add, mounts remove: change what a running container has mounted.
#include "args.h"
#include "commands.h"
#include "oci.h"
#include "oci_policy.h"
#include "report.h"
#include "rootfs_live.h"

namespace secure::runtime {

namespace {

constexpr std::size_t kMaxMounts = 16U << 20;

Status change(bool add, const std::string& id, const std::string& file) {
  SECURE_LET(text, read_named(file, kMaxMounts));
  SECURE_LET(mounts, spec::parse_mounts(text));
  SECURE_TRY(refuse_under_policy("mounts are added to a container that runs", id));
  SECURE_LET(found, find(id, true));
  if (found.status == oci::Status::stopped)
    return fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "container '" + id + "' is not running", "give its config the mounts instead");
  SECURE_LET(spec, config_of(found));
  SECURE_LET(process, process_of(found));
  const rootfs::Live live{found.state.pid, process.get(), found.state.bundle};
  return add ? rootfs::add_mounts(spec, live, mounts) : rootfs::remove_mounts(spec, live, mounts);
}

}  // namespace

int cmd_mounts(int argc, char** argv) {
  constexpr const char* kSynopsis = "secure-runtime [OPTION...] mounts [add|remove] CONTAINER FILE";
  Args args(argc, argv, kSynopsis);
  if (auto s = args.parse(3, 3); !s) return report(s.error());
  const std::string& what = args.operands[0];
  if (what != "add" && what != "remove")
    return report(fail(Stage::config, "USAGE", 0, "'" + what + "' is neither add nor remove", std::string("usage: ") + kSynopsis));
  auto status = change(what == "add", args.operands[1], args.operands[2]);
  return status ? 0 : report(status.error());
}

}  // namespace secure::runtime
