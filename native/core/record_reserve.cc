// SPDX-License-Identifier: Apache-2.0
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "record_store.h"

namespace secure::record {

namespace {

constexpr int kTries = 64;

// A new directory under a hidden name, locked before it gets its real one: gc() takes an unlocked record without a
// config.json for garbage. gc() may win the race for a hidden one; then we make another.
Result<std::pair<std::string, Fd>> locked_directory(int containers) {
  for (int i = 0; i < kTries; ++i) {
    std::string name = ".new-" + new_id().substr(0, 16);
    if (::mkdirat(containers, name.c_str(), 0700) < 0) {
      if (errno == EEXIST) continue;
      return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "STATE_UNWRITABLE", errno, "make a container record");
    }
    if (auto lock = try_container_lock(containers, name)) return std::pair(std::move(name), std::move(*lock));
  }
  return fail(Stage::state, "STATE_UNWRITABLE", EBUSY, "make a container record");
}

Result<std::string> reserve_name(int names, int containers, const std::string& id, const std::string& wanted) {
  for (int i = 0; i < kTries; ++i) {
    std::string name = wanted;
    // Many containers: the pairs of words run out before the names do.
    if (wanted.empty()) name = i < 16 ? new_name() : new_name() + "-" + new_id().substr(0, 6);
    SECURE_LET(result, claim(names, name, id, containers));
    if (result.made) return name;
    if (!wanted.empty())
      return fail(Stage::state, "NAME_TAKEN", EEXIST,
                  "the name " + wanted + " belongs to container " + result.owner.substr(0, 12),
                  "choose another name, or remove that container first");
  }
  return fail(Stage::state, "NAME_TAKEN", EEXIST, "no free name was found", "give one with --name");
}

}  // namespace

Result<Reservation> reserve(const Roots& roots, const std::string& id, const std::string& name) {
  if (!valid_id(id)) return fail(Stage::config, "ID_INVALID", 0, "'" + id.substr(0, 128) + "' is no container id");
  if (!name.empty() && !valid_name(name))
    return fail(Stage::config, "NAME_INVALID", 0, "'" + name.substr(0, 128) + "' is no container name",
                "a letter or digit, then up to 127 letters, digits, dots, underscores and dashes");
  SECURE_LET(containers, open_dir(roots.state, "containers", true));
  SECURE_LET(names, open_dir(roots.state, "names", true));
  SECURE_LET(ids, open_dir(roots.host, "ids", true));
  SECURE_LET(fresh, locked_directory(containers.get()));
  auto& [temporary, lock] = fresh;
  auto taken = [&] {
    return fail(Stage::state, "ID_TAKEN", EEXIST, "a container with the id " + id + " exists already",
                "remove it first, or choose another id");
  };
  if (::syscall(SYS_renameat2, containers.get(), temporary.c_str(), containers.get(), id.c_str(), RENAME_NOREPLACE) < 0) {
    int err = errno;
    (void)::unlinkat(containers.get(), temporary.c_str(), AT_REMOVEDIR);
    if (err == EEXIST) return taken();
    return fail(Stage::state, "STATE_UNWRITABLE", err, "make the record of container " + id);
  }
  const std::string target = record_path(roots, id);
  auto registered = claim(ids.get(), id, target, containers.get());
  auto reserved = registered && registered->made ? reserve_name(names.get(), containers.get(), id, name)
                  : registered                   ? Result<std::string>(taken())
                                                 : Result<std::string>(std::move(registered.error()));
  if (!reserved) {
    (void)::unlinkat(containers.get(), id.c_str(), AT_REMOVEDIR);
    (void)release(ids.get(), id, target);
    return std::move(reserved.error());
  }
  return Reservation{std::move(*reserved), std::move(lock)};
}

}  // namespace secure::record
