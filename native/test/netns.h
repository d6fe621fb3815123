// SPDX-License-Identifier: Apache-2.0
// Tests that change network devices, routes or rules: each in a network namespace of its own, which ends with its child process.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>

#include "child.h"
#include "fd.h"

namespace check {

inline bool is_root() { return ::geteuid() == 0; }

// Exit code of `body` in a new network namespace. CHECKs inside it are lost with the child: return a number, or use Expect.
template <typename Body>
int in_netns(Body body) {
  return in_child([&] {
    if (::unshare(CLONE_NEWNET) != 0) return 99;
    return body();
  });
}

// Another network namespace than the one of the caller, who stays where it is; -1: none.
inline secure::Fd new_netns() {
  const secure::Fd here(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!here.valid() || ::unshare(CLONE_NEWNET) != 0) return secure::Fd();
  secure::Fd there(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (::setns(here.get(), CLONE_NEWNET) != 0) ::_exit(98);
  return there;
}

inline bool enter_netns(const secure::Fd& netns) { return ::setns(netns.get(), CLONE_NEWNET) == 0; }

// What failed in a child: printed there, counted in its exit code.
struct Expect {
  int failures = 0;
  void operator()(bool good, const char* what, const std::string& detail = {}) {
    if (good) return;
    ++failures;
    std::printf("#   %s %s\n", what, detail.c_str());
    std::fflush(stdout);
  }
};

}  // namespace check

// EXPECT(expect, condition, "more") inside a child.
#define EXPECT(expect, condition, ...) (expect)((condition), #condition __VA_OPT__(, ) __VA_ARGS__)
