// SPDX-License-Identifier: Apache-2.0
// The directory that a layer is unpacked into. Every path is resolved by the kernel beneath it and through
// no symbolic link, so neither a link of the archive nor one that somebody plants meanwhile is ever followed
// (the class of CVE-2024-45310 and of the many path escapes in tar libraries).
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fd.h"
#include "result.h"
#include "tar_pax.h"

namespace secure::extract {

// Marks a directory opaque for overlayfs: the extended attribute trusted.overlay.opaque, which needs CAP_SYS_ADMIN
// in the initial user namespace and is therefore somebody else's to set.
using SetOpaque = std::function<Status(int dir)>;

// Counts what is made. LIMIT_EXCEEDED names the limit that was hit.
struct Budget {
  std::uint64_t max_entries = 0, entries = 0;
  std::uint64_t max_bytes = 0, bytes = 0;  // sizes of files as they will be, holes included
  Status entry();
  Status content(std::uint64_t size);
};

// Error for a failed system call on a name of the archive: NO_SPACE, LIMIT_EXCEEDED or EXTRACT_FAILED.
Error io_error(int err, const std::string& doing, const std::string& name);

class Tree {
 public:
  // `root` is borrowed and outlives the tree.
  Tree(int root, Budget& budget, SetOpaque set_opaque)
      : root_(root), budget_(budget), set_opaque_(std::move(set_opaque)) {}

  // O_PATH descriptor of a directory, made with its parents (0755, 0:0) where missing; borrowed until the next call.
  // A symbolic link on the way is PATH_ESCAPE.
  Result<int> directory(const std::string& path);

  // As openat2(2) with O_CLOEXEC, RESOLVE_BENEATH and no links.
  Result<Fd> open(int dir, const std::string& name, int flags, mode_t mode = 0);

  // The directory `name` in `dir`, open for reading: the existing one, or a new one (0700) instead of
  // whatever else had the name.
  Result<Fd> make_directory(int dir, const std::string& name);

  // Remove whatever has the name, a whole tree if need be. Nothing there is success.
  Status clear(int dir, const std::string& name);

  // Hide `name` of the lower layers: overlayfs's character device 0:0; an opaque directory where
  // this layer has a directory of that name, and nothing where it has anything else.
  Status whiteout(int dir, const std::string& name);
  Status opaque(int dir, const std::string& name);

  // The time that `path` gets in the end: everything made in a directory changes its time.
  Status remember_time(const std::string& path, const tar::Time& time);
  Status restore_times();

 private:
  Result<int> walk(const std::string& path);
  Result<Fd> make_implicit(int at, const std::string& name, const std::string& full);

  struct DirectoryTime {
    std::string path;
    tar::Time time;
  };

  int root_;
  Budget& budget_;
  SetOpaque set_opaque_;
  std::string last_path_;  // directory() of the last call: members come sorted by directory
  Fd last_;
  std::vector<DirectoryTime> times_;
  std::uint64_t times_size_ = 0;
};

// lstat(2) of a name in a directory; false when there is nothing.
Result<bool> look(int dir, const std::string& name, struct stat& st);
bool is_whiteout(const struct stat& st);

}  // namespace secure::extract
