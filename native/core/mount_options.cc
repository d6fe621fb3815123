// SPDX-License-Identifier: Apache-2.0
#include "mount_options.h"

#include <sys/mount.h>

#include <array>
#include <string_view>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000  // <linux/mount.h>, Linux 5.14
#endif

namespace secure::mount_options {

namespace {

struct Flag {
  std::string_view name;
  std::uint64_t set;
  std::uint64_t clear;
};

constexpr std::array<Flag, 18> kFlags{{
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"norelatime", 0, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nostrictatime", 0, MOUNT_ATTR__ATIME},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
}};

struct Propagation {
  std::string_view name;
  unsigned long value;
};
constexpr std::array<Propagation, 4> kPropagation{{
    {"private", MS_PRIVATE}, {"shared", MS_SHARED}, {"slave", MS_SLAVE}, {"unbindable", MS_UNBINDABLE}}};

void merge(mountfd::Attributes& into, const Flag& flag) {
  into.set = (into.set & ~flag.clear) | flag.set;
  // A cleared access-time group is a request to the kernel to reset it, so it stays in `clear`.
  into.clear = (into.clear & ~flag.set) | flag.clear;
}

bool apply_flag(std::string_view option, Parsed& out) {
  for (const auto& flag : kFlags) {
    if (option == flag.name) {
      merge(out.attributes, flag);
      return true;
    }
    if (option.size() == flag.name.size() + 1 && option[0] == 'r' && option.substr(1) == flag.name) {
      merge(out.recursive_attributes, flag);
      return true;
    }
  }
  for (const auto& p : kPropagation) {
    bool recursive = option.size() == p.name.size() + 1 && option[0] == 'r' && option.substr(1) == p.name;
    if (option != p.name && !recursive) continue;
    out.propagation = p.value;
    out.propagation_recursive = recursive;
    return true;
  }
  return false;
}

}  // namespace

Result<Parsed> parse(const std::vector<std::string>& options) {
  Parsed out;
  for (const auto& option : options) {
    if (option == "defaults" || option.empty()) continue;
    if (option == "bind" || option == "rbind") {
      out.bind = true;
      out.recursive_bind = option == "rbind";
    } else if (option == "idmap" || option == "ridmap") {
      out.idmap = true;
      out.recursive_idmap = option == "ridmap";
    } else if (option == "dest-nofollow") {
      out.dest_nofollow = true;
    } else if (!apply_flag(option, out)) {
      std::size_t eq = option.find('=');
      if (eq == 0) return fail(Stage::config, "CONFIG_INVALID", 0, "mount option '" + option + "' has no name");
      out.fs.emplace_back(option.substr(0, eq), eq == std::string::npos ? "" : option.substr(eq + 1));
    }
  }
  out.sb_readonly = (out.attributes.set & MOUNT_ATTR_RDONLY) != 0;
  return out;
}

}  // namespace secure::mount_options
