// SPDX-License-Identifier: Apache-2.0
// Internal to cgroup_*.cc: one function per controller that writes what is asked for. `v2` says which of the two kinds `dir` is.
#pragma once

#include <string>

#include "cgroup_tree.h"

namespace secure::cgroup {

Status write_memory(const Place& place, const spec::Resources& resources);
Status write_cpu(const Place& place, const spec::Resources& resources);
Status write_io(const Place& place, const spec::BlockIo& limits);

inline bool asked(const std::optional<std::int64_t>& value) { return value && *value != 0; }
inline bool asked(const std::optional<std::uint64_t>& value) { return value && *value != 0; }

// CGROUP_LIMIT_REFUSED with the file and the value, or CONTROLLER_MISSING for a file that this kernel lacks.
Status set(int dir, const std::string& file, const std::string& value);
// The first of two names of a file that exists, or the second.
const char* either(int dir, const char* first, const char* second);
// FIELD_UNSUPPORTED: a field of `linux.resources` that the version of the controller in use has no file for.
Error only_v1(const char* pointer);

}  // namespace secure::cgroup
