// SPDX-License-Identifier: Apache-2.0
#include LIBSECCOMP_HEADER
#include <sys/syscall.h>

#include <cstdlib>
#include <set>
#include <string>

#include "check.h"
#include "syscalls.h"

using secure::syscalls::Arch;

namespace {

struct Pair {
  Arch arch;
  std::uint32_t token;
};
constexpr Pair kPairs[] = {{Arch::x86_64, SCMP_ARCH_X86_64},
                           {Arch::i386, SCMP_ARCH_X86},
                           {Arch::aarch64, SCMP_ARCH_AARCH64},
                           {Arch::arm, SCMP_ARCH_ARM}};

}  // namespace

TEST(seccomp_tables_agree_with_libseccomp_on_every_name_it_knows) {
  for (const auto& [arch, token] : kPairs) {
    std::size_t known = 0;
    for (std::int32_t number : secure::syscalls::numbers(arch)) {
      const std::string name(secure::syscalls::name_of(arch, static_cast<std::uint32_t>(number)));
      const int theirs = seccomp_syscall_resolve_name_arch(token, name.c_str());
      if (theirs < 0) continue;  // unknown to it, or one of its pseudo numbers
      known++;
      if (theirs != number) CHECK_EQ(name + " " + std::to_string(theirs), name + " " + std::to_string(number));
    }
    CHECK(known > 300);
  }
}

TEST(seccomp_tables_lack_no_number_that_libseccomp_has) {
  for (const auto& [arch, token] : kPairs)
    for (int number = 0; number < 1024; number++) {
      char* name = seccomp_syscall_resolve_num_arch(token, number);
      if (name == nullptr) continue;
      const std::string theirs(name);
      std::free(name);
      const std::string_view ours = secure::syscalls::name_of(arch, static_cast<std::uint32_t>(number));
      if (ours != theirs) CHECK_EQ(std::to_string(number) + " " + std::string(ours), std::to_string(number) + " " + theirs);
    }
}

TEST(seccomp_tables_know_the_newest_calls) {
  for (const char* name : {"mseal", "statmount", "listmount", "lsm_set_self_attr", "setxattrat", "open_tree_attr",
                           "file_getattr", "file_setattr"}) {
    secure::syscalls::Named named;
    REQUIRE(secure::syscalls::find(name, named));
    for (int column = 0; column < 4; column++) CHECK(named.number[column] >= 457);
  }
  CHECK_EQ(secure::syscalls::name_of(Arch::x86_64, 335), "uretprobe");
}

TEST(seccomp_tables_find_only_whole_names) {
  secure::syscalls::Named named;
  CHECK(secure::syscalls::find("read", named));
  CHECK_EQ(named.number[0], SYS_read);
  CHECK(!secure::syscalls::find("", named));
  CHECK(!secure::syscalls::find("rea", named));
  CHECK(!secure::syscalls::find("read ", named));
  CHECK(!secure::syscalls::find(std::string_view("read\0", 5), named));
}
