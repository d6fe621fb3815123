// SPDX-License-Identifier: Apache-2.0
#include "criu_program.h"

#include <linux/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>

#include "mountfd.h"
#include "process.h"
#include "sync.h"

namespace secure::criu {

namespace {

constexpr const char* kDirectories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};
// It calls ip, iptables-restore, tar and others by name.
constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kMaxMessage = 64U << 10;

// What is restored runs for a moment inside of criu's own image, and may share a pid namespace with others: from a read-only clone of
// the mount nobody can write to that (CVE-2019-5736).
Result<Fd> read_only(const Fd& program) {
  struct statvfs fs {};
  if (::fstatvfs(program.get(), &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0) return Fd(::fcntl(program.get(), F_DUPFD_CLOEXEC, 3));
  SECURE_LET(mount, mountfd::clone(program.get(), "", false));
  SECURE_TRY(mountfd::set_attributes(mount.get(), {MOUNT_ATTR_RDONLY, 0}, false, "the program criu"));
  return mount;
}

Status become(const Fd& program, int socket, const std::vector<int>& keep, bool streams, const std::function<Status()>& before) {
  if (!process::reset_signals()) return fail(Stage::process, "CRIU_FAILED", errno, "set the signals of criu");
  // Its descriptor outlives the mount namespace that `before` may leave.
  SECURE_LET(image, read_only(program));
  if (before) SECURE_TRY(before());
  Fd null(streams ? -1 : ::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; fd < 3 && !streams; ++fd)
    if (::dup2(null.get(), fd) < 0) return fail(Stage::process, "CRIU_FAILED", errno, "open /dev/null");
  for (int fd : keep)
    if (fd >= 0 && ::fcntl(fd, F_SETFD, 0) < 0) return fail(Stage::process, "CRIU_FAILED", errno, "pass descriptor " + std::to_string(fd) + " on to criu");
  if (::fcntl(socket, F_SETFD, 0) < 0) return fail(Stage::process, "CRIU_FAILED", errno, "pass the socket on to criu");
  std::string number = std::to_string(socket), path = kPath, home = "HOME=/", locale = "LC_ALL=C", name = "criu", mode = "swrk";
  char* argv[] = {name.data(), mode.data(), number.data(), nullptr};
  char* envp[] = {path.data(), home.data(), locale.data(), nullptr};
  ::syscall(SYS_execveat, image.get(), "", argv, envp, AT_EMPTY_PATH);
  return fail(Stage::exec, "CRIU_FAILED", errno, "execute criu");
}

Status send(int socket, const std::string& bytes) {
  ssize_t n;
  do {
    n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(bytes.size()) ? Status(Ok{}) : fail(Stage::process, "CRIU_DIED", errno, "send a request to criu");
}

Error refused(const Response& response, const Request& request) {
  const char* what = request.type == Type::restore ? "restore" : request.type == Type::pre_dump ? "dump the memory of" : "dump";
  std::string said = response.message;
  while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) said.pop_back();
  return fail(Stage::process, "CRIU_FAILED", response.error, std::string("criu could not ") + what + " the container" + (said.empty() ? "" : ": " + said));
}

}  // namespace

Status check_program(int fd, const std::string& name) {
  struct stat st {};
  if (::fstat(fd, &st) < 0) return fail(Stage::process, "CRIU_UNSAFE", errno, "look at " + name);
  if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022) != 0)
    return fail(Stage::process, "CRIU_UNSAFE", EPERM, name + " can be written by somebody but root, and would run with every right",
                "it must be a file of root's: chown root, chmod go-w");
  return Ok{};
}

Result<Fd> find_program() {
  for (const char* directory : kDirectories) {
    const std::string path = std::string(directory) + "/criu";
    Fd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!file.valid()) continue;
    SECURE_TRY(check_program(file.get(), path));
    return file;
  }
  return fail(Stage::process, "CRIU_MISSING", ENOENT, "checkpoints need the program criu, and none is in /usr/local/sbin, /usr/local/bin, /usr/sbin or /usr/bin",
              "install the package criu");
}

bool has_program(const char* name) {
  for (const char* directory : kDirectories)
    if (::access((std::string(directory) + "/" + name).c_str(), X_OK) == 0) return true;
  return false;
}

Result<Worker> Worker::start(const Fd& program, const std::vector<int>& keep, bool streams, const std::function<Status()>& before) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return fail(Stage::process, "CRIU_FAILED", errno, "make a socket for criu");
  Fd ours(pair[0]), theirs(pair[1]);
  SECURE_LET(errors, sync::channel());
  Worker out;
  out.pid_ = ::fork();
  if (out.pid_ < 0) {
    out.pid_ = 0;
    return fail(Stage::clone, "CLONE_FAILED", errno, "make the process for criu");
  }
  if (out.pid_ == 0) {
    errors.first.reset();
    ours.reset();
    auto status = become(program, theirs.get(), keep, streams, before);
    sync::send_error(errors.second.get(), status.error(), 1);
    ::_exit(1);
  }
  out.socket_ = std::move(ours);
  errors.second.reset();
  theirs.reset();
  // End of file: it was executed.
  auto heard = sync::receive(errors.first.get());
  if (heard && heard->kind == sync::Kind::error) return std::move(heard->error);
  return out;
}

Result<Response> Worker::ask(const Request& request, const std::function<Status(const Response&, Fd)>& heard) {
  SECURE_TRY(send(socket_.get(), encode(request)));
  std::vector<char> buffer(kMaxMessage);
  for (;;) {
    sync::Heard said = sync::hear(socket_.get(), buffer);
    if (said.size <= 0) return fail(Stage::process, "CRIU_DIED", said.size < 0 ? errno : 0, "criu ended before it had answered", "somebody may have killed it; its log may say more");
    if (said.cut) return fail(Stage::process, "CRIU_PROTOCOL", EMSGSIZE, "what criu answered is too long");
    SECURE_LET(response, decode({buffer.data(), static_cast<std::size_t>(said.size)}));
    if (response.type == Type::notify && response.success) {
      if (heard) SECURE_TRY(heard(response, std::move(said.fd)));
      SECURE_TRY(send(socket_.get(), encode_notified()));
      continue;
    }
    if (!response.success) return refused(response, request);
    if (response.type != request.type) return fail(Stage::process, "CRIU_PROTOCOL", EPROTO, "criu answered another request than it was sent");
    return response;
  }
}

int Worker::finish() {
  socket_.reset();
  int status = 0;
  if (pid_ > 0)
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  pid_ = 0;
  return status;
}

Result<Response> inquire(const Fd& program, const Request& request) {
  SECURE_LET(worker, Worker::start(program, {}, false, nullptr));
  return worker.ask(request, nullptr);
}

}  // namespace secure::criu
