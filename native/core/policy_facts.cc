// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/stat.h>

#include <climits>
#include <cstdlib>

#include "fd.h"
#include "landlock.h"
#include "lsm.h"
#include "namespaces.h"
#include "policy.h"

namespace secure::policy {

namespace {

std::string resolve(const std::string& path) {
  char buf[PATH_MAX];
  return ::realpath(path.c_str(), buf) == nullptr ? std::string() : std::string(buf);
}

bool is_own_namespace(const std::string& path, std::string_view kind) {
  struct stat theirs {};
  // What cannot be looked at is taken for the host's; to be joined it has to be opened anyway.
  return ::stat(path.c_str(), &theirs) < 0 || namespaces::is_own(theirs, kind);
}

// Documentation/ABI/stable/sysfs-devices: DEVNAME is what devtmpfs calls it.
std::string device_name(char type, std::int64_t major, std::int64_t minor) {
  const std::string path = std::string("/sys/dev/") + (type == 'b' ? "block/" : "char/") + std::to_string(major) + ":" + std::to_string(minor) + "/uevent";
  auto text = read_file(AT_FDCWD, path, 1U << 16);
  if (!text) return {};
  constexpr std::string_view kKey = "DEVNAME=";
  const std::size_t at = ("\n" + *text).find("\n" + std::string(kKey));
  if (at == std::string::npos) return {};
  return text->substr(at + kKey.size(), text->find('\n', at) - at - kKey.size());
}

std::uint64_t mount_id(const std::string& path) {
  struct statx st {};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) < 0 || (st.stx_mask & STATX_MNT_ID) == 0) return 0;
  return st.stx_mnt_id;
}

std::vector<MountLine> mount_table() {
  auto text = read_file(AT_FDCWD, "/proc/self/mountinfo", 16U << 20);
  return text ? enforced::parse_mountinfo(*text) : std::vector<MountLine>{};
}

// By its exact name, as the kernel has it: it takes more spellings of "unconfined" than one, and profiles that only complain.
bool apparmor_enforces(const std::string& profile) {
  auto text = read_file(AT_FDCWD, "/sys/kernel/security/apparmor/profiles", 16U << 20);
  return text && !profile.empty() && profile.find('\n') == std::string::npos && ("\n" + *text).find("\n" + profile + " (enforce)\n") != std::string::npos;
}

std::uint64_t hard_limit(int resource) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) < 0) return 0;
  return limit.rlim_max;
}

int oom_score_adj() {
  auto text = read_file(AT_FDCWD, "/proc/self/oom_score_adj", 16);
  return text ? std::atoi(text->c_str()) : 0;
}

bool selinux_enforces() {
  auto text = read_file(AT_FDCWD, "/sys/fs/selinux/enforce", 8);
  return text && text->starts_with('1');
}

}  // namespace

Facts facts(std::string id, std::string bundle) {
  return {std::move(id), std::move(bundle), landlock::abi(), lsm::has_apparmor(), selinux_enforces(), apparmor_enforces, resolve, is_own_namespace, device_name, mount_id, mount_table, hard_limit, oom_score_adj()};
}

}  // namespace secure::policy
