// SPDX-License-Identifier: Apache-2.0
// tmpcopyup: an image's directory as the beginning of a tmpfs. What is copied comes from an image and may be a volume of others: every
// name is opened without following it, only regular files are read, and there is an end to it (CVE-2022-23648, CVE-2024-9676).
#include <dirent.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <climits>
#include <memory>

#include "rootfs_make.h"

namespace secure::rootfs {

namespace {

constexpr std::size_t kMaxEntries = 100'000;
constexpr int kMaxDepth = 100;
constexpr std::uint64_t kMaxBytes = 2ULL << 30;

struct Copy {
  const std::string& what;
  std::size_t entries = 0;
  std::uint64_t bytes = 0;

  Error failed(const std::string& name, int e) const {
    return fail(Stage::mount, e == ENOSPC ? "NO_SPACE" : "COPY_FAILED", e, what + ": copy '" + name + "' into the tmpfs",
                e == ENOSPC ? "give it a larger size=" : "");
  }
  Error too_large(const char* of) const {
    return fail(Stage::mount, "TOO_LARGE", EFBIG, what + ": what tmpcopyup would copy has more than " + of);
  }

  Status content(int from, int to, const std::string& name) {
    for (;;) {
      const ssize_t n = ::sendfile(to, from, nullptr, 1U << 20);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed(name, errno);
      if (n == 0) return Ok{};
      bytes += static_cast<std::uint64_t>(n);
      if (bytes > kMaxBytes) return too_large("2 GiB");
    }
  }

  Status file(int dir, const std::string& name, const struct stat& seen, int to) {
    Fd in(::openat(dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat now {};
    if (!in.valid() || ::fstat(in.get(), &now) < 0) return failed(name, errno);
    if (now.st_ino != seen.st_ino || now.st_dev != seen.st_dev) return failed(name, ESTALE);
    Fd out(::openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!out.valid()) return failed(name, errno);
    SECURE_TRY(content(in.get(), out.get(), name));
    // After the owner, whose change takes set-id bits away.
    if (::fchown(out.get(), now.st_uid, now.st_gid) < 0 || ::fchmod(out.get(), now.st_mode & 07777) < 0) return failed(name, errno);
    const timespec times[2] = {now.st_atim, now.st_mtim};
    return ::futimens(out.get(), times) < 0 ? Status(failed(name, errno)) : Ok{};
  }

  Status link(int dir, const std::string& name, const struct stat& st, int to) {
    char text[PATH_MAX];
    const ssize_t n = ::readlinkat(dir, name.c_str(), text, sizeof text - 1);
    if (n < 0) return failed(name, errno);
    text[n] = '\0';
    if (::symlinkat(text, to, name.c_str()) < 0 || ::fchownat(to, name.c_str(), st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
      return failed(name, errno);
    return Ok{};
  }

  Status special(const std::string& name, const struct stat& st, int to) {
    if (::mknodat(to, name.c_str(), st.st_mode, st.st_rdev) < 0 || ::fchownat(to, name.c_str(), st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
      return failed(name, errno);
    return Ok{};
  }

  Status directory(int dir, const std::string& name, const struct stat& seen, int to, int depth) {
    if (::mkdirat(to, name.c_str(), 0700) < 0) return failed(name, errno);
    SECURE_LET(from, open_nofollow(dir, name, O_RDONLY | O_DIRECTORY));
    struct stat now {};
    if (::fstat(from.get(), &now) < 0 || now.st_ino != seen.st_ino || now.st_dev != seen.st_dev) return failed(name, ESTALE);
    SECURE_LET(made, open_nofollow(to, name, O_RDONLY | O_DIRECTORY));
    return tree(std::move(from), made.get(), now, depth + 1);
  }

  Status entry(int dir, const std::string& name, int to, int depth) {
    if (++entries > kMaxEntries) return too_large("100,000 files");
    struct stat st {};
    if (::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? Status(Ok{}) : failed(name, errno);
    switch (st.st_mode & S_IFMT) {
      case S_IFREG: return file(dir, name, st, to);
      case S_IFDIR: return directory(dir, name, st, to, depth);
      case S_IFLNK: return link(dir, name, st, to);
      default: return special(name, st, to);
    }
  }

  // `to` gets the owner, mode and times of `from` when all is in it.
  Status tree(Fd from, int to, const struct stat& st, int depth) {
    if (depth > kMaxDepth) return too_large("100 directories in each other");
    std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(from.get()), [](DIR* one) { return ::closedir(one); });
    if (!list) return failed(".", errno);
    const int dir = from.release();
    for (;;) {
      errno = 0;
      const dirent* one = ::readdir(list.get());
      if (one == nullptr) break;
      const std::string name = one->d_name;
      if (name != "." && name != "..") SECURE_TRY(entry(dir, name, to, depth));
    }
    if (errno != 0) return failed(".", errno);
    if (::fchown(to, st.st_uid, st.st_gid) < 0 || ::fchmod(to, st.st_mode & 07777) < 0) return failed(".", errno);
    const timespec times[2] = {st.st_atim, st.st_mtim};
    return ::futimens(to, times) < 0 ? Status(failed(".", errno)) : Ok{};
  }
};

}  // namespace

Status copy_up(int from, int to, const std::string& what) {
  Copy copy{what};
  SECURE_LET(source, open_nofollow(from, ".", O_RDONLY | O_DIRECTORY));
  SECURE_LET(target, open_nofollow(to, ".", O_RDONLY | O_DIRECTORY));
  struct stat st {}, own {};
  if (::fstat(source.get(), &st) < 0 || ::fstat(target.get(), &own) < 0) return copy.failed(".", errno);
  // An explicit mode= of the tmpfs stays; without one it has the directory's already.
  st.st_mode = own.st_mode;
  return copy.tree(std::move(source), target.get(), st, 0);
}

}  // namespace secure::rootfs
