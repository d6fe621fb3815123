// SPDX-License-Identifier: Apache-2.0
#include "caps.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace secure::caps {

namespace {

// In the order of <linux/capability.h>: the index is the number.
constexpr std::array<std::string_view, 41> kNames{
    "CAP_CHOWN",           "CAP_DAC_OVERRIDE",    "CAP_DAC_READ_SEARCH", "CAP_FOWNER",
    "CAP_FSETID",          "CAP_KILL",            "CAP_SETGID",          "CAP_SETUID",
    "CAP_SETPCAP",         "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",       "CAP_NET_RAW",         "CAP_IPC_LOCK",        "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",      "CAP_SYS_RAWIO",       "CAP_SYS_CHROOT",      "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",       "CAP_SYS_ADMIN",       "CAP_SYS_BOOT",        "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",    "CAP_SYS_TIME",        "CAP_SYS_TTY_CONFIG",  "CAP_MKNOD",
    "CAP_LEASE",           "CAP_AUDIT_WRITE",     "CAP_AUDIT_CONTROL",   "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",    "CAP_MAC_ADMIN",       "CAP_SYSLOG",          "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",   "CAP_AUDIT_READ",      "CAP_PERFMON",         "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};
static_assert(CAP_CHECKPOINT_RESTORE == 40);

constexpr std::uint64_t bit(int n) { return std::uint64_t{1} << n; }

int bounding_read(int n) { return ::prctl(PR_CAPBSET_READ, n, 0, 0, 0); }

std::string joined(std::uint64_t set) {
  std::string out;
  for (int n = 0; n < 64; ++n) {
    if ((set & bit(n)) == 0) continue;
    if (!out.empty()) out += ", ";
    out += name(n);
  }
  return out;
}

Error unavailable(std::uint64_t missing, const char* set) {
  return fail(Stage::capabilities, "CAP_UNAVAILABLE", 0,
              joined(missing) + " cannot be given: not in the " + set + " set of the runtime",
              "drop it from the request, or start the runtime with it");
}

Error invalid(std::uint64_t extra, const char* why) {
  return fail(Stage::capabilities, "CAP_INVALID", 0, joined(extra) + ": " + why);
}

struct Sets {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
};

constexpr std::uint32_t low(std::uint64_t set) { return static_cast<std::uint32_t>(set); }
constexpr std::uint32_t high(std::uint64_t set) { return static_cast<std::uint32_t>(set >> 32); }

// errno tells why not.
bool set(const spec::Capabilities& wanted) {
  Sets next;
  next.data[0] = {low(wanted.effective), low(wanted.permitted), low(wanted.inheritable)};
  next.data[1] = {high(wanted.effective), high(wanted.permitted), high(wanted.inheritable)};
  return ::syscall(SYS_capset, &next.header, next.data.data()) == 0;
}

}  // namespace

int number(std::string_view name) {
  for (std::size_t n = 0; n < kNames.size(); ++n)
    if (kNames[n] == name) return static_cast<int>(n);
  return -1;
}

std::string name(int number) {
  if (number >= 0 && static_cast<std::size_t>(number) < kNames.size())
    return std::string(kNames[static_cast<std::size_t>(number)]);
  return "CAP_" + std::to_string(number);
}

std::vector<std::string> names(std::uint64_t set) {
  std::vector<std::string> out;
  for (int n = 0; n < 64; ++n)
    if ((set & bit(n)) != 0) out.push_back(name(n));
  return out;
}

// Asked of the kernel itself: /proc/sys/kernel/cap_last_cap may be absent or false inside a rootfs.
int last() {
  int n = CAP_LAST_CAP;
  while (n >= 0 && bounding_read(n) < 0) --n;
  while (n < 63 && bounding_read(n + 1) >= 0) ++n;
  return n;
}

Status limit_bounding(const spec::Capabilities& wanted) {
  std::uint64_t have = 0;
  int top = -1;
  for (int n = 0; n < 64; ++n) {
    const int held = bounding_read(n);
    // Only EINVAL is the end of the list. One that could not be read would otherwise stay.
    if (held < 0 && errno == EINVAL) break;
    if (held < 0) return fail(Stage::capabilities, "CAP_DROP_FAILED", errno, "read " + name(n) + " of the bounding set");
    if (held == 1) have |= bit(n);
    top = n;
  }
  if (std::uint64_t missing = wanted.bounding & ~have) return unavailable(missing, "bounding");
  for (int n = 0; n <= top; ++n) {
    if ((have & ~wanted.bounding & bit(n)) == 0) continue;
    if (::prctl(PR_CAPBSET_DROP, n, 0, 0, 0) < 0)
      return fail(Stage::capabilities, "CAP_DROP_FAILED", errno, "drop " + name(n) + " from the bounding set",
                  "dropping needs CAP_SETPCAP");
  }
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
    return fail(Stage::capabilities, "CAP_KEEP_FAILED", errno, "keep capabilities across the change of user",
                "the securebits of the caller lock it");
  return Ok{};
}

Status apply(const spec::Capabilities& wanted) {
  if (std::uint64_t extra = wanted.effective & ~wanted.permitted)
    return invalid(extra, "effective but not permitted");
  if (std::uint64_t extra = wanted.ambient & ~(wanted.permitted & wanted.inheritable))
    return invalid(extra, "ambient but not both permitted and inheritable");

  Sets now;
  if (::syscall(SYS_capget, &now.header, now.data.data()) < 0)
    return fail(Stage::capabilities, "CAP_SET_FAILED", errno, "read the capability sets");
  const std::uint64_t permitted = now.data[0].permitted | (std::uint64_t{now.data[1].permitted} << 32);
  if (std::uint64_t missing = wanted.permitted & ~permitted) return unavailable(missing, "permitted");

  if (!set(wanted))
    return fail(Stage::capabilities, "CAP_SET_FAILED", errno,
                "set the capability sets (inheritable: " + joined(wanted.inheritable) + ")",
                "an inheritable capability must be in the bounding set too");

  // Only after capset: lowering permitted or inheritable also lowers ambient, and raising needs both.
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
    return fail(Stage::capabilities, "CAP_SET_FAILED", errno, "clear the ambient set");
  for (int n = 0; n < 64; ++n) {
    if ((wanted.ambient & bit(n)) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, n, 0, 0) < 0)
      return fail(Stage::capabilities, "CAP_SET_FAILED", errno, "raise the ambient capability " + name(n),
                  "the securebits of the caller may forbid it");
  }
  return Ok{};
}

spec::Capabilities with_admin(const spec::Capabilities& wanted) {
  spec::Capabilities out = wanted;
  out.permitted |= bit(CAP_SYS_ADMIN);
  out.effective |= bit(CAP_SYS_ADMIN);
  return out;
}

Status drop_admin(const spec::Capabilities& wanted) {
  if ((wanted.permitted & wanted.effective & bit(CAP_SYS_ADMIN)) != 0) return Ok{};
  if (!set(wanted))
    return fail(Stage::capabilities, "CAP_SET_FAILED", errno, "take CAP_SYS_ADMIN away again",
                "without /process/noNewPrivileges the filter has to allow capset(2)");
  return Ok{};
}

}  // namespace secure::caps
