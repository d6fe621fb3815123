// SPDX-License-Identifier: Apache-2.0
// A whole config.json, and what is made of its parts before anything runs. An engine writes it, from what images and users say.
#include <cstdlib>

#include "cgroup_tree.h"
#include "mount_options.h"
#include "seccomp.h"
#include "spec.h"
#include "userns.h"

using namespace secure;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

// CVE-2021-43784: lengths and ends of ranges.
void check_map(const std::vector<spec::IdMap>& map) {
  for (const auto& entry : map) {
    check(entry.size > 0 && std::uint64_t{entry.container} + entry.size <= 1ULL << 32 && std::uint64_t{entry.host} + entry.size <= 1ULL << 32);
    check(userns::to_host(map, entry.container).has_value());
  }
}

void check_process(const spec::Process& process) {
  // (uid_t)-1 means "leave it" to the kernel: root would stay root.
  check(process.uid != UINT32_MAX && process.gid != UINT32_MAX);
  for (auto gid : process.additional_gids) check(gid != UINT32_MAX);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto process = spec::parse_process(text)) check_process(*process);
  auto parsed = spec::parse(text);
  if (!parsed) {
    check(!parsed.error().code.empty() && !parsed.error().message.empty());
    return 0;
  }
  const spec::Spec& spec = *parsed;
  check_process(spec.process);
  check_map(spec.uid_mappings);
  check_map(spec.gid_mappings);
  for (const auto& mount : spec.mounts) (void)mount_options::parse(mount.options);
  (void)cgroup::device_policy(spec.resources.devices);
  if (!spec.cgroups_path.empty()) (void)cgroup::components(spec.cgroups_path);
  if (spec.seccomp) (void)seccomp::compile(*spec.seccomp);
  // CVE-2022-0811: nothing but names of the two trees that have namespaces.
  for (const auto& [key, value] : spec.sysctl) check(key.find("..") == std::string::npos && key.find('+') == std::string::npos && !key.starts_with("/"));
  return 0;
}
