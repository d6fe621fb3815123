// SPDX-License-Identifier: Apache-2.0
// What a confined process can still do, tried by one: each attempt runs in a process of its own, since the first
// forbidden system call ends it.
#include "confine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "check.h"
#include "sync.h"

using namespace secure;

namespace {

struct Directory {
  std::string path;
  Fd fd;
  Directory() {
    char name[] = "/tmp/secure-confine-XXXXXX";
    if (::mkdtemp(name) != nullptr) path = name;
    fd = Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    Fd tmp(::open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC));
    (void)remove_tree(tmp.get(), path.substr(5));
  }
};

constexpr int kSetupFailed = 200;

// `attempt` gets the root directory and returns errno or 0. The result: that, or 1000 + the signal.
int confined(confine::Role role, const std::function<int(int root)>& attempt) {
  Directory directory;
  const bool extractor = role == confine::Role::extractor;
  auto confinement = confine::prepare(role, extractor ? directory.fd.get() : -1, true);
  if (!confinement) return kSetupFailed;
  auto ends = sync::channel();
  const int mine = ends->first.get(), theirs = ends->second.get();
  const pid_t pid = ::fork();
  if (pid == 0) {
    char go = 0;
    const int keep[] = {theirs, confinement->root.get(), confinement->ruleset.get()};
    if (!confine::keep_only(keep) || !confine::isolate()) ::_exit(kSetupFailed);
    if (::write(theirs, "r", 1) != 1 || ::read(theirs, &go, 1) != 1) ::_exit(kSetupFailed);
    if (!confine::enter(*confinement)) ::_exit(kSetupFailed);
    ::_exit(attempt(confinement->root.get()));
  }
  ends->second.reset();
  char ready = 0;
  if (::read(mine, &ready, 1) == 1) {
    if (extractor) (void)confine::map_ids(pid);
    (void)!::write(mine, "g", 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

int error_of(long result) { return result < 0 ? errno : 0; }

[[maybe_unused]] constexpr int kKilled = 1000 + SIGSYS;

bool root_rights() { return ::geteuid() == 0; }

}  // namespace

TEST(the_extractor_can_fill_its_directory) {
  if (!root_rights()) SKIP("needs root");
  CHECK_EQ(confined(confine::Role::extractor, [](int root) {
             Fd file(sys_openat2(root, "f", O_WRONLY | O_CREAT | O_EXCL, 0600, RESOLVE_BENEATH));
             if (::fchown(file.get(), 70000, 70000) < 0 || ::fchmod(file.get(), 04711) < 0) return errno;
             if (::mknodat(root, "whiteout", S_IFCHR, makedev(0, 0)) < 0) return errno;
             if (::mkdirat(root, "d", 0) < 0 || ::linkat(root, "f", root, "d/h", 0) < 0) return errno;
             return error_of(::symlinkat("/etc", root, "s"));
           }),
           0);
}

TEST(the_extractor_sees_nothing_else) {
  if (!root_rights()) SKIP("needs root");
  auto opens = [](const char* path, int flags) {
    return confined(confine::Role::extractor, [=](int root) { return error_of(::openat(root, path, flags)); });
  };
  CHECK_EQ(opens("/etc/passwd", O_RDONLY), ENOENT);
  CHECK_EQ(opens("../../../etc/passwd", O_RDONLY), ENOENT);
  CHECK_EQ(opens("/proc/self/status", O_RDONLY), ENOENT);
  // ".." of its root is its root.
  CHECK_EQ(confined(confine::Role::extractor, [](int root) {
             struct stat here {}, above {};
             if (::fstatat(root, ".", &here, 0) < 0 || ::fstatat(root, "..", &above, 0) < 0) return errno;
             return here.st_ino == above.st_ino ? 0 : EXDEV;
           }),
           0);
  // The kernel follows no link for it, even when it asks without RESOLVE_NO_SYMLINKS.
  CHECK_EQ(confined(confine::Role::extractor, [](int root) {
             if (::mkdirat(root, "d", 0755) < 0 || ::symlinkat("d", root, "s") < 0) return errno;
             return error_of(::openat(root, "s/f", O_WRONLY | O_CREAT, 0600));
           }),
           ELOOP);
}

TEST(the_extractor_has_no_rights_of_the_host) {
  if (!root_rights()) SKIP("needs root");
  CHECK_EQ(confined(confine::Role::extractor, [](int root) { return error_of(::mknodat(root, "null", S_IFCHR,
      makedev(1, 3))); }), EPERM);
  CHECK(confined(confine::Role::extractor, [](int root) { return error_of(::mknodat(root, "disk", S_IFBLK,
      makedev(254, 0))); }) != 0);
  CHECK_EQ(confined(confine::Role::extractor, [](int root) { return error_of(::fsetxattr(root,
      "trusted.overlay.opaque", "y", 1, 0)); }), EPERM);
}

// The sanitizers' own calls would end the process, so there the filter is off and this is not a test.
#if !defined(SECURE_SANITIZED)
TEST(forbidden_system_calls_end_it) {
  if (!root_rights()) SKIP("needs root");
  const auto extractor = confine::Role::extractor;
  CHECK_EQ(confined(extractor, [](int) { return error_of(::socket(AF_INET, SOCK_STREAM, 0)); }), kKilled);
  CHECK_EQ(confined(extractor, [](int) { return error_of(::execl("/x", "x", nullptr)); }), kKilled);
  CHECK_EQ(confined(extractor, [](int) { return error_of(::kill(::getppid(), 0)); }), kKilled);
  CHECK_EQ(confined(extractor, [](int) { return error_of(::unshare(CLONE_NEWNS)); }), kKilled);
  CHECK_EQ(confined(extractor, [](int) { return error_of(::chroot("/")); }), kKilled);
  CHECK_EQ(confined(extractor, [](int) { return error_of(::fork()); }), kKilled);
  CHECK_EQ(confined(extractor, [](int) { return error_of(::mount("a", "/", "tmpfs", 0, nullptr)); }), kKilled);
  CHECK_EQ(confined(extractor, [](int root) { return error_of(::syscall(SYS_open_by_handle_at, root, nullptr,
      0)); }), kKilled);
  // The decompressor opens nothing at all.
  CHECK_EQ(confined(confine::Role::decompressor, [](int) { return error_of(::open("/dev/null", O_RDONLY)); }), kKilled);
  CHECK_EQ(confined(confine::Role::decompressor, [](int) { return error_of(::write(1, "x", 1)); }), 0);
}
#endif
