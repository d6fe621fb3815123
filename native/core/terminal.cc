// SPDX-License-Identifier: Apache-2.0
#include "terminal.h"

#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <termios.h>

#include "mountfd.h"
#include "rootfs.h"

namespace secure::terminal {

Result<Pair> create(int root, unsigned uid) {
  int fd = sys_openat2(root, "dev/pts/ptmx", O_RDWR | O_NOCTTY, 0,
                       RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
  if (fd < 0)
    return fail(Stage::process, "TERMINAL_FAILED", errno, "open /dev/pts/ptmx in the container",
                "a terminal needs a devpts mount on /dev/pts");
  Pair out;
  out.master = Fd(fd);
  struct statfs fs {};
  if (::fstatfs(fd, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
    return fail(Stage::process, "TERMINAL_FAILED", ENODEV, "/dev/pts/ptmx of the container is not on devpts");
  int unlock = 0;
  if (::ioctl(fd, TIOCSPTLCK, &unlock) < 0) return fail(Stage::process, "TERMINAL_FAILED", errno, "unlock the terminal");
  // O_CLOEXEC here would stay visible in the status flags of the program's standard streams.
  int peer = ::ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  if (peer < 0) return fail(Stage::process, "TERMINAL_FAILED", errno, "open the terminal's other side");
  out.peer = Fd(peer);
  (void)::fcntl(peer, F_SETFD, FD_CLOEXEC);
  if (::fchown(peer, uid, static_cast<gid_t>(-1)) < 0)
    return fail(Stage::process, "TERMINAL_FAILED", errno, "give the terminal its owner");
  translate_line_ends(peer, false);
  return out;
}

// What is piped on or compared is what the program wrote: no "\r" before each "\n". A terminal on our side adds it itself.
void translate_line_ends(int terminal, bool on) {
  termios t{};
  if (::tcgetattr(terminal, &t) < 0) return;
  t.c_oflag = on ? t.c_oflag | ONLCR : t.c_oflag & ~static_cast<tcflag_t>(ONLCR);
  (void)::tcsetattr(terminal, TCSANOW, &t);
}

Status resize(const Fd& master, const std::optional<std::pair<unsigned, unsigned>>& size) {
  if (!size) return Ok{};
  const winsize window{static_cast<unsigned short>(size->first), static_cast<unsigned short>(size->second), 0, 0};
  if (::ioctl(master.get(), TIOCSWINSZ, &window) < 0) return fail(Stage::process, "TERMINAL_FAILED", errno, "set the size of the terminal to /process/consoleSize");
  return Ok{};
}

Status bind_console(int root, const Fd& peer) {
  SECURE_LET(target, rootfs::resolve(root, "/dev/console", false));
  SECURE_LET(mount, mountfd::clone(peer.get(), "", false));
  return mountfd::attach(mount.get(), target.get(), "/dev/console");
}

Status adopt(const Fd& peer) {
  if (::ioctl(peer.get(), TIOCSCTTY, 0) < 0)
    return fail(Stage::process, "TERMINAL_FAILED", errno, "make the terminal the controlling one");
  for (int i = 0; i < 3; ++i)
    if (::dup2(peer.get(), i) < 0) return fail(Stage::process, "TERMINAL_FAILED", errno, "use the terminal");
  return Ok{};
}

}  // namespace secure::terminal
