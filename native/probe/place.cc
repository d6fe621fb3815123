// SPDX-License-Identifier: Apache-2.0
// The container is hostile: it may put links where a directory is expected, and replace what is copied there. So every path is resolved inside
// its root without following a link, only a tmpfs is written, so that no file comes to lie on a disk of the host, and what is placed is
// a copy that nobody but the container executes: this program itself stays out of reach (CVE-2019-5736).
#include "place.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "files.h"
#include "writer.h"

namespace secure::isolation {

namespace {

constexpr long kTmpfs = 0x01021994;

int complain(std::string_view what, int error) {
  char line[256], name[24];
  const std::string_view text = join(line, {"secure-probe: ", what, error == 0 ? "" : ": ", error == 0 ? std::string_view() : errno_name(error, name), "\n"});
  (void)!::write(2, text.data(), text.size());
  return 3;
}

bool plain_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name == "." || name == "..") return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) return false;
  return true;
}

int open_inside(int root, const char* path) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
}

constexpr std::string_view kPlaces[] = {"dev", "run", "tmp", "dev/shm"};

// What the host has in these places, and a container mounted, is not its own: nothing is put there.
bool is_ours(dev_t device) {
  for (const std::string_view place : kPlaces) {
    char path[64];
    struct stat st {};
    if (::stat(join(path, {"/", place}), &st) == 0 && st.st_dev == device) return true;
  }
  return false;
}

// Of the container, in memory, and programs in it can be executed.
bool fits(int directory) {
  struct stat st {};
  if (::fstat(directory, &st) < 0 || is_ours(st.st_dev)) return false;
  struct statfs type {};
  struct statvfs flags {};
  return ::fstatfs(directory, &type) == 0 && type.f_type == kTmpfs && ::fstatvfs(directory, &flags) == 0 && (flags.f_flag & (ST_RDONLY | ST_NOEXEC)) == 0;
}

bool copy_self(int to) {
  const int self = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  struct stat st {};
  if (self < 0 || ::fstat(self, &st) < 0) return false;
  off_t left = st.st_size;
  while (left > 0) {
    const ssize_t n = ::sendfile(to, self, nullptr, static_cast<std::size_t>(left));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    left -= n;
  }
  const int error = errno;
  ::close(self);
  errno = error;
  // Readable and executable for every user of the container, writable for none.
  return left == 0 && ::fchmod(to, 0555) == 0;
}

// What a terminal or a service manager sends to the whole group (^C) would end this program before it has removed the copy. The end of standard
// input says that whoever started it is gone.
void hold_on() {
  for (const int one : {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGPIPE}) (void)::signal(one, SIG_IGN);
}

void wait_for_end() {
  char byte;
  for (;;) {
    const ssize_t n = ::read(0, &byte, 1);
    if (n == 0 || (n < 0 && errno != EINTR)) return;
  }
}

}  // namespace

int place(const char* pid, const char* name) {
  if (parse_decimal(pid) < 1 || !plain_name(name)) return complain("usage: secure-probe --place PID NAME", 0);
  hold_on();
  char path[64];
  const int root = ::open(join(path, {"/proc/", pid, "/root"}), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return complain("the root of the container cannot be opened", errno);
  int error = 0;
  for (const std::string_view where : kPlaces) {
    const int directory = open_inside(root, where.data());
    if (directory < 0) continue;
    if (fits(directory)) {
      const int copy = ::openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500);
      error = errno;
      if (copy >= 0) {
        const bool whole = copy_self(copy);
        error = errno;
        ::close(copy);  // or it could not be executed: ETXTBSY
        if (whole) {
          char line[128];
          const std::string_view text = join(line, {"/", where, "/", name, "\n"});
          if (::write(1, text.data(), text.size()) > 0) wait_for_end();
          // By its directory, which stays what it was.
          (void)::unlinkat(directory, name, 0);
          return 0;
        }
        (void)::unlinkat(directory, name, 0);
      }
    }
    ::close(directory);
  }
  return complain("there is no tmpfs in it that programs could be executed from", error);
}

}  // namespace secure::isolation
