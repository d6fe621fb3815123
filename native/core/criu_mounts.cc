// SPDX-License-Identifier: Apache-2.0
#include "criu_mounts.h"

#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "cgroup_tree.h"
#include "enforced_parts.h"
#include "mount_options.h"
#include "namespaces.h"
#include "path.h"

namespace secure::criu {

namespace {

// What CRIU 3.17 dumps: those whose content it saves, and those whose content the kernel makes.
constexpr std::array kOwn{"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"};
constexpr const char* kConsole = "/dev/console";

bool below(std::string_view path, std::string_view top) { return top == "/" || path::at_or_below(path, top); }

bool is_bind(const spec::Mount& mount) {
  return mount.type == "bind" || std::any_of(mount.options.begin(), mount.options.end(), [](const auto& option) { return option == "bind" || option == "rbind"; });
}

bool is_cgroup(const spec::Mount& mount) { return !is_bind(mount) && (mount.type == "cgroup" || mount.type == "cgroup2"); }

// Without a namespace of its own the container gets its group out of the host's mounts.
bool has_cgroup_namespace(const spec::Spec& spec) { return namespaces::has(spec, CLONE_NEWCGROUP); }

struct Place {
  const spec::Mount* mount = nullptr;
  std::string point;
};

// The one of the config that a mount point belongs to: the deepest, and of those on one point the last.
const Place* place_of(const std::vector<Place>& places, const std::string& point) {
  const Place* best = nullptr;
  for (const auto& place : places)
    if (below(point, place.point) && (best == nullptr || place.point.size() >= best->point.size())) best = &place;
  return best;
}

Error unknown(const enforced::MountLine& line) {
  return fail(Stage::mount, "CHECKPOINT_MOUNT", 0, "cannot checkpoint the container: its mount on " + line.point + " (" + line.type + ") comes from no mount of config.json, and CRIU cannot bring it back",
              "unmount it first, or have it in /mounts");
}

bool is_device(const spec::Spec& spec, const std::string& point) {
  static constexpr std::array kDefault{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};
  return std::find(kDefault.begin(), kDefault.end(), point) != kDefault.end() ||
         std::any_of(spec.devices.begin(), spec.devices.end(), [&](const auto& node) { return node.path == point; });
}

bool is_masked(const spec::Spec& spec, const std::string& point) {
  return std::find(spec.masked_paths.begin(), spec.masked_paths.end(), point) != spec.masked_paths.end();
}

std::string controllers_of(const enforced::MountLine& line) {
  if (line.type == "cgroup2") return "";
  std::vector<std::string> names;
  for (const auto& flag : line.flags)
    if (flag != "rw" && flag != "ro" && !flag.starts_with("no") && flag != "relatime" && flag != "xattr" && !flag.starts_with("release_agent")) names.push_back(flag);
  return enforced::join(names, ",");
}

const cgroup::Hierarchy* hierarchy_of(const cgroup::Layout& layout, const std::string& controllers) {
  for (const auto& one : layout.hierarchies) {
    if (one.v2 ? controllers.empty() : !controllers.empty() && cgroup::has(one, controllers.substr(0, controllers.find(',')))) return &one;
  }
  return nullptr;
}

Error changed(const std::string& point, const char* what) {
  return fail(Stage::config, "CONFIG_CHANGED", 0, "cannot restore the container: " + std::string(what) + " " + point,
              "restore with the config.json that it was checkpointed with");
}

// The place at or above a mount point that shows the cgroups.
const Place* cgroup_place(const std::vector<Place>& places, const std::string& point) {
  for (const auto& place : places)
    if (is_cgroup(*place.mount) && below(point, place.point)) return &place;
  return nullptr;
}

struct Restriction {
  const char* word;
  std::uint64_t attribute;
};
constexpr std::array<Restriction, 5> kRestrictions{
    {{"ro", MOUNT_ATTR_RDONLY}, {"nosuid", MOUNT_ATTR_NOSUID}, {"nodev", MOUNT_ATTR_NODEV}, {"noexec", MOUNT_ATTR_NOEXEC}, {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW}}};

}  // namespace

std::vector<std::pair<std::string, std::string>> restrictions(std::string_view mountinfo) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& line : enforced::parse_mountinfo(mountinfo)) {
    std::vector<std::string> words;
    for (const auto& one : kRestrictions)
      if (line.has(one.word)) words.emplace_back(one.word);
    std::erase_if(out, [&](const auto& earlier) { return earlier.first == line.point; });
    out.emplace_back(line.point, enforced::join(words, ","));
  }
  return out;
}

