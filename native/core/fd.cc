// SPDX-License-Identifier: Apache-2.0
#include "fd.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <vector>

namespace secure {

int sys_openat2(int dirfd, const char* path, std::uint64_t flags, std::uint64_t mode,
                std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve;
  long fd;
  int tries = 0;
  // EAGAIN: a rename or mount raced with the walk (openat2(2)); bounded so that an
  // attacker who renames in a loop cannot hold us.
  do {
    fd = ::syscall(SYS_openat2, dirfd, path, &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 128)));
  return static_cast<int>(fd);
}

Result<Fd> open_nofollow(int dirfd, const std::string& path, int flags, mode_t mode) {
  int fd = sys_openat2(dirfd, path.c_str(), static_cast<unsigned>(flags), mode,
                       RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  if (fd < 0) {
    int e = errno;
    return fail(Stage::io, e == ENOENT ? "NOT_FOUND" : "OPEN_FAILED", e, "open " + path,
                e == ELOOP ? "a component of the path is a symbolic link" : "");
  }
  return Fd(fd);
}

Result<std::string> read_fd(int fd, std::size_t limit, const std::string& what) {
  std::string out;
  char buf[16384];
  for (;;) {
    ssize_t n = ::read(fd, buf, sizeof buf);
    if (n < 0) {
      if (errno == EINTR) continue;
      return fail(Stage::io, "READ_FAILED", errno, "read " + what);
    }
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > limit)
      return fail(Stage::io, "TOO_LARGE", EFBIG, what + " is larger than " + std::to_string(limit) + " bytes");
    out.append(buf, static_cast<std::size_t>(n));
  }
}

Result<std::string> read_file(int dirfd, const std::string& path, std::size_t limit) {
  int fd = sys_openat2(dirfd, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, 0);
  if (fd < 0) return fail(Stage::io, errno == ENOENT ? "NOT_FOUND" : "OPEN_FAILED", errno, "open " + path);
  Fd owned(fd);
  return read_fd(fd, limit, path);
}

Result<std::string> read_named(const std::string& path, std::size_t limit) {
  Fd file(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return fail(Stage::io, errno == ENOENT ? "NOT_FOUND" : "OPEN_FAILED", errno, "open " + path);
  return read_fd(file.get(), limit, path);
}

Status write_all(int fd, std::string_view data, const std::string& what) {
  while (!data.empty()) {
    ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      // Whoever shares a terminal with us may make it non-blocking at any time: that is no reason to lose output.
      if (pollfd p{fd, POLLOUT, 0}; errno == EAGAIN && (::poll(&p, 1, -1) > 0 || errno == EINTR)) continue;
      return fail(Stage::io, errno == ENOSPC ? "NO_SPACE" : "WRITE_FAILED", errno, "write " + what);
    }
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return Ok{};
}

Status write_file_once(int dirfd, const std::string& path, std::string_view data, Stage stage) {
  int fd = sys_openat2(dirfd, path.c_str(), O_WRONLY, 0, RESOLVE_NO_MAGICLINKS);
  if (fd < 0) return fail(stage, "OPEN_FAILED", errno, "open " + path);
  Fd owned(fd);
  ssize_t n;
  do {
    n = ::write(fd, data.data(), data.size());
  } while (n < 0 && errno == EINTR);
  if (n != static_cast<ssize_t>(data.size()))
    return fail(stage, "WRITE_FAILED", n < 0 ? errno : EIO, "write '" + std::string(data) + "' to " + path);
  return Ok{};
}

Status close_all_but(std::span<const int> keep) {
  std::vector<int> sorted;
  for (int fd : keep)
    if (fd > 2) sorted.push_back(fd);
  std::sort(sorted.begin(), sorted.end());
  unsigned from = 3;
  auto close_to = [&](unsigned last) { return last < from || ::syscall(SYS_close_range, from, last, 0U) == 0; };
  for (int fd : sorted) {
    const auto kept = static_cast<unsigned>(fd);
    if (!close_to(kept - 1)) return fail(Stage::process, "HOST_FEATURE_MISSING", errno, "close descriptors", "Linux 5.9 or newer is needed");
    from = kept + 1;
  }
  if (!close_to(~0U)) return fail(Stage::process, "HOST_FEATURE_MISSING", errno, "close descriptors", "Linux 5.9 or newer is needed");
  return Ok{};
}

Status write_atomic(int dirfd, const std::string& name, std::string_view data, mode_t mode) {
  std::string temp = "." + name + ".tmp" + std::to_string(::getpid());
  (void)::unlinkat(dirfd, temp.c_str(), 0);
  int fd = ::openat(dirfd, temp.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return fail(Stage::io, errno == ENOSPC ? "NO_SPACE" : "WRITE_FAILED", errno, "create " + name);
  Fd owned(fd);
  auto give_up = [&](Error error) {
    (void)::unlinkat(dirfd, temp.c_str(), 0);
    return error;
  };
  if (auto s = write_all(fd, data, name); !s) return give_up(std::move(s.error()));
  if (::fsync(fd) < 0)
    return give_up(fail(Stage::io, errno == ENOSPC ? "NO_SPACE" : "WRITE_FAILED", errno, "fsync " + name));
  if (::renameat(dirfd, temp.c_str(), dirfd, name.c_str()) < 0)
    return give_up(fail(Stage::io, "WRITE_FAILED", errno, "rename to " + name));
  return Ok{};
}

Result<Fd> make_dirs(int dirfd, const std::string& path, mode_t mode) {
  int start = sys_openat2(dirfd, path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY, 0, 0);
  if (start < 0) return fail(Stage::io, "OPEN_FAILED", errno, "open the parent of " + path);
  Fd at(start);
  std::size_t pos = 0;
  while (pos < path.size()) {
    std::size_t end = path.find('/', pos);
    if (end == std::string::npos) end = path.size();
    std::string part = path.substr(pos, end - pos);
    pos = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(Stage::io, "MKDIR_FAILED", EINVAL, "mkdir " + path + ": the path climbs");
    if (::mkdirat(at.get(), part.c_str(), mode) < 0 && errno != EEXIST)
      return fail(Stage::io, errno == ENOSPC ? "NO_SPACE" : "MKDIR_FAILED", errno, "mkdir " + path);
    SECURE_LET(next, open_nofollow(at.get(), part, O_PATH | O_DIRECTORY));
    at = std::move(next);
  }
  return at;
}

}  // namespace secure
