// SPDX-License-Identifier: Apache-2.0
// Host side: what the binds of the config bring in. Each source is resolved once, and from then on is a descriptor.
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <climits>

#include "lsm.h"
#include "mountfd.h"
#include "rootfs.h"
#include "userns.h"
#include "warning.h"

namespace secure::rootfs {

namespace {

Error refused(const Planned& p, const std::string& what, const std::string& hint = {}) {
  return fail(Stage::config, "CONFIG_INVALID", 0, p.name() + ": " + what, hint);
}

// What a tmpfs takes. mount(2) ignores its data for a bind, and configs that give one list to all their mounts count on that. Nothing
// else: a word that is misspelt may have been meant to restrict something.
void leave_out_tmpfs_options(Planned& p) {
  static constexpr std::array<std::string_view, 6> kTmpfs{"mode", "size", "uid", "gid", "nr_inodes", "nr_blocks"};
  const auto of_tmpfs = [](const auto& option) { return !option.second.empty() && std::find(kTmpfs.begin(), kTmpfs.end(), option.first) != kTmpfs.end(); };
  if (std::erase_if(p.options.fs, of_tmpfs) == 0) return;
  warning::emit(p.name() + ": options of a tmpfs mean nothing for a bind, and are left out");
}

// Of version 2. Its mounts share one superblock, whose options are the host's: here they are words without effect, which the kernel says as well
// for any but the first mount. What it does not know it refuses.
bool cgroup_option(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kWords{"nsdelegate", "favordynmods", "nofavordynmods", "memory_localevents", "memory_recursiveprot",
      "memory_hugetlb_accounting", "pids_localevents"};
  return std::find(kWords.begin(), kWords.end(), name) != kWords.end();
}

// Options that would be ignored are a promise broken in silence.
Status check_options(Planned& p, bool plan) {
  const auto& o = p.options;
  if (o.bind) {
    if (!plan) leave_out_tmpfs_options(p);
    if (!o.fs.empty()) return refused(p, "option '" + o.fs[0].first + "' means nothing for a bind", "bind mounts cannot have any filesystem-specific options applied");
    if (o.tmpcopyup) return refused(p, "option tmpcopyup needs a tmpfs");
    if (p.mount->source.empty()) return refused(p, "a bind needs a source");
  } else {
    if (o.idmap || !p.mount->uid_mappings.empty()) return refused(p, "ids can be mapped for binds only");
    if (o.src_nofollow || o.copy_symlink) return refused(p, "options src-nofollow and copy-symlink need a bind");
    if (o.tmpcopyup && p.mount->type != "tmpfs") return refused(p, "option tmpcopyup needs a tmpfs");
    if (p.mount->type == "cgroup" || p.mount->type == "cgroup2")
      for (const auto& [name, value] : o.fs)
        if (!cgroup_option(name)) return fail(Stage::config, "CONFIG_INVALID", EINVAL, p.name() + ": option '" + name + "' of a " + p.mount->type + " mount");
    if (p.mount->type.empty() && !o.remount) return refused(p, "has no type, and neither bind nor rbind among its options");
  }
  return Ok{};
}

bool inside(const std::string& path, const std::string& root) {
  return root.size() > 1 && path.size() > root.size() && path.starts_with(root) && path[root.size()] == '/';
}

Error not_opened(const Planned& p, const std::string& path, int e) {
  return fail(Stage::mount, e == ENOENT ? "MOUNT_SOURCE_MISSING" : "MOUNT_FAILED", e, p.name() + ": open the bind source " + path,
              e == ENOENT ? "create it first: a missing source is never made for you"
              : e == ELOOP ? "a link on the way was not there when the mount was decided" : "");
}

// O_PATH, so that a FIFO or a device cannot block or act; the clone is of exactly this inode. A plan's sources were resolved
// when it was decided: a link on the way now is one that was put there since (CVE-2017-1002101). An engine's may go through
// links, but through magic ones only where it names /proc itself: a volume's must not lead to what this process has open.
Result<Fd> open_source(Planned& p, const std::string& path, bool resolved) {
  std::uint64_t resolve = path.starts_with("/proc/") && !resolved ? 0U : std::uint64_t{RESOLVE_NO_MAGICLINKS};
  if (resolved) resolve |= RESOLVE_NO_SYMLINKS;
  int flags = O_PATH;
  if (p.options.src_nofollow || p.options.copy_symlink) flags |= O_NOFOLLOW;
  int fd = sys_openat2(AT_FDCWD, path.c_str(), static_cast<unsigned>(flags), 0, resolve);
  if (fd < 0) return not_opened(p, path, errno);
  p.from = {path, (flags & O_NOFOLLOW) != 0, resolve, 0, 0, 0};
  return Fd(fd);
}

// A clone is in the peer group of what it was cloned from, so that what is mounted on either is mounted on both: "shared" keeps
// that, "slave" keeps what comes from the host, everything else leaves the group. Mounts below follow the top one.
Status set_propagation(Planned& p, int tree, const spec::Spec& spec) {
  const auto root = mount_options::propagation(spec.rootfs_propagation);
  const unsigned long asked = p.options.propagation.type;
  unsigned long type = asked;
  if (asked == MS_UNBINDABLE) type = MS_PRIVATE;
  if (asked == 0) type = root && root->type == MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
  SECURE_TRY(mountfd::set_propagation(tree, type, true, p.name()));
  p.from.propagation = type;
  if (asked != MS_UNBINDABLE) return Ok{};
  return mountfd::set_propagation(tree, asked, p.options.propagation.recursive, p.name());
}

Status plan_bind(Planned& p, const std::string& path, const spec::Spec& spec) {
  SECURE_LET(source, open_source(p, path, spec.secure.has_value() || p.mount->resolved));
  struct stat st {};
  if (::fstat(source.get(), &st) < 0) return not_opened(p, path, errno);
  if (p.mount->mount_id != 0) {
    struct statx at {};
    if (::statx(source.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &at) < 0 || at.stx_mnt_id != p.mount->mount_id)
      return refused(p, "something was mounted on " + path + " after it had been decided about");
  }
  p.source_is_directory = S_ISDIR(st.st_mode);
  p.from.device = st.st_dev;
  p.from.inode = st.st_ino;
  if (p.options.copy_symlink && S_ISLNK(st.st_mode)) {
    char text[PATH_MAX];
    const ssize_t n = ::readlinkat(source.get(), "", text, sizeof text);
    if (n <= 0 || n == static_cast<ssize_t>(sizeof text)) return not_opened(p, path, n < 0 ? errno : ENAMETOOLONG);
    p.link.assign(text, static_cast<std::size_t>(n));
    return Ok{};
  }
  SECURE_LET(tree, mountfd::clone(source.get(), "", p.options.recursive_bind));
  SECURE_TRY(set_propagation(p, tree.get(), spec));
  p.source = std::move(tree);
  return Ok{};
}

Status plan_mapping(Planned& p, const spec::Spec& spec) {
  if (!p.mount->uid_mappings.empty()) {
    p.options.idmap = true;
    SECURE_LET(made, userns::create(p.mount->uid_mappings, p.mount->gid_mappings));
    p.userns = std::move(made);
  } else if (!p.options.idmap_ranges.empty()) {
    SECURE_LET(ranges, mount_options::parse_ranges(p.options.idmap_ranges, spec.uid_mappings, spec.gid_mappings));
    SECURE_LET(made, userns::create(ranges.uids, ranges.gids));
    p.userns = std::move(made);
  }
  return Ok{};
}

}  // namespace

std::string Planned::name() const { return mount->at + " on " + mount->destination; }

Result<std::vector<Planned>> plan_mounts(const spec::Spec& spec, const std::string& bundle) {
  // It confines nothing by itself; a label of the process, which would, is refused (lsm.cc).
  if (!spec.mount_label.empty() && !lsm::has_selinux()) warning::emit("/linux/mountLabel: SELinux is not enabled on this host, no mount gets a label");
  std::vector<Planned> out;
  out.reserve(spec.mounts.size());
  const std::string root = spec.secure ? "" : root_path(spec, bundle);
  for (const auto& mount : spec.mounts) {
    Planned& p = out.emplace_back();
    p.mount = &mount;
    SECURE_LET(options, mount_options::parse(mount.options));
    p.options = std::move(options);
    p.options.bind = p.options.bind || mount.type == "bind";
    // As runc: a destination that is given as the host sees it.
    p.destination = inside(mount.destination, root) ? mount.destination.substr(root.size()) : mount.destination;
    if (p.options.remount && (p.options.bind || mount.type.empty() || mount.type == "none")) {
      p.options.bind = false;
      continue;
    }
    SECURE_TRY(check_options(p, spec.secure.has_value()));
    if (!p.options.bind) continue;
    const std::string source = mount.source[0] == '/' ? mount.source : bundle + "/" + mount.source;
    SECURE_TRY(plan_mapping(p, spec));
    if (inside(source, root)) {
      p.source_inside = true;
      p.inside = source.substr(root.size());
      continue;
    }
    SECURE_TRY(plan_bind(p, source, spec));
  }
  return out;
}

Status map_sources(std::vector<Planned>& mounts, int userns) {
  for (auto& p : mounts) {
    if (!p.options.idmap) continue;
    const int through = p.userns.valid() ? p.userns.get() : userns;
    if (through < 0) return refused(p, "option idmap needs uidMappings and gidMappings, or a user namespace of the container");
    // One inside the root is mapped when it is there to be mapped.
    if (p.source_inside) continue;
    if (p.source.valid()) SECURE_TRY(mountfd::idmap(p.source.get(), through, p.options.recursive_idmap, p.name()));
    p.userns.reset();
  }
  return Ok{};
}

}  // namespace secure::rootfs
