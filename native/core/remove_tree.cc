// SPDX-License-Identifier: Apache-2.0
// Removing a tree that somebody else filled. One descriptor and no recursion: a container can nest directories deeper
// than a process may have descriptors or stack, and its removal must not fail for that.
#include <dirent.h>
#include <sys/stat.h>

#include <memory>
#include <optional>
#include <vector>

#include "fd.h"

namespace secure {

namespace {

// A directory on the way down: its name in its parent, and what it was when it was entered.
struct Level {
  std::string name;
  dev_t dev = 0;
  ino_t ino = 0;
};

Error failed(const std::string& doing) { return fail(Stage::io, "REMOVE_FAILED", errno, doing); }

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

// Remove what can be removed at once; returns the first directory that has to be emptied before.
Result<std::optional<std::string>> sweep(int dir) {
  // Opened anew: readdir needs an offset of its own and takes the descriptor over.
  int copy = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return failed("open a directory to remove");
  std::unique_ptr<DIR, CloseDir> entries(::fdopendir(copy));
  if (!entries) {
    Error error = failed("read a directory to remove");
    ::close(copy);
    return error;
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) {
      if (errno != 0) return failed("read a directory to remove");
      return std::optional<std::string>();
    }
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR && errno != EPERM) return failed("unlink " + name);
    if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) continue;
    if (errno != ENOTEMPTY && errno != EEXIST) return failed("rmdir " + name);
    return std::optional<std::string>(std::move(name));
  }
}

// The directory `name` of `dir`: no link, no mount.
Result<Fd> enter(int dir, const std::string& name) {
  Fd fd(sys_openat2(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
                    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV));
  if (!fd.valid()) return failed("open " + name + " to remove it");
  return fd;
}

Result<Level> level(const Fd& dir, std::string name) {
  struct stat info{};
  if (::fstat(dir.get(), &info) < 0) return failed("stat " + name + " to remove it");
  return Level{std::move(name), info.st_dev, info.st_ino};
}

// "..", if it still is the directory we came from: who moves a directory while we are in it must not lead us elsewhere.
Result<Fd> leave(const Fd& dir, const Level& parent) {
  Fd up(::openat(dir.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!up.valid()) return failed("return to " + parent.name);
  SECURE_LET(now, level(up, parent.name));
  if (now.dev != parent.dev || now.ino != parent.ino)
    return fail(Stage::io, "REMOVE_FAILED", EXDEV, parent.name + " was moved while it was being removed");
  return up;
}

Status empty(Fd dir, const std::string& name) {
  std::vector<Level> way;
  SECURE_LET(top, level(dir, name));
  way.push_back(std::move(top));
  for (;;) {
    SECURE_LET(full, sweep(dir.get()));
    if (full) {
      SECURE_LET(sub, enter(dir.get(), *full));
      SECURE_LET(next, level(sub, std::move(*full)));
      way.push_back(std::move(next));
      dir = std::move(sub);
      continue;
    }
    if (way.size() == 1) return Ok{};
    SECURE_LET(parent, leave(dir, way[way.size() - 2]));
    dir = std::move(parent);
    // Removed by the next sweep of the parent, together with what else became removable.
    way.pop_back();
  }
}

}  // namespace

Status remove_tree(int dirfd, const std::string& name) {
  if (const auto slash = name.rfind('/'); slash != std::string::npos) {
    // unlinkat(2) would follow a link in front of the last component.
    Fd parent(sys_openat2(dirfd, name.substr(0, slash + 1).c_str(), O_PATH | O_DIRECTORY, 0,
                          RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    if (parent.valid()) return remove_tree(parent.get(), name.substr(slash + 1));
    return errno == ENOENT ? Status(Ok{}) : Status(failed("open the parent of " + name));
  }
  auto top = enter(dirfd, name);
  if (!top) {
    const int err = top.error().err;
    if (err == ENOENT) return Ok{};
    if ((err == ENOTDIR || err == ELOOP) && (::unlinkat(dirfd, name.c_str(), 0) == 0 || errno == ENOENT)) return Ok{};
    return std::move(top.error());
  }
  SECURE_TRY(empty(std::move(*top), name));
  if (::unlinkat(dirfd, name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT) return failed("rmdir " + name);
  return Ok{};
}

}  // namespace secure
