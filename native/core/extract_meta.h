// SPDX-License-Identifier: Apache-2.0
// Owner, mode, extended attributes and time of what was unpacked, by descriptor.
#pragma once

#include <string_view>

#include "result.h"
#include "tar.h"

namespace secure::extract {

// security.capability on files; user.* but not user.overlay.*, with which a layer could steer an overlay mount
// (redirect, metacopy, whiteout) of a userxattr mount. Everything else is dropped: security.selinux and ima are
// the host's to set, trusted.* is overlayfs's own, ACLs name ids of the machine that built the image.
bool xattr_allowed(std::string_view name, tar::Type type);

// For a file, a directory or a fifo. The order matters: chown(2) clears set-id bits and capabilities.
Status apply_meta(int fd, const tar::Entry& entry);

// For a symbolic link, which has only owner and time.
Status apply_link_meta(int dir, const char* name, const tar::Entry& entry);

}  // namespace secure::extract
