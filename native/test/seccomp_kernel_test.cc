// SPDX-License-Identifier: Apache-2.0
// The filter where it counts: loaded into the kernel, in a child, and called past.
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "check.h"
#include "child.h"
#include "fd.h"
#include "seccomp.h"
#include "spec.h"

namespace {

using secure::seccomp::Program;

Program shipped(const char* level) {
  auto text = secure::read_file(
      AT_FDCWD, std::string(SECURE_SOURCE_DIR "/test/profiles/seccomp/fixtures/") + level + ".json", 1U << 20);
  if (!text.ok()) return {};
  auto profile = secure::spec::parse_seccomp(*text);
  if (!profile.ok()) return {};
  auto program = secure::seccomp::compile(*profile);
  return program.ok() ? std::move(*program) : Program{};
}

// Exit code of a child that loads the program and runs `body`; 128+n when a signal ended it.
template <typename Body>
int confined(const Program& program, Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::_exit(secure::seccomp::load(program).ok() ? body() : 99);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// errno of a raw call, 0 when it succeeded.
int error_of(long number, unsigned long a = 0, unsigned long b = 0, unsigned long c = 0) {
  return ::syscall(number, a, b, c) < 0 ? errno : 0;
}

constexpr unsigned long kHigh = 1UL << 32;

}  // namespace

TEST(seccomp_kernel_high_bits_do_not_pass) {
  for (const char* level : {"baseline", "default", "strict"}) {
    const int code = confined(shipped(level), [] {
      for (unsigned long domain : {38UL, 40UL})
        for (unsigned long high : {0UL, kHigh, 0xffffffffUL << 32})
          if (error_of(SYS_socket, domain | high, SOCK_STREAM, 0) != EPERM) return 1;
      return error_of(SYS_socket, AF_UNIX | kHigh, SOCK_STREAM, 0) == 0 ? 0 : 2;
    });
    CHECK_EQ(code, 0);
  }
  const int code = confined(shipped("default"), [] {
    // On a closed descriptor: EBADF would mean that the filter let it through.
    if (error_of(SYS_ioctl, 999, TIOCSTI) != EPERM) return 1;
    if (error_of(SYS_ioctl, 999, TIOCSTI | kHigh) != EPERM) return 2;
    if (error_of(SYS_ioctl, 999, 0x541c | kHigh) != EPERM) return 3;
    return error_of(SYS_ioctl, 999, TIOCGWINSZ | kHigh) == EBADF ? 0 : 4;
  });
  CHECK_EQ(code, 0);
}

TEST(seccomp_kernel_refused_and_missing) {
  const int code = confined(shipped("default"), [] {
    if (error_of(SYS_ptrace, 0) != EPERM) return 1;
    if (error_of(SYS_clone3, 0) != ENOSYS) return 2;
    if (error_of(2000) != ENOSYS) return 3;
    if (error_of(SYS_unshare, 0x10000000) != EPERM) return 4;
    if (error_of(SYS_clone, 0x10000000 | kHigh) != EPERM) return 5;
    return error_of(SYS_getppid) == 0 ? 0 : 6;
  });
  CHECK_EQ(code, 0);
}

TEST(seccomp_kernel_strict_makes_no_new_code) {
  const int code = confined(shipped("strict"), [] {
    if (error_of(SYS_mprotect, 0x1000, 4096, 4) != EPERM) return 1;
    if (error_of(SYS_mmap, 0, 4096, 6) != EPERM) return 2;
    return error_of(SYS_memfd_create, 0) == EPERM ? 0 : 3;
  });
  CHECK_EQ(code, 0);
}

#if defined(__x86_64__)
TEST(seccomp_kernel_int_0x80) {
  const auto getpid32 = [] {
    // AddressSanitizer would make an exit code of it.
    (void)::signal(SIGSEGV, SIG_DFL);
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result > 0 || result == -ENOSYS ? 0 : 1;
  };
  // A kernel without the 32-bit entry (ia32_emulation=0, some hypervisors) ends the process before any filter is asked.
  const int bare = check::in_child(getpid32);
  CHECK(bare == 0 || bare == 128 + SIGSEGV);
  CHECK_EQ(confined(shipped("strict"), getpid32), bare == 0 ? 128 + SIGSYS : bare);
  CHECK_EQ(confined(shipped("default"), getpid32), bare);
}
#endif

TEST(seccomp_kernel_load_errors) {
  Program notify;
  notify.notify = true;
  CHECK_EQ(secure::seccomp::load(notify).error().code, "SECCOMP_NO_LISTENER");
  CHECK_EQ(secure::seccomp::load(Program{}).error().code, "SECCOMP_LOAD_FAILED");
}
