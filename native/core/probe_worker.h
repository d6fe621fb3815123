// SPDX-License-Identifier: Apache-2.0
// Run something that may hang or must not be interrupted in a process of its own.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace secure::probe {

// Run `body` in a forked worker and return what it returned; nothing when it did not answer within `timeout_ms`.
//
// The worker is a session of its own with every signal blocked, so that a Ctrl-C, a hang-up or the death of the caller
// does not end it half way; it ends itself, at the latest by SIGALRM a second after the timeout unless `body` disarms that
// timer. The caller never kills it: it may hold a thread of the container. A worker that sleeps uninterruptibly (a dead NFS server, a FUSE
// file system of the container) is left behind to the kernel.
std::optional<std::string> in_worker(unsigned timeout_ms, const std::function<std::string()>& body);

}  // namespace secure::probe
