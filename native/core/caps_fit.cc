// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caps.h"

namespace secure::caps {

namespace {

std::uint64_t known() {
  const int top = last();
  return top >= 63 ? ~0ULL : (1ULL << (top + 1)) - 1;
}

}  // namespace

std::uint64_t grantable(bool userns) {
  if (userns) return known();
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  // What cannot be read here is an error in the steps below.
  if (::syscall(SYS_capget, &header, data) < 0) return known();
  std::uint64_t set = data[0].permitted | std::uint64_t{data[1].permitted} << 32;
  // What is permitted here and not in the bounding set would be gone after the next execve(2).
  for (int n = 0; n < 64; ++n)
    if ((set & 1ULL << n) != 0 && ::prctl(PR_CAPBSET_READ, n, 0, 0, 0) == 0) set &= ~(1ULL << n);
  return set;
}

spec::Capabilities fit(const spec::Capabilities& wanted, std::uint64_t grantable, std::vector<std::string>& warnings) {
  spec::Capabilities out = wanted;
  auto limit = [&](std::uint64_t& set, std::uint64_t to, const char* verb, const char* why) {
    for (const auto& name : names(set & ~to)) warnings.push_back(std::string("can't ") + verb + " capability " + name + ": " + why);
    set &= to;
  };
  // The widest set first, so that what is missing is said once.
  const std::uint64_t missing = (wanted.bounding | wanted.permitted | wanted.effective | wanted.inheritable | wanted.ambient) & ~grantable;
  for (const auto& name : names(missing)) warnings.push_back("can't grant capability " + name + ": the runtime does not have it");
  for (auto* set : {&out.bounding, &out.permitted, &out.effective, &out.inheritable, &out.ambient}) *set &= grantable;
  limit(out.effective, out.permitted, "raise effective", "it is not permitted");
  limit(out.inheritable, out.bounding, "raise inheritable", "it is not in the bounding set");
  limit(out.ambient, out.permitted & out.inheritable, "raise ambient", "it is not both permitted and inheritable");
  return out;
}

}  // namespace secure::caps
