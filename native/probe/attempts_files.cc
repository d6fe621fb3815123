// SPDX-License-Identifier: Apache-2.0
// Files that start programs of the host, its memory, and nodes of its devices.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "attempts.h"
#include "files.h"
#include "writer.h"

namespace secure::isolation {

namespace {

// Opened for writing and closed; never a byte is written, and none of them does anything when it is opened. Neither made nor cut.
void open_for_writing(Answer& answer, const char* path) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return errno == ENOENT ? answer.skip("there is no such file") : answer.refuse(errno);
  // What is bound over it, /dev/null for most engines, may be written.
  struct stat st {};
  if (::fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) return answer.refuse(EACCES, "something else lies over it");
  answer.allow();
}

void core_pattern(Answer& answer) { open_for_writing(answer, "/proc/sys/kernel/core_pattern"); }
void modprobe_path(Answer& answer) { open_for_writing(answer, "/proc/sys/kernel/modprobe"); }
void binfmt(Answer& answer) { open_for_writing(answer, "/proc/sys/fs/binfmt_misc/register"); }
void uevent_helper(Answer& answer) { open_for_writing(answer, "/sys/kernel/uevent_helper"); }
void sysrq(Answer& answer) { open_for_writing(answer, "/proc/sysrq-trigger"); }

// Of every hierarchy of version 1 that is mounted here.
void release_agent(Answer& answer) {
  static char text[1U << 17];
  std::string_view left = text_of("/proc/self/mountinfo", text), line;
  if (left.empty()) return answer.skip("the mounts cannot be read");
  bool found = false;
  while (next_line(left, line)) {
    if (line.find(" - cgroup ") == std::string_view::npos) continue;
    for (int i = 0; i < 4; ++i) (void)next_word(line);
    char path[512];
    join(path, {next_word(line), "/release_agent"});
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) return answer.allow(path);
    // Only the root of a hierarchy has one.
    if (errno == ENOENT) continue;
    found = true;
    answer.refuse(errno, path);
  }
  if (!found) answer.skip("no hierarchy of version 1 is mounted from its root");
}

void kernel_memory(Answer& answer) {
  const int fd = ::open("/proc/kcore", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? answer.skip("there is no such file") : answer.refuse(errno);
  struct stat st {};
  if (::fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) return answer.refuse(EACCES, "something else lies over it");
  answer.allow();
}

// Addresses are zeros for whoever must not know them.
void kernel_addresses(Answer& answer) {
  char text[256];
  const long n = read_file("/proc/kallsyms", text);
  if (n < 0) return errno == ENOENT ? answer.skip("there is no such file") : answer.refuse(errno);
  std::string_view line(text, static_cast<std::size_t>(n));
  const std::string_view address = next_word(line);
  if (address.empty()) return answer.refuse(EACCES, "it is empty");
  if (address.find_first_not_of('0') == std::string_view::npos) return answer.refuse(EACCES, "it shows no addresses");
  answer.allow();
}

// A node of the memory of the machine, removed at once. Whether it can be used is asked with access(2), which the device rules of a control
// group answer: opened it is never. Its driver is part of every kernel, so that none is loaded.
void make_device(Answer& answer) {
  char name[64], digits[20];
  int error = EROFS;
  for (const std::string_view directory : {"/dev", "/tmp", "/dev/shm", "/run", "/var/tmp", ""}) {
    join(name, {directory, "/.secure-probe-", decimal(static_cast<std::uint64_t>(::getppid()), digits)});
    if (::mknod(name, S_IFCHR | 0600, makedev(1, 1)) < 0) {
      // One that is not there or cannot be written is no answer yet.
      if (errno != ENOENT && errno != EROFS && errno != EACCES) error = errno;
      else if (error == EROFS) error = errno == ENOENT ? error : errno;
      continue;
    }
    const bool usable = ::syscall(SYS_faccessat, AT_FDCWD, name, R_OK) == 0;
    const int refused = errno;
    (void)::unlink(name);
    if (usable) return answer.allow("/dev/mem was made, and could be opened");
    return answer.refuse(refused, "it can be made, and not be opened");
  }
  answer.refuse(error);
}

}  // namespace

std::span<const Attempt> file_attempts() {
  static constexpr Attempt kAttempts[] = {
      {"write-core-pattern", "openat", core_pattern}, {"write-modprobe", "openat", modprobe_path},   {"write-binfmt", "openat", binfmt},
      {"write-uevent-helper", "openat", uevent_helper}, {"write-sysrq-trigger", "openat", sysrq},     {"write-release-agent", "openat", release_agent},
      {"read-kernel-memory", "openat", kernel_memory}, {"read-kernel-addresses", "openat", kernel_addresses}, {"make-device", "mknodat", make_device},
  };
  return kAttempts;
}

}  // namespace secure::isolation
