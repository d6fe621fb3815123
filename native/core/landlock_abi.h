// SPDX-License-Identifier: Apache-2.0
// The kernel's Landlock interface up to ABI 7 (Linux 6.15, include/uapi/linux/landlock.h). Spelled out here because the
// header of the build machine may be years older than the kernel that this runs on.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace secure::landlock::kernel {

inline constexpr unsigned kCreateRulesetVersion = 1U << 0;  // LANDLOCK_CREATE_RULESET_VERSION
inline constexpr int kRulePathBeneath = 1;                  // LANDLOCK_RULE_PATH_BENEATH
inline constexpr int kRuleNetPort = 2;                      // LANDLOCK_RULE_NET_PORT

// struct landlock_ruleset_attr. An older kernel accepts the longer struct when what it does not know is zero.
struct RulesetAttr {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;  // ABI 4
  std::uint64_t scoped;              // ABI 6
};
static_assert(sizeof(RulesetAttr) == 24);

// struct landlock_path_beneath_attr
struct [[gnu::packed]] PathBeneathAttr {
  std::uint64_t allowed_access;
  std::int32_t parent_fd;
};
static_assert(sizeof(PathBeneathAttr) == 12);

// struct landlock_net_port_attr
struct NetPortAttr {
  std::uint64_t allowed_access;
  std::uint64_t port;
};
static_assert(sizeof(NetPortAttr) == 16);

struct Right {
  std::string_view name;
  std::uint64_t bit;
  int abi;         // first ABI that has it
  bool for_files;  // may be granted on a file; the others only on a directory (ACCESS_FILE in security/landlock/fs.c)
};

// LANDLOCK_ACCESS_FS_*
inline constexpr std::array<Right, 16> kFs{{
    {"execute", 1U << 0, 1, true},
    {"write_file", 1U << 1, 1, true},
    {"read_file", 1U << 2, 1, true},
    {"read_dir", 1U << 3, 1, false},
    {"remove_dir", 1U << 4, 1, false},
    {"remove_file", 1U << 5, 1, false},
    {"make_char", 1U << 6, 1, false},
    {"make_dir", 1U << 7, 1, false},
    {"make_reg", 1U << 8, 1, false},
    {"make_sock", 1U << 9, 1, false},
    {"make_fifo", 1U << 10, 1, false},
    {"make_block", 1U << 11, 1, false},
    {"make_sym", 1U << 12, 1, false},
    {"refer", 1U << 13, 2, false},
    {"truncate", 1U << 14, 3, true},
    {"ioctl_dev", 1U << 15, 5, true},
}};

// LANDLOCK_ACCESS_NET_*
inline constexpr std::array<Right, 2> kNet{{
    {"bind_tcp", 1U << 0, 4, false},
    {"connect_tcp", 1U << 1, 4, false},
}};

// LANDLOCK_SCOPE_*
inline constexpr std::array<Right, 2> kScope{{
    {"abstract_unix_socket", 1U << 0, 6, false},
    {"signal", 1U << 1, 6, false},
}};

}  // namespace secure::landlock::kernel
