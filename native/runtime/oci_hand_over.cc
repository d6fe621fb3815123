// SPDX-License-Identifier: Apache-2.0
#include "oci_hand_over.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "terminal.h"

namespace secure::runtime {

namespace {

Result<Fd> connect_to(const std::string& path) {
  Fd sock(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // A socket's path may be longer than an address: through a descriptor it never is.
  Fd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "/proc/self/fd/" + std::to_string(file.get());
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  if (!sock.valid() || !file.valid() || ::connect(sock.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
    return fail(Stage::process, "SOCKET_FAILED", errno, "connect to " + path, "somebody has to listen there before the container is made");
  return sock;
}

Status send(const std::string& path, int fd, std::string name) {
  SECURE_LET(sock, connect_to(path));
  iovec iov{name.data(), name.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr msg{};
  msg.msg_iov = &iov;
  msg.msg_iovlen = 1;
  msg.msg_control = control;
  msg.msg_controllen = sizeof control;
  cmsghdr* c = CMSG_FIRSTHDR(&msg);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(c), &fd, sizeof fd);
  ssize_t n;
  do {
    n = ::sendmsg(sock.get(), &msg, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return fail(Stage::process, "SOCKET_FAILED", errno, "send a descriptor to " + path);
  return Ok{};
}

}  // namespace

Status send_terminal(const std::string& path, const Fd& terminal) {
  if (!terminal.valid()) return fail(Stage::process, "TERMINAL_FAILED", 0, "the container has made no terminal");
  terminal::translate_line_ends(terminal.get(), true);
  return send(path, terminal.get(), "/dev/ptmx");
}

Status send_descriptor(const std::string& path, const Fd& fd) { return send(path, fd.get(), "pidfd"); }

Status write_pid_file(const std::string& path, pid_t pid) {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash), name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  Fd dir(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid() || name.empty()) return fail(Stage::io, "WRITE_FAILED", errno, "open the directory of the pid file " + path);
  const std::string temp = "." + name + "." + std::to_string(::getpid());
  Fd file(::openat(dir.get(), temp.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file.valid()) return fail(Stage::io, "WRITE_FAILED", errno, "make the pid file " + path);
  SECURE_TRY(write_all(file.get(), std::to_string(pid), path));
  if (::renameat(dir.get(), temp.c_str(), dir.get(), name.c_str()) < 0) {
    const int err = errno;
    (void)::unlinkat(dir.get(), temp.c_str(), 0);
    return fail(Stage::io, "WRITE_FAILED", err, "rename to the pid file " + path);
  }
  return Ok{};
}

}  // namespace secure::runtime
