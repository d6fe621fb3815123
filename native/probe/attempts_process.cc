// SPDX-License-Identifier: Apache-2.0
// Other processes, ids, terminals.
#include <fcntl.h>
#include <grp.h>
#include <linux/kcmp.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "attempts.h"
#include "files.h"
#include "writer.h"

namespace secure::isolation {

namespace {

// PTRACE_SEIZE does not stop it, and ends with this process, which is next. Of process 1 and not of one of ours: that a program may trace what
// it has started itself is no news. The probe itself is left alone where it is process 1.
void ptrace_first(Answer& answer) {
  if (::getppid() == 1) return answer.skip("the probe is process 1");
  answer.settle(::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr), {}, "process 1");
}

// The first byte of its memory, where nothing is: EFAULT behind the permission check.
void read_memory_first(Answer& answer) {
  if (::getppid() == 1) return answer.skip("the probe is process 1");
  char byte = 0;
  const iovec local{&byte, 1}, remote{nullptr, 1};
  answer.settle(::process_vm_readv(1, &local, 1, &remote, 1, 0), {EFAULT}, "process 1");
}

// The root of process 1, where it is another one than that here.
void root_of_first(Answer& answer) {
  struct stat own {}, other {};
  if (::stat("/", &own) < 0) return answer.refuse(errno, "stat /");
  const int fd = ::open("/proc/1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? answer.skip("there is no /proc") : answer.refuse(errno, "open /proc/1/root");
  if (::fstat(fd, &other) < 0) return answer.refuse(errno, "stat /proc/1/root");
  if (own.st_dev == other.st_dev && own.st_ino == other.st_ino) return answer.skip("process 1 has the same root");
  answer.allow("/proc/1/root is another file system");
}

// Of this process alone: without randomised addresses (ADDR_NO_RANDOMIZE), as exploits like it.
void no_randomize(Answer& answer) {
  const long now = ::syscall(SYS_personality, 0xffffffffUL);
  answer.settle(::syscall(SYS_personality, (now < 0 ? 0UL : static_cast<unsigned long>(now)) | ADDR_NO_RANDOMIZE));
}

void become_root(Answer& answer) {
  if (::geteuid() == 0) return answer.skip("it is user 0");
  answer.settle(::syscall(SYS_setresuid, 0, 0, 0));
}

// The group of disks on most systems, in the child alone.
void take_groups(Answer& answer) {
  const gid_t disk = 6;
  answer.settle(::syscall(SYS_setgroups, 1UL, &disk));
}

// A terminal of one's own, so that nobody's gets a letter. Closed with this process.
int own_terminal(Answer& answer) {
  const int master = ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  int unlock = 0;
  if (master < 0 || ::ioctl(master, TIOCSPTLCK, &unlock) < 0) {
    answer.refuse(errno, "make a terminal");
    return -1;
  }
  const int peer = ::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  (void)::setsid();
  if (peer < 0 || ::ioctl(peer, TIOCSCTTY, 0) < 0) {
    answer.refuse(errno, "take a terminal");
    return -1;
  }
  return peer;
}

// Text that a user would have typed: what runs on the terminal outside reads it (CVE-2016-7545, CVE-2017-5226).
void fake_input(Answer& answer) {
  const char letter = 'x';
  const int terminal = own_terminal(answer);
  // Without one only the filter can be asked: it looks at the number of the request before the kernel looks at the descriptor.
  if (terminal < 0) answer.settle(::ioctl(-1, TIOCSTI, &letter), {EBADF}, "past the filter; there is no terminal to try it on");
  else answer.settle(::ioctl(terminal, TIOCSTI, &letter));
}

// The same on a console (CVE-2023-1523). ENOTTY: this terminal is none, and no filter kept the request back.
void fake_selection(Answer& answer) {
  char request[16] = {};
  const int terminal = own_terminal(answer);
  answer.settle(::ioctl(terminal, TIOCLINUX, request), {EBADF, ENOTTY, EINVAL}, "past the filter");
}

}  // namespace

std::span<const Attempt> process_attempts() {
  static constexpr Attempt kAttempts[] = {
      {"ptrace-first-process", "ptrace", ptrace_first},
      {"read-memory-of-first-process", "process_vm_readv", read_memory_first},
      {"root-of-first-process", "openat", root_of_first},
      {"personality-no-randomize", "personality", no_randomize},
      {"become-user-0", "setresuid", become_root},
      {"set-groups", "setgroups", take_groups},
      {"terminal-input", "ioctl", fake_input},
      {"console-selection", "ioctl", fake_selection},
  };
  return kAttempts;
}

}  // namespace secure::isolation
