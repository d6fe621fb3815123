// SPDX-License-Identifier: Apache-2.0
#include "mount_options.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000  // <linux/mount.h>, Linux 5.14
#endif

namespace secure::mount_options {

namespace {

struct Flag {
  std::string_view name;
  std::uint64_t bit;
  bool set;
};
constexpr std::array<Flag, 12> kFlags{{{"ro", MOUNT_ATTR_RDONLY, true}, {"rw", MOUNT_ATTR_RDONLY, false},
    {"nosuid", MOUNT_ATTR_NOSUID, true}, {"suid", MOUNT_ATTR_NOSUID, false},
    {"nodev", MOUNT_ATTR_NODEV, true}, {"dev", MOUNT_ATTR_NODEV, false},
    {"noexec", MOUNT_ATTR_NOEXEC, true}, {"exec", MOUNT_ATTR_NOEXEC, false},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, true}, {"diratime", MOUNT_ATTR_NODIRATIME, false},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, true}, {"symfollow", MOUNT_ATTR_NOSYMFOLLOW, false}}};

// One of three, with relatime as the kernel's default: what a "no" form turns off falls back to it.
struct AccessTime {
  std::string_view name;
  std::uint64_t mode;
  bool on;
};
constexpr std::array<AccessTime, 6> kAccessTimes{{{"noatime", MOUNT_ATTR_NOATIME, true}, {"atime", MOUNT_ATTR_NOATIME, false},
    {"strictatime", MOUNT_ATTR_STRICTATIME, true}, {"nostrictatime", MOUNT_ATTR_STRICTATIME, false},
    {"relatime", MOUNT_ATTR_RELATIME, true}, {"norelatime", MOUNT_ATTR_RELATIME, false}}};

// Of the superblock, which a recursive attribute cannot reach.
struct Super {
  std::string_view name, key;
  bool set;
};
constexpr std::array<Super, 9> kSuper{{{"sync", "sync", true}, {"async", "sync", false}, {"dirsync", "dirsync", true},
    {"lazytime", "lazytime", true}, {"nolazytime", "lazytime", false}, {"mand", "mand", true}, {"nomand", "mand", false},
    {"iversion", "iversion", true}, {"noiversion", "iversion", false}}};

constexpr std::array<std::pair<std::string_view, unsigned long>, 4> kPropagation{{
    {"private", MS_PRIVATE}, {"shared", MS_SHARED}, {"slave", MS_SLAVE}, {"unbindable", MS_UNBINDABLE}}};

bool set_attribute(std::string_view option, mountfd::Attributes& into) {
  for (const auto& flag : kFlags) {
    if (option != flag.name) continue;
    into.set = flag.set ? into.set | flag.bit : into.set & ~flag.bit;
    into.clear = flag.set ? into.clear & ~flag.bit : into.clear | flag.bit;
    return true;
  }
  for (const auto& time : kAccessTimes) {
    if (option != time.name) continue;
    const bool chosen = (into.clear & MOUNT_ATTR__ATIME) != 0;
    const std::uint64_t now = into.set & MOUNT_ATTR__ATIME;
    if (!time.on && (time.mode == MOUNT_ATTR_RELATIME || (chosen && now != time.mode))) return true;
    into.set = (into.set & ~std::uint64_t{MOUNT_ATTR__ATIME}) | (time.on ? time.mode : MOUNT_ATTR_RELATIME);
    // The kernel wants the group cleared as a whole before one of it is set.
    into.clear |= MOUNT_ATTR__ATIME;
    return true;
  }
  return false;
}

bool set_super(std::string_view option, mountfd::FsOptions& into) {
  for (const auto& super : kSuper) {
    if (option != super.name) continue;
    std::erase_if(into, [&](const auto& one) { return one.first == super.key; });
    if (super.set) into.emplace_back(super.key, "");
    return true;
  }
  // How loud the kernel's log is; the new mount API tells the caller instead.
  return option == "silent" || option == "loud";
}

bool set_special(std::string_view option, Parsed& out) {
  if (option == "bind" || option == "rbind") {
    out.bind = true;
    // As flags in mount(2): "bind" after "rbind" takes nothing back.
    out.recursive_bind = out.recursive_bind || option == "rbind";
    return true;
  }
  const std::string_view key = option.substr(0, option.find('='));
  if (key == "idmap" || key == "ridmap") {
    out.idmap = true;
    out.recursive_idmap = key == "ridmap";
    out.idmap_ranges = key.size() == option.size() ? "" : option.substr(key.size() + 1);
    return true;
  }
  struct Switch {
    std::string_view name;
    bool Parsed::* at;
  };
  static constexpr std::array<Switch, 5> kSwitches{{{"remount", &Parsed::remount}, {"src-nofollow", &Parsed::src_nofollow},
      {"dest-nofollow", &Parsed::dest_nofollow}, {"copy-symlink", &Parsed::copy_symlink}, {"tmpcopyup", &Parsed::tmpcopyup}}};
  for (const auto& one : kSwitches)
    if (option == one.name) return out.*one.at = true;
  return false;
}

}  // namespace

bool Parsed::readonly() const { return ((attributes.set | recursive_attributes.set) & MOUNT_ATTR_RDONLY) != 0; }

std::optional<Propagation> propagation(std::string_view name) {
  for (const auto& [word, type] : kPropagation) {
    if (name == word) return Propagation{type, false};
    if (name.size() == word.size() + 1 && name[0] == 'r' && name.substr(1) == word) return Propagation{type, true};
  }
  return std::nullopt;
}

std::vector<std::string> split(const std::vector<std::string>& options) {
  std::vector<std::string> out;
  for (const std::string& text : options) {
    std::string one;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ',') {
        one += text[++i];
      } else if (text[i] == '"') {
        quoted = !quoted;
      } else if (text[i] == ',' && !quoted) {
        out.push_back(std::move(one));
        one.clear();
      } else {
        one += text[i];
      }
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<Parsed> parse(const std::vector<std::string>& options) {
  Parsed out;
  for (const std::string& option : split(options)) {
    if (option.empty() || option == "defaults" || set_special(option, out)) continue;
    if (auto changed = propagation(option)) {
      out.propagation = *changed;
      continue;
    }
    // "ro" is no recursive "o": the plain forms come first.
    if (set_attribute(option, out.attributes) || set_super(option, out.super)) continue;
    const std::string_view rest = std::string_view(option).substr(1);
    if (option[0] == 'r' && (set_attribute(rest, out.recursive_attributes) || set_super(rest, out.super))) continue;
    const std::size_t eq = option.find('=');
    if (eq == 0) return fail(Stage::config, "CONFIG_INVALID", 0, "mount option '" + option + "' has no name");
    out.fs.emplace_back(option.substr(0, eq), eq == std::string::npos ? "" : option.substr(eq + 1));
  }
  return out;
}

}  // namespace secure::mount_options
