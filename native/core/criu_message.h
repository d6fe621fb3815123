// SPDX-License-Identifier: Apache-2.0
// Messages to and from `criu swrk` (images/rpc.proto of CRIU 3.17).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "result.h"

namespace secure::criu {

enum class Type : unsigned { empty = 0, dump = 1, restore = 2, pre_dump = 4, notify = 6, feature_check = 9, version = 10 };
enum class CgroupMode : unsigned { ignore = 0, soft = 3, full = 4, strict = 5 };
enum class NetworkLock : unsigned { by_default = 0, iptables = 1, nftables = 2, skip = 3 };

using Pairs = std::vector<std::pair<std::string, std::string>>;

// What is false, empty, zero or below zero is left out, unless said otherwise.
struct Request {
  Type type = Type::empty;
  int images_fd = -1, work_fd = -1;  // of this process: CRIU opens them again
  int pid = 0;
  std::string log_file, root, parent, freeze_cgroup, config_file, lsm_profile, lsm_mount_context;
  bool leave_running = false, ext_unix_sk = false, tcp_established = false, tcp_close = false, tcp_skip_in_flight = false;
  bool shell_job = false, file_locks = false, link_remap = false, auto_dedup = false, lazy_pages = false, track_mem = false;
  bool orphan_pts_master = false, rst_sibling = false, evasive_devices = false, notify = false, ext_masters = false;
  std::uint32_t empty_ns = 0;        // CLONE_NEW*
  CgroupMode cgroups = CgroupMode::ignore;  // always sent, but with features
  NetworkLock network_lock = NetworkLock::by_default;
  int status_fd = -1;
  std::string page_server;           // its address
  std::uint16_t page_server_port = 0;
  Pairs ext_mounts;                  // mount point in the container; name of it in a dump, the host's path in a restore
  std::vector<std::string> skip_mounts, external;
  std::vector<std::pair<std::string, int>> inherit;  // key and descriptor of CRIU's own process
  Pairs join_namespaces;             // type and file
  Pairs cgroup_roots;                // controller, or "" for all; path
  bool need_mem_track = false, need_lazy_pages = false;  // of a feature check
};
std::string encode(const Request& request);
// The answer to a notification.
std::string encode_notified();

struct Response {
  Type type = Type::empty;
  bool success = false;
  int pid = 0;                  // of a restore or of a notification
  std::string script;           // of a notification
  int error = 0;                // errno, when it failed
  std::string message;
  bool mem_track = false, lazy_pages = false;
  int major = 0, minor = 0, sublevel = 0;
};
// CRIU_PROTOCOL for what is none.
Result<Response> decode(std::string_view bytes);

}  // namespace secure::criu
