// SPDX-License-Identifier: Apache-2.0
#include "confine_rules.h"

#include <linux/landlock.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "landlock.h"

namespace secure::confine {

namespace {

// Later than the headers of the oldest supported distribution; the kernel's ABI decides, not the header.
constexpr std::uint64_t kRefer = 1U << 13, kTruncate = 1U << 14, kIoctlDev = 1U << 15;
constexpr std::uint64_t kNet = 3;    // bind_tcp, connect_tcp: ABI 4
constexpr std::uint64_t kScope = 3;  // abstract_unix_socket, signal: ABI 6

struct Ruleset {
  std::uint64_t fs = 0, net = 0, scoped = 0;
};

// What the ABI knows, by <linux/landlock.h>: 13 rights in the first one.
Ruleset handled(int abi) {
  Ruleset r;
  r.fs = (std::uint64_t{1} << 13) - 1;
  if (abi >= 2) r.fs |= kRefer;
  if (abi >= 3) r.fs |= kTruncate;
  if (abi >= 4) r.net = kNet;
  if (abi >= 5) r.fs |= kIoctlDev;
  if (abi >= 6) r.scoped = kScope;
  return r;
}

// Not: executing, sockets, block devices, ioctl. MAKE_CHAR is for whiteouts; every other character device is
// refused by the user namespace.
constexpr std::uint64_t kFill =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_SYM | kRefer | kTruncate;

spec::SeccompRule allow(std::vector<std::string> names) {
  spec::SeccompRule rule;
  rule.names = std::move(names);
  rule.action = "SCMP_ACT_ALLOW";
  return rule;
}

}  // namespace

spec::Seccomp filter_of(Role role) {
  spec::Seccomp profile;
  profile.default_action = "SCMP_ACT_KILL_PROCESS";
  profile.rules.push_back(allow({"read", "write", "close", "sendmsg", "recvmsg", "brk", "munmap", "mremap", "madvise",
                                 "restart_syscall", "exit_group"}));
  spec::SeccompRule map = allow({"mmap", "mprotect"});
  map.args.push_back({.index = 2, .value = PROT_EXEC, .value_two = 0, .op = "SCMP_CMP_MASKED_EQ"});
  profile.rules.push_back(std::move(map));
  if (role == Role::extractor)
    profile.rules.push_back(
        allow({"openat", "openat2", "fstat", "newfstatat", "getdents64", "fcntl", "umask", "pwrite64", "ftruncate",
               "fchown", "fchownat", "fchmod", "fsetxattr", "utimensat", "mkdirat", "mknodat", "symlinkat", "linkat",
               "unlinkat"}));
  return profile;
}

Result<Fd> landlock_of(Role role, int root) {
  const Ruleset all = handled(landlock::abi());
  // An older kernel takes the longer structure as long as what it does not know is zero.
  Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0)));
  if (!ruleset.valid()) return fail(Stage::landlock, "CONFINEMENT_FAILED", errno, "make a Landlock ruleset");
  if (role == Role::decompressor) return ruleset;
  const landlock_path_beneath_attr rule{kFill & all.fs, root};
  if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
    return fail(Stage::landlock, "CONFINEMENT_FAILED", errno, "allow the directory to fill");
  return ruleset;
}

}  // namespace secure::confine
