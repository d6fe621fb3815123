// SPDX-License-Identifier: Apache-2.0
// Binds whose source is a path of the root. They are taken when their turn comes, by the container side; but the ids of a file system of
// the host can be mapped only by who has rights over it, and root of another user namespace has none. Then the host side does it.
#include <sys/mount.h>
#include <sys/stat.h>

#include "mountfd.h"
#include "rootfs_make.h"
#include "sync.h"

namespace secure::rootfs {

void decide_mappings(std::vector<Planned>& mounts) {
  for (auto& p : mounts) p.mapped_by_host = p.source_inside && p.userns.valid() && !waits_for_cgroups(mounts, p);
}

Status map_inside(std::vector<Planned>& mounts, int sync) {
  for (auto& p : mounts) {
    if (!p.mapped_by_host) continue;
    SECURE_LET(message, sync::expect(sync, sync::Kind::map));
    SECURE_TRY(mountfd::idmap(message.fd.get(), p.userns.get(), p.options.recursive_idmap, p.name()));
    p.userns.reset();
    SECURE_TRY(sync::send(sync, sync::Kind::map));
  }
  return Ok{};
}

Status take_inside(const Tree& tree, Planned& p) {
  SECURE_LET(there, p.options.src_nofollow ? resolve_link(tree.root.get(), p.inside) : resolve(tree.root.get(), p.inside));
  struct stat st {};
  if (::fstat(there.get(), &st) < 0) return fail(Stage::mount, "MOUNT_FAILED", errno, p.name() + ": look at its source");
  p.source_is_directory = S_ISDIR(st.st_mode);
  SECURE_LET(taken, mountfd::clone(there.get(), "", p.options.recursive_bind));
  SECURE_TRY(mountfd::set_propagation(taken.get(), MS_PRIVATE, true, p.name()));
  if (p.options.idmap && !p.userns.valid())
    return fail(Stage::config, "CONFIG_INVALID", 0, p.name() + ": ids of a source inside the root need uidMappings and gidMappings of the mount");
  if (p.mapped_by_host) {
    SECURE_TRY(sync::send(tree.sync, sync::Kind::map, taken.get()));
    SECURE_TRY(sync::expect(tree.sync, sync::Kind::map));
  } else if (p.options.idmap) {
    SECURE_TRY(mountfd::idmap(taken.get(), p.userns.get(), p.options.recursive_idmap, p.name()));
  }
  p.userns.reset();
  p.source = std::move(taken);
  return Ok{};
}

}  // namespace secure::rootfs
