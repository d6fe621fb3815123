// SPDX-License-Identifier: Apache-2.0
// Files below a directory whose content is not trusted: an image's root, a build context, a bundle.
#pragma once

#include <optional>
#include <string>

#include "fd.h"
#include "result.h"

namespace secure::beneath {

struct Options {
  // Refuse a symbolic link in any component (ELOOP), a link before a trailing slash included.
  bool no_symlinks = false;
  // Absolute links and ".." stay inside, as after chroot(2); otherwise leaving is an error (EXDEV).
  bool in_root = false;
};

// openat2(2) that cannot leave `root` (-1 is no directory) and never follows a magic link of /proc. `mode` counts only
// with O_CREAT or O_TMPFILE. The descriptor is close-on-exec. Code OPEN_FAILED; errno as openat2 gives it, EINVAL for a
// NUL inside the path.
Result<Fd> open(int root, const std::string& path, int flags, mode_t mode, Options options);

// A regular file of at most `limit` bytes; nothing when the path is missing. Anything but a regular file is an error
// (NOT_REGULAR) and is never opened: a FIFO would block, and opening some devices acts (/dev/watchdog).
// A file that grows past the limit while it is read is an error (TOO_LARGE).
Result<std::optional<std::string>> read(int root, const std::string& path, std::size_t limit, Options options);

}  // namespace secure::beneath
