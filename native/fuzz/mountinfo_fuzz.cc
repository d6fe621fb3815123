// SPDX-License-Identifier: Apache-2.0
// /proc/self/mountinfo carries paths that whoever may mount chose.
#include <cstdlib>

#include "cgroup_tree.h"
#include "record_store.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto& entry : secure::cgroup::parse_mountinfo(text)) {
    // What is used later on: an absolute path, and controllers only for v1.
    if (!entry.mount.starts_with('/') || (entry.v2 && !entry.controllers.empty())) std::abort();
  }
  if (auto parts = secure::cgroup::components(text)) {
    std::string again;
    for (const auto& part : *parts) {
      if (part.empty() || part == "." || part == ".." || part.find('/') != std::string::npos) std::abort();
      again += "/" + part;
    }
    if (again != text || parts->empty()) std::abort();
  }
  for (const auto& range : secure::record::parse_subids(text))
    if (range.first + range.count > (1ULL << 32)) std::abort();
  (void)secure::record::parse_stat(text);
  return 0;
}
