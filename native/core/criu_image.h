// SPDX-License-Identifier: Apache-2.0
// The directory of a checkpoint. Its files say which memory, identity and capabilities processes are given, so nobody but the caller may
// ever have been able to write there.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "criu_message.h"
#include "criu_tasks.h"
#include "fd.h"
#include "result.h"

namespace secure::criu {

// Each directory on the way must belong to root or the caller, and others may write at most to sticky ones; links are followed where only
// those could have made them. The last one belongs to the caller and is nobody else's to write; with `create` it is made, 0700.
// IMAGES_UNSAFE, IMAGES_MISSING. `option` names the argument for errors.
Result<Fd> open_images(const std::string& path, bool create, const char* option);

// A directory named by a path that is relative to that of the images; "parent" of an image is such a link.
Result<Fd> open_parent(int images, const std::string& path);

// Before a restore: every file of the images, and of their parents, is a plain one that belongs to the caller and is nobody else's to write.
Status check_images(int images);

// Processes in a user namespace open images by themselves, as its root: the group `gid` of the host may read them.
Status open_to_group(int images, gid_t gid);

// What we have to know of a checkpoint beyond CRIU's own images.
struct Mount {
  std::string point;  // in the container
  std::string of;     // destination in the config, or controllers of a cgroup mount
  std::string rest;   // below it
  enum class Kind { bind, device, cgroup } kind = Kind::bind;
};
struct Record {
  std::vector<Mount> mounts;      // those that come from the host
  bool cgroups_by_criu = false;   // otherwise the runtime puts processes into their group
  std::vector<std::pair<std::string, std::string>> restrictions;  // of its mounts: mount point and "ro,nosuid"
  std::vector<Task> tasks;        // what its processes may do
  bool no_new_privs = false;      // all of them have it
  NetworkLock network_lock = NetworkLock::by_default;
  pid_t pid = 0;                  // of the first process, after which CRIU has named what locks the network
  std::vector<std::string> absent;  // controls of the config that were not in force
};
Status write_record(int images, const Record& record);
void remove_record(int images);
Result<Record> read_record(int images);
Result<Record> parse_record(std::string_view text);
std::string to_text(const Record& record);

// Where the standard streams led, in the names that CRIU has for them, "" for what it restores by itself; the file of runc and crun.
Status write_descriptors(int images, const std::vector<std::string>& names);
Result<std::vector<std::string>> read_descriptors(int images);

// Lines with "Error" of the log, the last few.
std::string complaints(int directory, const std::string& log);

}  // namespace secure::criu
