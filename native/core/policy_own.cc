// SPDX-License-Identifier: Apache-2.0
// What engines make for a container beneath their roots, and whether something of the host was mounted there meanwhile.
#include <algorithm>
#include <array>

#include "path.h"
#include "policy_parts.h"

namespace secure::policy {

namespace {

// File systems that hold nothing of this host.
bool of_others(std::string_view type) {
  static constexpr std::array<std::string_view, 8> kTypes{"nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "9p", "tmpfs"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

std::string join(const std::string& top, std::string_view rest) { return rest.empty() ? top : top == "/" ? std::string(rest) : top + std::string(rest); }

// `path` without `top`, with its slash.
std::string_view beneath(std::string_view path, std::string_view top) { return top == "/" ? (path == "/" ? std::string_view() : path) : path.substr(top.size()); }
bool at_or_below(std::string_view path, std::string_view top) { return top == "/" || path::at_or_below(path, top); }

}  // namespace

Sources::Sources(const Policy& policy, const Facts& facts, Names names, bool protected_root) : policy_(policy), facts_(facts), names_(std::move(names)), deny_(policy.deny) {
  // Without a user namespace root in the container writes there as root of the host.
  if (!protected_root) deny_.insert(deny_.end(), policy.deny_as_root.begin(), policy.deny_as_root.end());
}

std::string Sources::denied(const std::string& source) const {
  for (const auto& path : deny_) {
    if (path != "/" && path::at_or_below(source, path)) return source + " is in " + path;
    if (path == source || path::below(path, source) || source == "/") return source + " contains " + path;
  }
  return {};
}

bool Sources::listed(const std::string& source) const { return within_any(policy_.sources, source); }

const std::string* Sources::root_of(const std::string& source) const {
  const auto at = std::find_if(policy_.roots.begin(), policy_.roots.end(), [&](const auto& root) { return !root.ends_with("/**") && path::below(source, root); });
  return at == policy_.roots.end() ? nullptr : &*at;
}

bool Sources::matches_beneath_roots(std::string_view pattern, const std::string& path) const {
  return std::any_of(policy_.roots.begin(), policy_.roots.end(), [&](const auto& root) {
    return !root.ends_with("/**") && path::below(path, root) && matches(pattern, std::string_view(path).substr(root.size() + 1), names_);
  });
}

Sources::Own Sources::own(const std::string& source) const {
  for (const auto& pattern : policy_.own) {
    const Own kind = pattern.starts_with("pods/") ? Own::pod : pattern.find("/_data/") == std::string::npos ? Own::file : Own::volume;
    if (pattern[0] == '/' ? pattern == source : matches_beneath_roots(pattern, source)) return kind;
  }
  return Own::no;
}

bool Sources::own_root(const std::string& path) const {
  return std::any_of(policy_.own_roots.begin(), policy_.own_roots.end(), [&](const auto& pattern) { return matches_beneath_roots(pattern, path); });
}

std::string Sources::mounted_over(const std::string& source, Own kind) const {
  const std::string* root = root_of(source);
  if (root == nullptr) return {};
  const std::uint64_t id = facts_.mount_id(source);
  if (id != 0 && id == facts_.mount_id(*root)) return {};
  const auto table = facts_.mount_table();
  const auto mount = std::find_if(table.begin(), table.end(), [&](const auto& one) { return one.id == id; });
  if (mount == table.end()) return source + " is on a mount that cannot be looked at";
  if (!path::below(mount->point, *root)) return {};
  const std::string inner = join(mount->root, beneath(source, mount->point));
  bool elsewhere = false;
  for (const auto& other : table) {
    if (other.id == mount->id || other.device != mount->device || root_of(other.point) != nullptr || !at_or_below(inner, other.root)) continue;
    const std::string host = join(other.point, beneath(inner, other.root));
    if (own(host) == Own::no && (!denied(host).empty() || !listed(host))) return source + " is " + host + " of the host, mounted there";
    elsewhere = true;
  }
  // Storage of a pod is the cluster's to give; an overlay shows what lies below it.
  if (elsewhere || of_others(mount->type) || (kind == Own::pod && mount->type != "overlay")) return {};
  return source + " is a mount of " + mount->type;
}

}  // namespace secure::policy
