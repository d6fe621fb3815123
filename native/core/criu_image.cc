// SPDX-License-Identifier: Apache-2.0
#include "criu_image.h"

#include <limits.h>
#include <sys/stat.h>

#include "record_store.h"

namespace secure::criu {

namespace {

constexpr unsigned kMaxLinks = 40;     // as the kernel
constexpr unsigned kMaxParents = 256;  // pre-dumps that build on each other
constexpr const char* kParent = "parent";

Error unsafe(const std::string& what, const char* option) {
  return fail(Stage::state, "IMAGES_UNSAFE", EPERM, std::string(option) + ": " + what,
              "what a checkpoint says decides identity and memory of processes: keep it where only root can write");
}

bool trusted_owner(const struct stat& st) { return st.st_uid == 0 || st.st_uid == ::geteuid(); }

// A directory on the way: what is below it cannot be exchanged by others.
bool holds_names(const struct stat& st) { return trusted_owner(st) && ((st.st_mode & 022) == 0 || (st.st_mode & S_ISVTX) != 0); }

// Follows a path component by component from `at`, and looks at every directory on it.
class Walk {
 public:
  Walk(const char* option, bool create) : option_(option), create_(create) {}

  Result<Fd> go(Fd at, std::string path) {
    rest_ = std::move(path);
    unsigned links = 0;
    for (;;) {
      struct stat st {};
      if (::fstat(at.get(), &st) < 0) return fail(Stage::state, "IMAGES_MISSING", errno, std::string(option_) + ": look at a directory");
      const std::string name = next();
      if (name.empty()) return at;
      if (!holds_names(st)) return unsafe("somebody else can exchange '" + name + "'", option_);
      if (name == ".") continue;
      Fd child(::openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (!child.valid() && errno == ENOENT && create_) {
        if (::mkdirat(at.get(), name.c_str(), 0700) < 0 && errno != EEXIST)
          return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "MKDIR_FAILED", errno, std::string(option_) + ": make '" + name + "'");
        child = Fd(::openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      }
      struct stat inner {};
      if (!child.valid() || ::fstat(child.get(), &inner) < 0)
        return fail(Stage::state, "IMAGES_MISSING", errno, std::string(option_) + ": open '" + name + "'");
      if (S_ISLNK(inner.st_mode)) {
        // In a sticky directory anybody may have made it.
        if (++links > kMaxLinks) return fail(Stage::state, "IMAGES_MISSING", ELOOP, std::string(option_) + ": too many links");
        if (!trusted_owner(inner)) return unsafe("the link '" + name + "' is somebody else's", option_);
        SECURE_LET(target, read_link(child));
        rest_ = target + "/" + rest_;
        if (target[0] == '/') {
          at = Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
          if (!at.valid()) return fail(Stage::state, "IMAGES_MISSING", errno, std::string(option_) + ": open /");
        }
        continue;
      }
      if (!S_ISDIR(inner.st_mode)) return fail(Stage::state, "IMAGES_MISSING", ENOTDIR, std::string(option_) + ": '" + name + "' is no directory");
      at = std::move(child);
    }
  }

 private:
  std::string next() {
    const std::size_t from = rest_.find_first_not_of('/');
    if (from == std::string::npos) return {};
    const std::size_t to = std::min(rest_.find('/', from), rest_.size());
    std::string name = rest_.substr(from, to - from);
    rest_.erase(0, to);
    return name;
  }
  Result<std::string> read_link(const Fd& link) const {
    char buffer[PATH_MAX];
    const ssize_t n = ::readlinkat(link.get(), "", buffer, sizeof buffer);
    if (n <= 0 || n == static_cast<ssize_t>(sizeof buffer)) return fail(Stage::state, "IMAGES_MISSING", errno, std::string(option_) + ": read a link");
    return std::string(buffer, static_cast<std::size_t>(n));
  }
  const char* option_;
  bool create_;
  std::string rest_;
};

// From a directory that was only looked at to one that can be used.
Result<Fd> take(Fd found, const std::string& path, const char* option) {
  struct stat st {};
  if (::fstat(found.get(), &st) < 0) return fail(Stage::state, "IMAGES_MISSING", errno, std::string(option) + ": look at " + path);
  if (st.st_uid != ::geteuid() || (st.st_mode & 022) != 0) return unsafe(path + " can be written by somebody else", option);
  Fd out(::openat(found.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!out.valid()) return fail(Stage::state, "IMAGES_MISSING", errno, std::string(option) + ": open " + path);
  return out;
}

Status check_file(int images, const std::string& name) {
  struct stat st {};
  if (::fstatat(images, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) return fail(Stage::state, "IMAGES_MISSING", errno, "look at the image " + name);
  if (name == kParent && S_ISLNK(st.st_mode) && trusted_owner(st)) return Ok{};
  if (!S_ISREG(st.st_mode) || !trusted_owner(st) || (st.st_mode & 022) != 0) return unsafe("'" + name + "' in it is no plain file that only you can write", "--image-path");
  return Ok{};
}

}  // namespace

Result<Fd> open_images(const std::string& path, bool create, const char* option) {
  if (path.empty()) return fail(Stage::config, "USAGE", 0, std::string(option) + " needs a directory");
  Fd start(::open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!start.valid()) return fail(Stage::state, "IMAGES_MISSING", errno, std::string(option) + ": open where " + path + " starts");
  SECURE_LET(found, Walk(option, create).go(std::move(start), path));
  return take(std::move(found), path, option);
}

Result<Fd> open_parent(int images, const std::string& path) {
  constexpr const char* kOption = "--parent-path";
  if (path[0] == '/') return fail(Stage::config, "USAGE", 0, "--parent-path must be relative to --image-path, not '" + path + "'");
  Fd start(::openat(images, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!start.valid()) return fail(Stage::state, "IMAGES_MISSING", errno, "open the directory of the images");
  auto found = Walk(kOption, false).go(std::move(start), path);
  if (!found) {
    found.error().message = "invalid --parent-path '" + path + "': " + found.error().message;
    return std::move(found.error());
  }
  return take(std::move(*found), path, kOption);
}

// `each` is called for the directory of the images, then for those of its parents, with the names in it.
template <typename Each>
Status through_parents(int images, Each each) {
  Fd held;
  for (unsigned depth = 0; depth < kMaxParents; ++depth) {
    const auto names = record::entries(images);
    SECURE_TRY(each(images, names));
    struct stat st {};
    if (::fstatat(images, kParent, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode)) return Ok{};
    char target[PATH_MAX];
    const ssize_t n = ::readlinkat(images, kParent, target, sizeof target);
    if (n <= 0 || n == static_cast<ssize_t>(sizeof target)) return fail(Stage::state, "IMAGES_MISSING", errno, "read the link to the parent of the images");
    SECURE_LET(parent, open_parent(images, std::string(target, static_cast<std::size_t>(n))));
    held = std::move(parent);
    images = held.get();
  }
  return fail(Stage::state, "IMAGES_UNSAFE", ELOOP, "the images have too many parents");
}

Status check_images(int images) {
  return through_parents(images, [](int directory, const std::vector<std::string>& names) -> Status {
    for (const auto& name : names) SECURE_TRY(check_file(directory, name));
    return Ok{};
  });
}

Status open_to_group(int images, gid_t gid) {
  return through_parents(images, [gid](int directory, const std::vector<std::string>& names) -> Status {
    auto refused = [](const std::string& what) { return fail(Stage::state, "IMAGES_REFUSED", errno, "let the container's user namespace read " + what); };
    if (::fchown(directory, static_cast<uid_t>(-1), gid) < 0 || ::fchmod(directory, 0710) < 0) return refused("the images");
    for (const auto& name : names) {
      if (name == kParent) continue;
      SECURE_LET(file, open_nofollow(directory, name, O_RDONLY | O_NONBLOCK));
      if (::fchown(file.get(), static_cast<uid_t>(-1), gid) < 0 || ::fchmod(file.get(), 0640) < 0) return refused(name);
    }
    return Ok{};
  });
}

}  // namespace secure::criu
