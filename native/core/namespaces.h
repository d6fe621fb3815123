// SPDX-License-Identifier: Apache-2.0
// Namespaces that a container joins instead of getting a new one (runtime-spec config-linux.md#namespaces, "path").
#pragma once

#include <sys/stat.h>

#include <string_view>
#include <utility>
#include <vector>

#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::namespaces {

struct Joined {
  int flag = 0;  // CLONE_NEW*
  Fd file;
};

// CLONE_NEW* of those that are made new.
unsigned long created(const spec::Spec& spec);
bool has(const spec::Spec& spec, int flag);

// Whether a namespace is the one of that kind, as below /proc/self/ns, that this process is in. What cannot be told is.
bool is_own(const struct stat& ns, std::string_view kind);

// Open every namespace with a path and check that it is one of its type: a path such as /proc/1/ns/net may be
// anything by now. NAMESPACE_INVALID.
Result<std::vector<Joined>> open(const spec::Spec& spec);

// For the time of a clone the calling process stands in namespaces of the container, so that its child is born in them. What
// it can leave again only: neither user nor mount.
class Visit {
 public:
  Visit() = default;
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() { (void)leave(); }
  Status enter(const std::vector<Joined>& joined);
  Status leave();

 private:
  std::vector<Joined> own_;
};

// For a process of its own that joins a user namespace: all of them but the mount namespace. Those that belong to the
// caller's user namespace can only be joined before that, those of the joined one only after.
Status enter_for_good(const std::vector<Joined>& joined);

// The mount namespace, by the container's first process.
Status enter_mounts(const std::vector<Joined>& joined);

}  // namespace secure::namespaces
