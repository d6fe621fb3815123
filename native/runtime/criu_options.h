// SPDX-License-Identifier: Apache-2.0
// Options of checkpoint and restore, named as in runc and crun.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "args.h"
#include "criu_message.h"
#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::runtime {

struct CriuOptions {
  std::string image_path, work_path, parent_path, page_server, status_fd, cgroups, network_lock, lsm_profile, lsm_mount_context;
  std::vector<std::string> empty_ns;
  bool leave_running = false, tcp_established = false, tcp_skip_in_flight = false, tcp_close = false, link_remap = false, ext_unix_sk = false;
  bool shell_job = false, file_locks = false, lazy_pages = false, pre_dump = false, auto_dedup = false;
};

// Those that both commands have.
Args& describe_criu(Args& args, CriuOptions& to);

// The part of a request that is only carried over. USAGE.
Result<criu::Request> to_request(const CriuOptions& options);
// Nothing: it was not said who is to keep cgroups. USAGE.
Result<std::optional<criu::CgroupMode>> cgroup_mode(const CriuOptions& options);

// Checkpoints take the rights of root of the machine. ROOT_NEEDED.
Status check_root(const char* doing);

// The directories of a request, opened. Without --work-path logs are beside the images.
struct Directories {
  Fd images, work;
  std::string log_directory;
  [[nodiscard]] int logs() const { return work.valid() ? work.get() : images.get(); }
};
Result<Directories> open_directories(const CriuOptions& options, bool create);

// The file of further options that the administrator or the annotation org.criu.config names; "" for none. CRIU_UNSAFE when
// somebody but root could have written it: it can name programs to run.
Result<std::string> config_file(const spec::Spec& spec);

// What criu said in its log, added to an error of it.
Error with_log(Error error, const Directories& at, const std::string& log);

}  // namespace secure::runtime
