// SPDX-License-Identifier: Apache-2.0
// Namespaces, and file systems mounted in them.
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "attempts.h"
#include "files.h"

namespace secure::isolation {

namespace {

// In the child that tries, and gone with it.
template <int kFlags>
void unshare_one(Answer& answer) {
  answer.settle(::unshare(kFlags));
}

void clone3_user(Answer& answer) {
  clone_args args{};
  args.flags = CLONE_NEWUSER;
  args.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) ::_exit(0);
  const int error = errno;
  if (pid > 0) (void)::waitpid(static_cast<pid_t>(pid), nullptr, 0);
  errno = error;
  answer.settle(pid);
}

#ifdef __x86_64__
sigjmp_buf no_entry;

// The same call by the entries for programs of 32 bits and of x32, by their numbers: a filter that knows the numbers of one architecture alone lets those
// of the others through. Without that entry the instruction is a fault.
void unshare_32_bit(Answer& answer) {
  struct sigaction action {};
  action.sa_handler = [](int) { siglongjmp(no_entry, 1); };
  (void)::sigaction(SIGSEGV, &action, nullptr);
  if (sigsetjmp(no_entry, 1) != 0) return answer.refuse(ENOSYS, "the kernel has no entry for 32 bits");
  long result = 310;  // __NR_unshare of i386
  asm volatile("int $0x80" : "+a"(result) : "b"(CLONE_NEWUSER) : "memory", "r8", "r9", "r10", "r11");
  const int error = static_cast<int>(result);
  errno = error < 0 ? -error : 0;
  answer.settle(error < 0 ? -1 : 0);
}

void unshare_x32(Answer& answer) {
  constexpr long kX32 = 0x40000000;
  answer.settle(::syscall(kX32 | SYS_unshare, CLONE_NEWUSER));
}
#else
void unshare_32_bit(Answer& answer) { answer.skip("not on this architecture"); }
void unshare_x32(Answer& answer) { answer.skip("not on this architecture"); }
#endif

// Only where the first process is in another one: to enter one's own is no way out.
void setns_first(Answer& answer) {
  const std::uint64_t own = namespace_inode("/proc/self/ns/mnt"), first = namespace_inode("/proc/1/ns/mnt");
  if (own != 0 && own == first) return answer.skip("process 1 is in the same mount namespace");
  const int fd = ::open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? answer.skip("there is no /proc") : answer.refuse(errno, "open /proc/1/ns/mnt");
  answer.settle(::setns(fd, CLONE_NEWNS), {}, "the mount namespace of process 1");
}

// CVE-2022-0185 and its like begin here: a context of a file system, made with the capabilities of a namespace of one's own.
void fsopen_tmpfs(Answer& answer) { answer.settle(::syscall(SYS_fsopen, "tmpfs", 0)); }

// MS_MOVE of nothing: EPERM without CAP_SYS_ADMIN, EINVAL for the empty source behind that check. Another type of call could make the
// kernel load the module of a file system.
void mount_move(Answer& answer) { answer.settle(::mount("", "/", nullptr, MS_MOVE, nullptr), {EINVAL}); }

// A new root that does not exist: may_mount() is asked before any path is looked up.
void pivot_nothing(Answer& answer) { answer.settle(::syscall(SYS_pivot_root, "/.secure-probe-nothing", "/.secure-probe-nothing"), {ENOENT}); }

void chroot_here(Answer& answer) { answer.settle(::chroot("/")); }

// Of the child alone, which ends.
void in_namespace(Answer& answer, const char* type) {
  // A type that is not loaded would make the kernel load it.
  if (!lists("/proc/filesystems", type)) return answer.skip("the kernel does not list this file system in /proc/filesystems");
  if (!become_namespace_root(answer, CLONE_NEWNS | CLONE_NEWPID)) return;
  const pid_t pid = ::fork();
  if (pid < 0) return answer.refuse(errno, "fork(2) in the namespace");
  if (pid == 0) {
    (void)::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    const bool overlay = std::strcmp(type, "overlay") == 0;
    if (::mount(overlay ? "tmpfs" : type, "/", overlay ? "tmpfs" : type, 0, nullptr) < 0) ::_exit(errno);
    if (!overlay) ::_exit(0);
    // What was mounted over the root is reached from there by its parent directory.
    const bool made = ::chdir("/..") == 0 && ::mkdir("l", 0700) == 0 && ::mkdir("u", 0700) == 0 && ::mkdir("w", 0700) == 0 && ::mkdir("m", 0700) == 0;
    if (!made) ::_exit(errno);
    ::_exit(::mount("overlay", "m", "overlay", 0, "lowerdir=l,upperdir=u,workdir=w") < 0 ? errno : 0);
  }
  int status = 0;
  (void)::waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) (void)::kill(::getpid(), WTERMSIG(status));  // it is this attempt that was killed
  errno = WEXITSTATUS(status);
  answer.settle(errno == 0 ? 0 : -1, {}, "in a user namespace of its own");
}

