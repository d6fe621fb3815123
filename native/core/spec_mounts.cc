// SPDX-License-Identifier: Apache-2.0
// What of config.json becomes the container's file system.
#include <sys/stat.h>

#include <algorithm>
#include <climits>

#include "mount_options.h"
#include "spec_parts.h"

namespace secure::spec {

namespace {

// "/a/./b//../c/" is "/a/c". Done by text, as in runc: whatever a destination is compared with must be its only spelling.
std::string clean_path(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part == "..") out.resize(out.empty() ? 0 : out.rfind('/'));
    else if (!part.empty() && part != ".") out.append("/").append(part);
  }
  return out.empty() ? "/" : out;
}

}  // namespace

Mount read_mount(const json::Node& node) {
  Mount out;
  out.at = node.pointer();
  // Relative destinations are allowed since runtime-spec 1.2 and are relative to "/".
  out.destination = node["destination"].str();
  if (out.destination.empty()) node["destination"].report("must not be empty");
  if (out.destination.size() >= PATH_MAX) node["destination"].report("is longer than a path can be");
  out.destination = clean_path(out.destination);
  out.type = node["type"].str();
  out.source = node["source"].str();
  if (out.source.size() >= PATH_MAX) node["source"].report("is longer than a path can be");
  out.options = node["options"].strings();
  out.uid_mappings = read_id_maps(node["uidMappings"]);
  out.gid_mappings = read_id_maps(node["gidMappings"]);
  if (out.uid_mappings.empty() != out.gid_mappings.empty()) node.report("has only one of uidMappings and gidMappings");
  return out;
}

Device read_device(const json::Node& node) {
  Device out;
  out.path = clean_path(read_path(node["path"]));
  if (out.path == "/") node["path"].report("must not be the root");
  const std::string type = node["type"].str();
  if (type != "c" && type != "b" && type != "u" && type != "p") node["type"].report("must be c, b, u or p");
  else out.type = type[0] == 'u' ? 'c' : type[0];
  for (const char* number : {"major", "minor"})
    if (out.type != 'p' && !node[number].present()) node[number].report("is required");
  out.major = node["major"].integer(0, 4095, 0);
  out.minor = node["minor"].integer(0, 1048575, 0);
  // Some engines leave the file's type in the mode.
  out.mode = static_cast<std::uint32_t>(node["fileMode"].integer(0, 0177777, 0666)) & 07777;
  out.uid = node["uid"].u32();
  out.gid = node["gid"].u32();
  for (const char* id : {"uid", "gid"})
    if (node[id].u32() == UINT32_MAX) node[id].report("must not be 4294967295");
  return out;
}

void read_linux_mounts(const json::Node& node, Spec& out) {
  for (const auto& item : node["devices"].items()) {
    const Device& one = out.devices.emplace_back(read_device(item));
    // Making a listed node, which may happen in the container's group already, gives nothing that is not in /dev anyway; opening it needs a
    // rule of the config.
    if (one.type != 'p') out.resources.devices.push_back({true, one.type, one.major, one.minor, "m"});
  }
  for (const auto& item : node["maskedPaths"].items()) out.masked_paths.push_back(read_path(item));
  for (const auto& item : node["readonlyPaths"].items()) out.readonly_paths.push_back(read_path(item));
  out.rootfs_propagation = node["rootfsPropagation"].str();
  if (!out.rootfs_propagation.empty() && !mount_options::propagation(out.rootfs_propagation))
    node["rootfsPropagation"].report("must be shared, slave, private or unbindable, or one of them after 'r'");
  out.mount_label = node["mountLabel"].str();
}

Result<std::vector<Mount>> parse_mounts(std::string_view text) {
  SECURE_LET(doc, json::parse(text, "the mounts"));
  json::Sink sink;
  const json::Node root(&doc, &sink, "");
  std::vector<Mount> out;
  if (!doc.IsArray()) root.report("must be an array of mounts");
  else
    for (const auto& item : root.items()) out.push_back(read_mount(item));
  if (sink.error) return std::move(*sink.error);
  return out;
}

}  // namespace secure::spec
