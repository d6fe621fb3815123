// SPDX-License-Identifier: Apache-2.0
// Mount options as text (runtime-spec config.md#linux-mount-options, mount(8), crun(1)) to what the mount API takes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mountfd.h"
#include "result.h"
#include "spec.h"

namespace secure::mount_options {

struct Propagation {
  unsigned long type = 0;  // MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE; 0: nothing was said
  bool recursive = false;
};

struct Parsed {
  mountfd::Attributes attributes;            // this mount
  mountfd::Attributes recursive_attributes;  // rro, rnosuid, ...
  Propagation propagation;
  bool bind = false, recursive_bind = false;
  bool remount = false;                      // change what is mounted at the destination
  bool idmap = false, recursive_idmap = false;
  std::string idmap_ranges;                  // of crun's idmap=uids=…;gids=…, else empty
  bool src_nofollow = false;                 // a link at the source is bound itself
  bool dest_nofollow = false;                // a link at the destination is covered, not followed
  bool copy_symlink = false;                 // a link at the source is made again at the destination
  bool tmpcopyup = false;                    // a tmpfs starts with what it covers
  mountfd::FsOptions super;                  // sync, dirsync, lazytime, mand: of the file system, which a bind does not change
  mountfd::FsOptions fs;                     // everything else

  [[nodiscard]] bool readonly() const;
};

// One option in each: as in the last argument of mount(2) a comma separates, unless it is quoted or escaped.
std::vector<std::string> split(const std::vector<std::string>& options);

// Later options win over earlier ones of the same attribute, as in mount(8).
Result<Parsed> parse(const std::vector<std::string>& options);

// "shared", "rslave", ...
std::optional<Propagation> propagation(std::string_view name);

// "uids=0-1000-10#10-2000-5;gids=@0-1-10": ranges of ids as they are stored, where they are seen, and how many; '@': seen ids
// count from the container's own mapping.
struct Ranges {
  std::vector<spec::IdMap> uids, gids;
};
Result<Ranges> parse_ranges(std::string_view text, const std::vector<spec::IdMap>& own_uids, const std::vector<spec::IdMap>& own_gids);

}  // namespace secure::mount_options