void userns_tmpfs(Answer& answer) { in_namespace(answer, "tmpfs"); }
void userns_proc(Answer& answer) { in_namespace(answer, "proc"); }
void userns_overlay(Answer& answer) { in_namespace(answer, "overlay"); }

// CVE-2022-0492: a hierarchy of version 1 that is mounted already, seen from its root, and release_agent there. Only one that is in use:
// any other would be made by this.
void cgroup_v1(Answer& answer) {
  char text[8192];
  std::string_view left = text_of("/proc/self/cgroup", text), line;
  char controller[64] = {};
  while (next_line(left, line)) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view names = line.substr(first + 1, second - first - 1);
    if (!names.empty() && !names.starts_with("name=")) {
      join(controller, {names});
      break;
    }
  }
  if (controller[0] == '\0') return answer.skip("no hierarchy of version 1 is in use");
  if (::unshare(CLONE_NEWNS) < 0 && !become_namespace_root(answer, CLONE_NEWNS | CLONE_NEWCGROUP)) return;
  (void)::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (::mount("cgroup", "/", "cgroup", 0, controller) < 0) return answer.refuse(errno, "mount a hierarchy of cgroup v1");
  // Opened for writing, and nothing is written.
  const int fd = ::chdir("/..") == 0 ? ::open("release_agent", O_WRONLY | O_CLOEXEC) : -1;
  answer.allow(fd >= 0 ? "the hierarchy is mounted, and its release_agent can be written" : "the hierarchy is mounted; its release_agent cannot be written");
}

}  // namespace

std::span<const Attempt> namespace_attempts() {
  static constexpr Attempt kAttempts[] = {
      {"unshare-user", "unshare", unshare_one<CLONE_NEWUSER>},
      {"clone3-user", "clone3", clone3_user},
      // Whose ENOSYS it is the names of functions do not tell.
      {"unshare-user-32-bit", "", unshare_32_bit},
      {"unshare-user-x32", "", unshare_x32},
      {"unshare-mount", "unshare", unshare_one<CLONE_NEWNS>},
      {"unshare-net", "unshare", unshare_one<CLONE_NEWNET>},
      {"setns-first-process", "setns", setns_first},
  };
  return kAttempts;
}

std::span<const Attempt> mount_attempts() {
  static constexpr Attempt kAttempts[] = {
      {"mount", "mount", mount_move},
      {"fsopen", "fsopen", fsopen_tmpfs},
      {"userns-mount-tmpfs", "mount", userns_tmpfs},
      {"userns-mount-proc", "mount", userns_proc},
      {"userns-mount-overlay", "mount", userns_overlay},
      {"cgroup-v1-mount", "mount", cgroup_v1},
      {"pivot-root", "pivot_root", pivot_nothing},
      {"chroot", "chroot", chroot_here},
  };
  return kAttempts;
}

}  // namespace secure::isolation
