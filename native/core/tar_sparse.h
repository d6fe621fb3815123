// SPDX-License-Identifier: Apache-2.0
// Sparse files of GNU tar (GNU tar manual, "Storing Sparse Files").
#pragma once

#include "tar.h"
#include "tar_header.h"
#include "tar_pax.h"
#include "tar_stream.h"

namespace secure::tar {

// Old GNU format: the map starts in the header and goes on in blocks before the content.
Status read_old_sparse(const Header& header, Stream& stream, Entry& entry);

// pax format 0.1 (map in the pax header) or 1.0 (map as text in front of the content, counted in
// `entry.stored`, which shrinks by it). Does nothing when `pax` names no sparse file.
Status read_pax_sparse(const Pax& pax, Stream& stream, Entry& entry);

// Ascending, disjoint, within the size, and exactly the stored bytes.
Status check_segments(const Entry& entry);

}  // namespace secure::tar
