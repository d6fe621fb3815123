// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <sys/stat.h>

#include "record_store.h"

namespace secure::record {

namespace {
constexpr int kWait = 10'000;  // ms; the lock is held for a handful of system calls
}

std::string link_target(int dir, const std::string& entry) {
  char buffer[PATH_MAX];
  ssize_t n = ::readlinkat(dir, entry.c_str(), buffer, sizeof buffer);
  return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
}

bool owner_alive(int containers, const std::string& target) {
  struct stat st {};
  // A relative target is an id below `containers`; for an absolute one the descriptor does not matter.
  if (target.empty() || (target[0] != '/' && !valid_id(target))) return false;
  if (::fstatat(containers, target.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return S_ISDIR(st.st_mode);
  return errno != ENOENT && errno != ENOTDIR;
}

Result<Claim> claim(int dir, const std::string& entry, const std::string& target, int containers) {
  if (::symlinkat(target.c_str(), dir, entry.c_str()) == 0) return Claim{true, {}};
  if (errno != EEXIST)
    return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "STATE_UNWRITABLE", errno, "reserve " + entry);
  std::string owner = link_target(dir, entry);
  if (owner != target && owner_alive(containers, owner)) return Claim{false, owner};
  // Dead, or ours from before a crash. Two processes that both see it dead must not both take it, and gc() must
  // not remove it under us: look again under the lock.
  SECURE_LET(guard, open_nofollow(dir, ".", O_RDONLY | O_DIRECTORY));
  SECURE_TRY(lock_fd(guard.get(), true, kWait));
  owner = link_target(dir, entry);
  if (owner == target) return Claim{true, {}};
  if (owner_alive(containers, owner)) return Claim{false, owner};
  (void)::unlinkat(dir, entry.c_str(), 0);
  if (::symlinkat(target.c_str(), dir, entry.c_str()) == 0) return Claim{true, {}};
  if (errno == EEXIST) return Claim{false, link_target(dir, entry)};
  return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "STATE_UNWRITABLE", errno, "reserve " + entry);
}

Status release(int dir, const std::string& entry, const std::string& target) {
  SECURE_LET(guard, open_nofollow(dir, ".", O_RDONLY | O_DIRECTORY));
  SECURE_TRY(lock_fd(guard.get(), true, kWait));
  if (link_target(dir, entry) != target) return Ok{};
  if (::unlinkat(dir, entry.c_str(), 0) < 0 && errno != ENOENT)
    return fail(Stage::state, "STATE_UNWRITABLE", errno, "give back " + entry);
  return Ok{};
}

bool release_dead(int dir, const std::string& entry, int containers) {
  auto guard = open_nofollow(dir, ".", O_RDONLY | O_DIRECTORY);
  return guard && lock_fd(guard->get(), true, kWait) && !owner_alive(containers, link_target(dir, entry)) &&
         ::unlinkat(dir, entry.c_str(), 0) == 0;
}

}  // namespace secure::record