std::vector<Lacking> lacking(const std::vector<std::pair<std::string, std::string>>& noted, std::string_view mountinfo) {
  std::vector<Lacking> out;
  const auto now = restrictions(mountinfo);
  for (const auto& [point, flags] : noted) {
    const auto found = std::find_if(now.begin(), now.end(), [&at = point](const auto& one) { return one.first == at; });
    Lacking one{point, 0, {}};
    for (const auto& known : kRestrictions) {
      auto has = [&](const std::string& text) { return ("," + text + ",").find("," + std::string(known.word) + ",") != std::string::npos; };
      if (!has(flags) || (found != now.end() && has(found->second))) continue;
      one.attributes |= known.attribute;
      one.words += (one.words.empty() ? "" : ",") + std::string(known.word);
    }
    if (one.attributes != 0) out.push_back(std::move(one));
  }
  return out;
}

bool shows_cgroups(const spec::Spec& spec, const spec::Mount& mount) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(), [&](const auto& one) { return is_cgroup(one) && below(mount.destination, one.destination); });
}

Result<Sorted> sort_mounts(std::string_view mountinfo, const spec::Spec& spec, const std::function<std::string(const std::string&)>& resolve, bool cgroups_by_criu) {
  Sorted out;
  out.masters = mountinfo.find(" master:") != std::string_view::npos;
  std::vector<Place> places;
  for (const auto& mount : spec.mounts)
    if (std::string point = resolve(mount.destination); !point.empty()) places.push_back({&mount, std::move(point)});
  for (const auto& line : enforced::parse_mountinfo(mountinfo)) {
    if (line.has("idmapped"))
      return fail(Stage::mount, "CHECKPOINT_LOSES", 0, "cannot checkpoint the container: the id mapping of its mount on " + line.point + " would be lost, since CRIU does not restore it");
    if (line.point == "/") continue;
    const Place* place = place_of(places, line.point);
    const bool own_type = std::find(kOwn.begin(), kOwn.end(), line.type) != kOwn.end();
    if (line.point == kConsole && line.type == "devpts") {
      out.skip.push_back(line.point);
    } else if (!cgroups_by_criu && cgroup_place(places, line.point) != nullptr) {
      if (is_masked(spec, line.point)) return unknown(line);
      out.skip.push_back(line.point);
    } else if (is_masked(spec, line.point) && line.type == "tmpfs" && line.root == "/") {
      continue;  // an empty directory, read-only
    } else if (line.root != "/" && line.type != "proc" && line.type != "sysfs" && (is_masked(spec, line.point) || is_device(spec, line.point))) {
      out.mounts.push_back({line.point, is_masked(spec, line.point) ? "/dev/null" : line.point, "", Mount::Kind::device});
    } else if (place != nullptr && is_bind(*place->mount)) {
      out.mounts.push_back({line.point, place->mount->destination, line.point.substr(place->point.size()), Mount::Kind::bind});
    } else if (place != nullptr && is_cgroup(*place->mount) && (line.type == "cgroup" || line.type == "cgroup2") && !has_cgroup_namespace(spec)) {
      out.mounts.push_back({line.point, controllers_of(line), "", Mount::Kind::cgroup});
    } else if (!own_type && (line.root == "/" || std::none_of(spec.readonly_paths.begin(), spec.readonly_paths.end(), [&](const auto& path) { return path == line.point; }))) {
      return unknown(line);
    }
  }
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> sources(const std::vector<Mount>& mounts, const spec::Spec& spec, const std::string& bundle, const cgroup::Group& group) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& mount : mounts) {
    if (mount.kind == Mount::Kind::device) {
      const bool mask = mount.of == "/dev/null" && is_masked(spec, mount.point);
      if (!mask && (mount.of != mount.point || !is_device(spec, mount.point))) return changed(mount.point, "config.json neither masks nor lists the device");
      out.emplace_back(mount.point, mount.of);
      continue;
    }
    if (mount.kind == Mount::Kind::cgroup) {
      const cgroup::Hierarchy* hierarchy = hierarchy_of(group.layout, mount.of);
      if (hierarchy == nullptr) return changed(mount.point, "this host has no such hierarchy for the cgroup mount on");
      out.emplace_back(mount.point, hierarchy->mount + group.path);
      continue;
    }
    const auto found = std::find_if(spec.mounts.rbegin(), spec.mounts.rend(), [&](const auto& one) { return one.destination == mount.of && is_bind(one); });
    if (found == spec.mounts.rend()) return changed(mount.of, "config.json has no bind mount on");
    std::string source = found->source;
    if (source.empty() || source[0] != '/') source = bundle + "/" + source;
    out.emplace_back(mount.point, source + mount.rest);
  }
  for (const auto& one : spec.mounts)
    if (is_bind(one) && !shows_cgroups(spec, one) && std::none_of(mounts.begin(), mounts.end(), [&](const auto& mount) { return mount.kind == Mount::Kind::bind && mount.of == one.destination; }))
      return changed(one.destination, "when it was checkpointed there was no mount for");
  return out;
}

}  // namespace secure::criu
