// SPDX-License-Identifier: Apache-2.0
#include "caps.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "check.h"
#include "child.h"
#include "fd.h"

namespace caps = secure::caps;
using secure::spec::Capabilities;

namespace {

constexpr std::uint64_t bit(int n) { return std::uint64_t{1} << n; }

// The value of a "CapXxx:" line of our own status.
std::uint64_t own(const char* key) {
  auto text = secure::read_file(AT_FDCWD, "/proc/thread-self/status", 1 << 16);
  if (!text.ok()) return ~0ULL;
  auto at = text->find(std::string(key) + ":");
  return at == std::string::npos ? ~0ULL : std::strtoull(text->c_str() + at + std::strlen(key) + 1, nullptr, 16);
}

int become(const Capabilities& wanted, uid_t uid) {
  if (!caps::limit_bounding(wanted).ok()) return 101;
  if (::setresuid(uid, uid, uid) < 0) return 102;
  return caps::apply(wanted).ok() ? 0 : 103;
}

Capabilities same(std::uint64_t set, bool ambient) {
  return {.bounding = set, .effective = set, .inheritable = ambient ? set : 0, .permitted = set,
          .ambient = ambient ? set : 0};
}

bool can_chown() {
  int fd = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  return fd >= 0 && ::fchown(fd, 12345, 12345) == 0;
}

}  // namespace

TEST(caps_names) {
  for (int n = 0; n <= CAP_LAST_CAP; ++n) CHECK_EQ(caps::number(caps::name(n)), n);
  CHECK_EQ(caps::number("CAP_NET_BIND_SERVICE"), CAP_NET_BIND_SERVICE);
  CHECK_EQ(caps::number("CAP_CHECKPOINT_RESTORE"), 40);
  CHECK_EQ(caps::number("NET_ADMIN"), -1);
  CHECK_EQ(caps::name(63), "CAP_63");
  CHECK_EQ(caps::names(bit(0) | bit(40)).size(), 2);
}

TEST(caps_last_agrees_with_proc) {
  auto text = secure::read_file(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 64);
  REQUIRE(text.ok());
  CHECK_EQ(caps::last(), std::atoi(text->c_str()));
}

TEST(caps_five_sets_are_exact) {
  if (::geteuid() != 0) SKIP("not root");
  CHECK_EQ(check::in_child([] {
             const std::uint64_t set = bit(CAP_CHOWN) | bit(CAP_NET_BIND_SERVICE);
             Capabilities wanted{.bounding = set | bit(CAP_KILL), .effective = bit(CAP_CHOWN),
                                 .inheritable = bit(CAP_CHOWN), .permitted = set, .ambient = bit(CAP_CHOWN)};
             if (int code = become(wanted, 1000)) return code;
             if (own("CapBnd") != wanted.bounding) return 1;
             if (own("CapEff") != wanted.effective) return 2;
             if (own("CapInh") != wanted.inheritable) return 3;
             if (own("CapPrm") != wanted.permitted) return 4;
             return own("CapAmb") == wanted.ambient ? 0 : 5;
           }),
           0);
}

TEST(caps_without_are_refused_with_are_allowed) {
  if (::geteuid() != 0) SKIP("not root");
  CHECK_EQ(check::in_child([] {
             if (int code = become({}, 0)) return code;
             return can_chown() ? 1 : 0;
           }),
           0);
  CHECK_EQ(check::in_child([] {
             if (int code = become(same(bit(CAP_CHOWN), false), 0)) return code;
             return can_chown() ? 0 : 1;
           }),
           0);
}

// execve is where sets come back: uid 0 gets the whole bounding set, another user only the ambient one (CVE-2022-29162 class).
TEST(caps_after_execve) {
  if (::geteuid() != 0) SKIP("not root");
  const char* show_effective = "test \"$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)\" = \"$1\"";
  auto exec_shows = [&](const Capabilities& wanted, uid_t uid, const char* effective) {
    return check::in_child([&] {
      if (int code = become(wanted, uid)) return code;
      ::execl("/bin/sh", "sh", "-c", show_effective, "sh", effective, static_cast<char*>(nullptr));
      return 104;
    });
  };
  CHECK_EQ(exec_shows(same(bit(CAP_KILL), false), 0, "0000000000000020"), 0);
  CHECK_EQ(exec_shows(same(bit(CAP_KILL), false), 1000, "0000000000000000"), 0);
  CHECK_EQ(exec_shows(same(bit(CAP_KILL), true), 1000, "0000000000000020"), 0);
  CHECK_EQ(exec_shows({}, 0, "0000000000000000"), 0);
}

TEST(caps_ambient_of_the_caller_is_cleared) {
  if (::geteuid() != 0) SKIP("not root");
  CHECK_EQ(check::in_child([] {
             if (int code = become(same(bit(CAP_KILL), true), 0)) return code;
             if (own("CapAmb") != bit(CAP_KILL)) return 1;
             if (!caps::apply(same(bit(CAP_KILL), false)).ok()) return 2;
             return own("CapAmb") == 0 && own("CapInh") == 0 ? 0 : 3;
           }),
           0);
}

TEST(caps_unavailable_is_named) {
  if (::geteuid() != 0) SKIP("not root");
  CHECK_EQ(check::in_child([] {
             if (int code = become(same(bit(CAP_KILL), false), 0)) return code;
             auto bounding = caps::limit_bounding(same(bit(CAP_CHOWN), false));
             if (bounding.ok() || bounding.error().code != "CAP_UNAVAILABLE") return 1;
             auto permitted = caps::apply(same(bit(CAP_CHOWN), false));
             if (permitted.ok() || permitted.error().message.find("CAP_CHOWN") == std::string::npos) return 2;
             // A number that no kernel has is refused, not shifted away.
             return caps::limit_bounding({.bounding = bit(63)}).ok() ? 3 : 0;
           }),
           0);
}

TEST(caps_inconsistent_sets_are_refused) {
  CHECK_EQ(check::in_child([] {
             auto effective = caps::apply({.effective = bit(CAP_KILL)});
             if (effective.ok() || effective.error().code != "CAP_INVALID") return 1;
             auto ambient = caps::apply({.permitted = bit(CAP_KILL), .ambient = bit(CAP_KILL)});
             return ambient.ok() || ambient.error().code != "CAP_INVALID" ? 2 : 0;
           }),
           0);
}

TEST(caps_locked_securebits_are_reported) {
  if (::geteuid() != 0) SKIP("not root");
  CHECK_EQ(check::in_child([] {
             if (::prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED, 0, 0, 0) < 0) return 9;
             auto status = caps::limit_bounding(same(bit(CAP_KILL), false));
             return !status.ok() && status.error().code == "CAP_KEEP_FAILED" ? 0 : 1;
           }),
           0);
}
