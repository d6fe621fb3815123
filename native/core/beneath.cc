// SPDX-License-Identifier: Apache-2.0
#include "beneath.h"

#include <sys/stat.h>

namespace secure::beneath {

Result<Fd> open(int root, const std::string& path, int flags, mode_t mode, Options options) {
  // AT_FDCWD is negative: it would quietly mean the working directory.
  if (root < 0) return fail(Stage::io, "OPEN_FAILED", EBADF, "open " + path);
  if (path.find('\0') != std::string::npos)
    return fail(Stage::io, "OPEN_FAILED", EINVAL, "open a path with a NUL byte");
  std::uint64_t resolve = RESOLVE_NO_MAGICLINKS;
  resolve |= options.in_root ? std::uint64_t{RESOLVE_IN_ROOT} : std::uint64_t{RESOLVE_BENEATH};
  if (options.no_symlinks) resolve |= RESOLVE_NO_SYMLINKS;
  // Unlike open(2), openat2(2) refuses a mode that nothing would use.
  const bool creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  int fd = sys_openat2(root, path.c_str(), static_cast<unsigned>(flags), creates ? mode : 0, resolve);
  if (fd < 0) return fail(Stage::io, "OPEN_FAILED", errno, "open " + path);
  return Fd(fd);
}

Result<std::optional<std::string>> read(int root, const std::string& path, std::size_t limit, Options options) {
  auto named = open(root, path, O_PATH, 0, options);
  if (!named) {
    if (named.error().err == ENOENT || named.error().err == ENOTDIR) return std::optional<std::string>();
    return std::move(named.error());
  }
  struct stat info{};
  if (::fstat(named->get(), &info) < 0) return fail(Stage::io, "READ_FAILED", errno, "stat " + path);
  if (!S_ISREG(info.st_mode)) return fail(Stage::io, "NOT_REGULAR", EINVAL, path + " is not a regular file");
  // The same inode again, now for reading: the name may mean something else meanwhile.
  const std::string link = "/proc/self/fd/" + std::to_string(named->get());
  Fd file(::open(link.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.valid()) return fail(Stage::io, "OPEN_FAILED", errno, "open " + path);
  SECURE_LET(text, read_fd(file.get(), limit, path));
  return std::optional<std::string>(std::move(text));
}

}  // namespace secure::beneath
