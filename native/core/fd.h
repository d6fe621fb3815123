// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <unistd.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "result.h"

namespace secure {

// Owns one file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

// openat2(2); always adds O_CLOEXEC. `resolve` is a set of RESOLVE_* flags.
[[nodiscard]] int sys_openat2(int dirfd, const char* path, std::uint64_t flags, std::uint64_t mode,
                              std::uint64_t resolve);

// Open without following a symlink in any component. Errors carry `path`.
Result<Fd> open_nofollow(int dirfd, const std::string& path, int flags, mode_t mode = 0);

// Read a whole file of at most `limit` bytes; a larger one is an error (TOO_LARGE).
Result<std::string> read_file(int dirfd, const std::string& path, std::size_t limit);
Result<std::string> read_fd(int fd, std::size_t limit, const std::string& what);
// What the caller names, such as /dev/fd/63 of a shell: of a pipe it waits for the writer. Nothing that a container could name.
Result<std::string> read_named(const std::string& path, std::size_t limit);

// Write everything, retrying EINTR and short writes; waits where the descriptor is non-blocking.
Status write_all(int fd, std::string_view data, const std::string& what);

// One write(2) to an existing file, as procfs and cgroupfs need.
Status write_file_once(int dirfd, const std::string& path, std::string_view data, Stage stage);

// Really closes every descriptor from 3 on but those of `keep` (any order; negative ones are skipped): a close-on-exec one
// can still be reached through /proc/self/fd until then.
Status close_all_but(std::span<const int> keep);

// temp + fsync + rename inside directory `dirfd`.
Status write_atomic(int dirfd, const std::string& name, std::string_view data, mode_t mode);

// mkdir -p below dirfd without following symlinks, every new directory with `mode`.
Result<Fd> make_dirs(int dirfd, const std::string& path, mode_t mode);

// Remove a tree below dirfd without following symlinks or crossing mounts
// (CVE-2024-23652 class). A missing tree is success. `name` is relative; an absolute path leaves dirfd and is an error.
Status remove_tree(int dirfd, const std::string& name);

}  // namespace secure
