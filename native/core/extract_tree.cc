// SPDX-License-Identifier: Apache-2.0
#include "extract_tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/sysmacros.h>

#include "tar.h"

namespace secure::extract {

namespace {

constexpr std::uint64_t kBeneath =
    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
constexpr int kDirectory = O_PATH | O_DIRECTORY | O_NOFOLLOW;

// Names kept until the end: a limit on entries alone would allow 4 GiB of them.
constexpr std::uint64_t kMaxTimes = std::uint64_t{256} << 20;

std::string join(const std::string& parent, const std::string& name) {
  return parent.empty() ? name : parent + "/" + name;
}

}  // namespace

Error io_error(int err, const std::string& doing, const std::string& name) {
  std::string text = doing + " " + tar::quoted(name);
  if (err == ENOSPC || err == EDQUOT)
    return fail(Stage::image, "NO_SPACE", err, std::move(text), "free space on the file system of the state directory");
  if (err == EFBIG) return fail(Stage::image, "LIMIT_EXCEEDED", err, std::move(text));
  return fail(Stage::image, "EXTRACT_FAILED", err, std::move(text));
}

Status Budget::entry() {
  if (entries++ < max_entries) return Ok{};
  return fail(Stage::image, "LIMIT_EXCEEDED", 0,
              "the layer makes more than " + std::to_string(max_entries) + " files and directories",
              "raise --max-entries");
}

Status Budget::content(std::uint64_t size) {
  if (size <= max_bytes - bytes) {
    bytes += size;
    return Ok{};
  }
  return fail(Stage::image, "LIMIT_EXCEEDED", 0,
              "the files of the layer are larger than " + std::to_string(max_bytes) + " bytes", "raise --max-bytes");
}

Result<bool> look(int dir, const std::string& name, struct stat& st) {
  if (::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return true;
  if (errno == ENOENT) return false;
  return io_error(errno, "look at", name);
}

bool is_whiteout(const struct stat& st) { return S_ISCHR(st.st_mode) && st.st_rdev == ::makedev(0, 0); }

Result<Fd> Tree::open(int dir, const std::string& name, int flags, mode_t mode) {
  int fd = sys_openat2(dir, name.c_str(), static_cast<unsigned>(flags), mode, kBeneath);
  if (fd < 0) return io_error(errno, "open", name);
  return Fd(fd);
}

Result<int> Tree::directory(const std::string& path) {
  if (path.empty()) return root_;
  if (last_.valid() && path == last_path_) return last_.get();
  int from = root_;
  const char* rest = path.c_str();
  if (last_.valid() && path.starts_with(last_path_) && path[last_path_.size()] == '/') {
    from = last_.get();
    rest += last_path_.size() + 1;
  }
  int fd = sys_openat2(from, rest, kDirectory, 0, kBeneath);
  if (fd < 0) return walk(path);
  last_ = Fd(fd);
  last_path_ = path;
  return fd;
}

// Component by component: something on the way is missing or is not a directory.
Result<int> Tree::walk(const std::string& path) {
  Fd at;
  std::string done;
  for (std::size_t pos = 0; pos < path.size();) {
    std::size_t end = path.find('/', pos);
    if (end == std::string::npos) end = path.size();
    const std::string part = path.substr(pos, end - pos);
    pos = end + 1;
    const int from = at.valid() ? at.get() : root_;
    done = join(done, part);
    int fd = sys_openat2(from, part.c_str(), kDirectory, 0, kBeneath);
    if (fd >= 0) {
      at = Fd(fd);
      continue;
    }
    SECURE_LET(made, make_implicit(from, part, done));
    at = std::move(made);
  }
  last_ = std::move(at);
  last_path_ = path;
  return last_.get();
}

Result<Fd> Tree::make_implicit(int at, const std::string& name, const std::string& full) {
  struct stat st {};
  SECURE_LET(exists, look(at, name, st));
  if (exists && S_ISLNK(st.st_mode))
    return fail(Stage::image, "PATH_ESCAPE", ELOOP, "a member behind the symbolic link " + tar::quoted(full),
                "the layer replaces a directory by a link and then writes through it");
  if (exists && !is_whiteout(st))
    return tar::invalid("a member below " + tar::quoted(full) + ", which is not a directory");
  SECURE_TRY(budget_.entry());
  SECURE_LET(dir, make_directory(at, name));
  if (::fchmod(dir.get(), 0755) < 0) return io_error(errno, "set the mode of", full);
  // No member names it, so no time is right; a fixed one makes the same layer the same tree every time.
  SECURE_TRY(remember_time(full, {}));
  return open(at, name, kDirectory);
}

Result<Fd> Tree::make_directory(int dir, const std::string& name) {
  struct stat st {};
  SECURE_LET(exists, look(dir, name, st));
  const bool hides = exists && is_whiteout(st);
  if (exists && !S_ISDIR(st.st_mode)) SECURE_TRY(clear(dir, name));
  if ((!exists || !S_ISDIR(st.st_mode)) && ::mkdirat(dir, name.c_str(), 0700) < 0)
    return io_error(errno, "make the directory", name);
  SECURE_LET(fd, open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  // The whiteout was for the directory of the lower layers, which must not show through the new one.
  if (hides) SECURE_TRY(set_opaque_(fd.get()));
  return fd;
}

Status Tree::clear(int dir, const std::string& name) {
  if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return Ok{};
  if (errno != EISDIR && errno != EPERM) return io_error(errno, "replace", name);
  if (last_.get() != dir) last_.reset();  // it may be what is removed, or below it
  auto removed = remove_tree(dir, name);
  if (!removed) return io_error(removed.error().err, "replace the directory", name);
  return Ok{};
}

Status Tree::whiteout(int dir, const std::string& name) {
  // Linux allows this device, and no other, without CAP_MKNOD (5.8, commit a3c751a50fe6).
  if (::mknodat(dir, name.c_str(), S_IFCHR, ::makedev(0, 0)) == 0) return Ok{};
  if (errno != EEXIST) return io_error(errno, "make the whiteout of", name);
  struct stat st {};
  SECURE_LET(exists, look(dir, name, st));
  if (!exists || !S_ISDIR(st.st_mode)) return Ok{};
  return opaque(dir, name);
}

Status Tree::opaque(int dir, const std::string& name) {
  SECURE_LET(fd, open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return set_opaque_(fd.get());
}

Status Tree::remember_time(const std::string& path, const tar::Time& time) {
  times_size_ += path.size() + sizeof(DirectoryTime);
  if (times_size_ > kMaxTimes)
    return fail(Stage::image, "LIMIT_EXCEEDED", 0, "the names of the layer's directories are larger than 256 MiB");
  times_.push_back({path, time});
  return Ok{};
}

Status Tree::restore_times() {
  for (const auto& [path, time] : times_) {
    Fd fd(sys_openat2(root_, path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, kBeneath));
    // A later member has replaced it.
    if (!fd.valid() && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) continue;
    if (!fd.valid()) return io_error(errno, "open", path);
    const timespec stamp{time.seconds, static_cast<long>(time.nanoseconds)};
    const timespec both[2] = {stamp, stamp};
    if (::futimens(fd.get(), both) < 0) return io_error(errno, "set the time of", path);
  }
  return Ok{};
}

}  // namespace secure::extract
