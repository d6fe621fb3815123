// SPDX-License-Identifier: Apache-2.0
// Unpack one layer (image-spec layer.md) into a directory: whiteouts in overlayfs's form, ids as in the image.
#pragma once

#include <cstdint>
#include <string>

#include "decompress.h"
#include "extract_tree.h"
#include "result.h"

namespace secure::extract {

enum class Devices { skip, error };

struct Limits {
  std::uint64_t max_bytes = std::uint64_t{16} << 30;
  std::uint64_t max_entries = 1'000'000;  // members, and directories that no member names
  std::uint64_t max_ratio = 1000;         // see decompress::Limits
  std::size_t max_depth = 128;            // components of a path
};

struct Options {
  Limits limits;
  Devices devices = Devices::skip;
};

// Things worth telling about, by path as in the archive.
enum class Note : unsigned char {
  setid,            // a file with a set-user-id or set-group-id bit
  file_capability,  // a file with security.capability
  device,           // a device node that was left out
  opaque_root,      // the layer hides all lower ones; overlayfs has no form for that: the caller must not stack them
};

// What the unpacking side asks of the other one, which is not confined.
struct Requests {
  SetOpaque set_opaque;
  std::function<Status(Note, const std::string& path)> note;
};

// Reads a tar archive to its end and fills `target`, an empty directory (borrowed descriptor, open for reading).
// After an error the directory is in between. Returns the number of entries.
// Errors: ARCHIVE_INVALID, ARCHIVE_TRUNCATED, PATH_ESCAPE, LIMIT_EXCEEDED, NO_SPACE, EXTRACT_FAILED and
// those of `archive` and `requests`.
Result<std::uint64_t> unpack(decompress::Source& archive, int target, const Options& options, const Requests& requests);

}  // namespace secure::extract
