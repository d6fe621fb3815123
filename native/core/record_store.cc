// SPDX-License-Identifier: Apache-2.0
#include "record_store.h"

#include <dirent.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

namespace secure::record {

namespace {

constexpr int kContainerWait = 30'000;  // ms; a start or a removal takes far less

Result<Fd> open_root(const std::string& root, bool create) {
  if (!root.starts_with('/')) return fail(Stage::state, "STATE_UNSAFE", 0, "state root '" + root + "' is not absolute");
  // The way to the root is the administrator's: symlinks in it are followed. Nothing below it is.
  Fd dir(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid() && errno == ENOENT && create) {
    SECURE_LET(made, make_dirs(AT_FDCWD, root, 0700));
    dir = std::move(made);
  }
  if (!dir.valid())
    return fail(Stage::state, errno == ENOENT ? "NOT_FOUND" : "STATE_UNREADABLE", errno, "open state root " + root);
  struct stat st {};
  if (::fstat(dir.get(), &st) < 0 || st.st_uid != ::geteuid() || (st.st_mode & 022) != 0)
    return fail(Stage::state, "STATE_UNSAFE", 0, "state root " + root + " belongs to or can be written by others",
                "chown it to the user who runs secure, and chmod 0700");
  return dir;
}

Error no_such(const std::string& id) {
  return fail(Stage::state, "NO_SUCH_CONTAINER", 0, "there is no container " + id);
}

}  // namespace

Result<Fd> open_dir(const std::string& root, const char* sub, bool create) {
  SECURE_LET(top, open_root(root, create));
  auto dir = open_nofollow(top.get(), sub, O_RDONLY | O_DIRECTORY);
  if (dir || !create || dir.error().err != ENOENT) return dir;
  SECURE_TRY(make_dirs(top.get(), sub, 0700));
  return open_nofollow(top.get(), sub, O_RDONLY | O_DIRECTORY);
}

bool still_there(int dir, const std::string& name, int fd) {
  struct stat open_one {}, named {};
  return ::fstat(fd, &open_one) == 0 && ::fstatat(dir, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

std::vector<std::string> entries(int dir) {
  std::vector<std::string> out;
  int fd = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return out;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), ::closedir);
  if (!stream) {
    ::close(fd);
    return out;
  }
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") out.push_back(std::move(name));
  }
  std::sort(out.begin(), out.end());
  return out;
}

Status lock_fd(int fd, bool exclusive, int wait_ms) {
  const int operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
  for (int waited = 0, step = 1;; waited += step, step = std::min(step + 1, 20)) {
    if (::flock(fd, operation) == 0) return Ok{};
    if (errno != EWOULDBLOCK && errno != EINTR) return fail(Stage::state, "LOCK_FAILED", errno, "lock");
    if (waited >= wait_ms) return fail(Stage::state, "LOCK_BUSY", EWOULDBLOCK, "lock");
    (void)::poll(nullptr, 0, step);
  }
}

Result<Fd> store_lock(const Roots& roots, bool exclusive) {
  SECURE_LET(root, open_root(roots.state, true));
  int fd = sys_openat2(root.get(), "lock", O_RDWR | O_CREAT, 0600, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
  if (fd < 0) return fail(Stage::state, "LOCK_FAILED", errno, "open " + roots.state + "/lock");
  Fd out(fd);
  // Without a bound: a large image may be on its way in.
  while (::flock(fd, exclusive ? LOCK_EX : LOCK_SH) < 0)
    if (errno != EINTR) return fail(Stage::state, "LOCK_FAILED", errno, "lock " + roots.state + "/lock");
  return out;
}

Result<Fd> container_lock(const Roots& roots, const std::string& id) {
  if (!valid_id(id)) return no_such(id);
  auto containers = open_dir(roots.state, "containers", false);
  if (!containers) return containers.error().err == ENOENT ? no_such(id) : std::move(containers.error());
  auto dir = open_nofollow(containers->get(), id, O_RDONLY | O_DIRECTORY);
  if (!dir) return dir.error().err == ENOENT ? no_such(id) : std::move(dir.error());
  if (!lock_fd(dir->get(), true, kContainerWait))
    return fail(Stage::state, "CONTAINER_BUSY", 0, "container " + id + " is being changed by another command",
                "try again when it has ended");
  if (!still_there(containers->get(), id, dir->get())) return no_such(id);
  return dir;
}

std::optional<Fd> try_container_lock(int containers, const std::string& id) {
  auto dir = open_nofollow(containers, id, O_RDONLY | O_DIRECTORY);
  if (!dir || !lock_fd(dir->get(), true, 0) || !still_there(containers, id, dir->get())) return std::nullopt;
  return std::move(*dir);
}

std::string record_path(const Roots& roots, const std::string& id) { return roots.state + "/containers/" + id; }

}  // namespace secure::record
