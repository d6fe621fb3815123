// SPDX-License-Identifier: Apache-2.0
#include "host.h"

#include <algorithm>
#include <string_view>

#include "check.h"
#include "fd.h"

using namespace secure;

namespace {

std::string file(const char* path) {
  auto text = read_file(AT_FDCWD, path, 4096);
  return text ? *text : "";
}

}  // namespace

// The kernel's own list is the second opinion.
TEST(host_actions_are_those_of_the_kernel) {
  const std::string list = file("/proc/sys/kernel/seccomp/actions_avail");
  if (list.empty()) SKIP("no /proc/sys/kernel/seccomp/actions_avail");
  const auto facts = host::facts();
  CHECK(facts.seccomp_filter);
  const auto words = std::count(list.begin(), list.end(), ' ') + 1;
  CHECK_EQ(facts.seccomp_actions.size(), static_cast<std::size_t>(words));
}

TEST(host_last_capability_is_that_of_the_kernel) {
  const std::string text = file("/proc/sys/kernel/cap_last_cap");
  if (text.empty()) SKIP("no /proc/sys/kernel/cap_last_cap");
  CHECK_EQ(std::to_string(host::facts().last_cap) + "\n", text);
}

TEST(host_probing_opens_nothing) {
  const int next = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get();
  (void)host::facts();
  CHECK_EQ(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get(), next);
}
