// SPDX-License-Identifier: Apache-2.0
// Options of a mount, one a line. Contradictions end with the last word, as in mount(8), and never as bits that the kernel
// takes for another access time.
#include <linux/mount.h>

#include <cstdlib>
#include <string_view>

#include "mount_options.h"

using namespace secure;

namespace {

bool sane(const mountfd::Attributes& attributes) {
  const std::uint64_t atime = attributes.set & MOUNT_ATTR__ATIME;
  if (atime != 0 && atime != MOUNT_ATTR_NOATIME && atime != MOUNT_ATTR_STRICTATIME) return false;
  // The access time is a number in three bits: it is cleared as a whole and then set.
  return (attributes.set & attributes.clear & ~std::uint64_t{MOUNT_ATTR__ATIME}) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> options;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    options.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  auto parsed = mount_options::parse(options);
  if (!parsed) return 0;
  if (!sane(parsed->attributes) || !sane(parsed->recursive_attributes)) std::abort();
  for (const auto& [key, value] : parsed->fs)
    if (key.empty()) std::abort();
  // What protects wins when it comes last, whatever was before.
  struct Protection {
    const char* option;
    std::uint64_t bit;
  };
  constexpr Protection kAll[] = {{"nosuid", MOUNT_ATTR_NOSUID}, {"nodev", MOUNT_ATTR_NODEV}, {"noexec", MOUNT_ATTR_NOEXEC}, {"ro", MOUNT_ATTR_RDONLY}};
  for (const auto& [option, bit] : kAll) {
    auto more = options;
    more.emplace_back(option);
    auto again = mount_options::parse(more);
    if (again && ((again->attributes.set & bit) == 0 || (again->attributes.clear & bit) != 0)) std::abort();
  }
  return 0;
}
