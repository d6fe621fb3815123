// SPDX-License-Identifier: Apache-2.0
#include "sealed.h"

#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <cerrno>

#include "lsm.h"

namespace secure::sealed {

namespace {

constexpr off_t kMost = 64 << 20;

// MFD_EXEC says that it is meant (Linux 6.3, sysctl vm.memfd_noexec); older kernels do not know it.
int memory() {
  constexpr unsigned kExec = 0x10;
  const int fd = ::memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING | kExec);
  return fd >= 0 || errno != EINVAL ? fd : ::memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

}  // namespace

Result<Fd> copy(const std::string& path, const std::string& label) {
  Fd from(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!from.valid()) return fail(Stage::process, "PROGRAM_UNREADABLE", errno, "open " + path);
  struct stat st {};
  if (::fstat(from.get(), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > kMost)
    return fail(Stage::process, "PROGRAM_UNREADABLE", 0, path + " is no file that could be a program");
  Fd to(memory());
  if (!to.valid()) return fail(Stage::process, "CONTROL_UNAVAILABLE", errno, "make a program in memory", "sysctl vm.memfd_noexec=2 forbids it");
  for (off_t left = st.st_size; left > 0;) {
    const ssize_t n = ::sendfile(to.get(), from.get(), nullptr, static_cast<std::size_t>(left));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(Stage::process, "PROGRAM_UNREADABLE", n < 0 ? errno : 0, "copy " + path);
    left -= n;
  }
  if (!label.empty() && lsm::has_selinux() && !lsm::label_file(to.get(), label))
    return fail(Stage::process, "CONTROL_UNAVAILABLE", errno, "label the program in memory '" + label + "'", "the policy does not allow to relabel it");
  if (::fchmod(to.get(), 0555) < 0 || ::fcntl(to.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
    return fail(Stage::process, "CONTROL_UNAVAILABLE", errno, "seal the program in memory");
  return to;
}

}  // namespace secure::sealed
