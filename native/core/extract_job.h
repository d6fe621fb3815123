// SPDX-License-Identifier: Apache-2.0
// A whole extraction as three processes:
//
//   layer -> decompressor -> this one, which hashes and counts -> extractor -> directory
//
// Both others are confined. Neither can lie about the diff id: it is computed here, of the bytes that pass from one
// to the other. So a layer that takes over one of them cannot be filed under the diff id of another layer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "extract.h"
#include "result.h"

namespace secure::extract {

struct Job {
  int layer = -1;       // descriptor open for reading, borrowed
  int target = -1;      // descriptor of an empty directory, open for reading, borrowed
  std::string diff_id;  // expected; empty: any
  Options options;
  bool require_landlock = true;
  // Overlay's marks as user.overlay.*, for a mount with userxattr: outside of the initial user namespace trusted.* cannot be set.
  bool user_xattr = false;
};

struct Report {
  std::string diff_id;
  std::uint64_t bytes = 0;    // of the decompressed archive
  std::uint64_t entries = 0;  // members, and directories that no member names
  bool opaque_root = false;
  std::vector<std::string> setid, file_capabilities, devices;
};

// Fills `target` and syncs its file system. After an error the directory holds a part of the layer, to be removed.
// Errors beyond those of unpack(): DIGEST_MISMATCH, CONTROL_UNAVAILABLE and CONFINEMENT_FAILED (this host
// cannot confine), EXTRACTOR_DIED (a confined process was killed).
Result<Report> run(const Job& job);

}  // namespace secure::extract
