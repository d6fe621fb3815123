// SPDX-License-Identifier: Apache-2.0
// Paths inside the root. The kernel resolves what exists; what is missing is made one component at a time, by descriptor.
#include <sys/stat.h>

#include <climits>

#include "rootfs.h"

namespace secure::rootfs {

namespace {

constexpr std::uint64_t kInside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
constexpr int kMaxLinks = 40;  // as the kernel's own walk

Error unresolvable(const std::string& path, int e) {
  return fail(Stage::rootfs, e == ENOENT ? "NOT_FOUND" : "PATH_REFUSED", e, "resolve " + path + " inside the root",
              e == ELOOP ? "the image has a symbolic link where the runtime needs a real file or directory" : "");
}

// What one name in a directory is, itself.
Result<Fd> look(int dir, const std::string& name) {
  int fd = sys_openat2(dir, name.c_str(), O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  if (fd < 0) return unresolvable(name, errno);
  return Fd(fd);
}

Result<Fd> make(int dir, const std::string& name, bool directory, const std::string& path) {
  if (directory) {
    if (::mkdirat(dir, name.c_str(), 0755) < 0 && errno != EEXIST)
      return fail(Stage::rootfs, errno == ENOSPC ? "NO_SPACE" : "MKDIR_FAILED", errno, "make the mount point " + path + " inside the root",
                  errno == EROFS ? "its file system is read-only: the image has to have it" : "");
  } else {
    Fd made(::openat(dir, name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!made.valid() && errno != EEXIST)
      return fail(Stage::rootfs, errno == ENOSPC ? "NO_SPACE" : "CREATE_FAILED", errno, "make the mount point " + path + " inside the root",
                  errno == EROFS ? "its file system is read-only: the image has to have it" : "");
  }
  // Whoever shares this directory may have been quicker: a link in its place is an error, never followed.
  int fd = sys_openat2(dir, name.c_str(), O_PATH, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  if (fd < 0) return unresolvable(path, errno);
  return Fd(fd);
}

// Where a link points, as a path of the root; empty: it is no link.
Result<std::string> target_of(int fd, const std::string& parent) {
  struct stat st {};
  if (::fstat(fd, &st) < 0) return unresolvable(parent, errno);
  if (!S_ISLNK(st.st_mode)) return std::string();
  char text[PATH_MAX];
  const ssize_t n = ::readlinkat(fd, "", text, sizeof text);
  if (n <= 0 || n == static_cast<ssize_t>(sizeof text)) return unresolvable(parent, n < 0 ? errno : ENAMETOOLONG);
  const std::string to(text, static_cast<std::size_t>(n));
  return to[0] == '/' ? to : parent + "/" + to;
}

// One walk along `path`. A dangling link on the way is replaced in `path` by what it points at, for the next walk: no descriptor is returned.
Result<Fd> walk(int root, std::string& path, bool directory, bool follow) {
  // Most often only the last part is missing: the deepest part that is there is looked for from the end.
  std::size_t done = path.size();
  Fd at;
  while (!at.valid()) {
    while (done > 0 && path[done - 1] == '/') --done;
    while (done > 0 && path[done - 1] != '/') --done;
    const std::string there = done == 0 ? "/" : path.substr(0, done);
    int fd = sys_openat2(root, there.c_str(), O_PATH, 0, follow ? kInside : kInside | RESOLVE_NO_SYMLINKS);
    if (fd < 0 && (errno != ENOENT || done == 0)) return unresolvable(there, errno);
    at = Fd(fd);
  }
  for (std::size_t pos = done; pos < path.size();) {
    const std::size_t end = std::min(path.find('/', pos), path.size());
    const std::string part = path.substr(pos, end - pos);
    const std::size_t start = pos;
    pos = end + 1;
    if (part.empty() || part == ".") continue;
    // ".." of what does not exist has no meaning that everybody agrees on.
    if (part == "..") return unresolvable(path, EINVAL);
    const bool last = path.find_first_not_of('/', end) == std::string::npos;
    auto made = make(at.get(), part, directory || !last, path);
    if (made) {
      at = std::move(*made);
      continue;
    }
    // Only the first one that is missing can be a dangling link that the image has; one behind what was just made is an attack.
    if (made.error().err != ELOOP || !follow || start != done) return made;
    SECURE_LET(link, look(at.get(), part));
    SECURE_LET(target, target_of(link.get(), path.substr(0, start)));
    if (target.empty()) return made;
    path = target + (last ? "" : "/" + path.substr(pos));
    return Fd();
  }
  return at;
}

}  // namespace

Result<Fd> resolve(int root, const std::string& path, bool follow) {
  int fd = sys_openat2(root, path.c_str(), O_PATH, 0, follow ? kInside : kInside | RESOLVE_NO_SYMLINKS);
  if (fd < 0) return unresolvable(path, errno);
  return Fd(fd);
}

Result<Fd> resolve_link(int root, const std::string& path) {
  int fd = sys_openat2(root, path.c_str(), O_PATH | O_NOFOLLOW, 0, kInside);
  if (fd < 0) return unresolvable(path, errno);
  return Fd(fd);
}

Result<Fd> resolve_or_create(int root, const std::string& path, bool directory, bool follow, bool* existed) {
  auto there = resolve(root, path, follow);
  if (existed != nullptr) *existed = there.ok();
  if (there || there.error().err != ENOENT) return there;
  std::string way = path;
  for (int links = 0; links < kMaxLinks && way.size() < PATH_MAX; ++links) {
    SECURE_LET(made, walk(root, way, directory, follow));
    if (made.valid()) return made;
  }
  return unresolvable(path, ELOOP);
}

}  // namespace secure::rootfs
