// SPDX-License-Identifier: Apache-2.0
#include "seccomp_notify.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <atomic>
#include <cstring>

#include "json.h"

namespace secure::seccomp_notify {

namespace {

constexpr std::size_t kPage = 4096;

Error agent_failed(const std::string& path, int err) {
  return fail(Stage::seccomp, "SECCOMP_AGENT_FAILED", err, "failed to connect with seccomp agent specified in the seccomp profile: /linux/seccomp/listenerPath " + path,
              err == ENOENT || err == ECONNREFUSED ? "start the agent first" : "");
}

Result<Fd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return agent_failed(path, ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid() || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return agent_failed(path, errno);
  return socket;
}

// What the two processes share. The sender waits for `listener`, the filtered one for `sent`.
struct Exchange {
  int agent;
  const std::string* state;
  std::atomic<int> listener{-1};  // -2: there will be none
  std::atomic<int> sent{0};       // 1: done, negative: errno
};

int send_listener(void* argument) {
  auto& exchange = *static_cast<Exchange*>(argument);
  int listener;
  while ((listener = exchange.listener.load()) == -1) (void)::syscall(SYS_sched_yield);
  if (listener < 0) return 0;
  iovec iov{const_cast<char*>(exchange.state->data()), exchange.state->size()};
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
  std::memcpy(CMSG_DATA(c), &listener, sizeof listener);
  long n;
  do {
    n = ::syscall(SYS_sendmsg, exchange.agent, &msg, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  // A stream may take less than all at once; the descriptor is with the first byte.
  for (long at = n; n >= 0 && at < static_cast<long>(iov.iov_len); at += n) {
    n = ::syscall(SYS_sendto, exchange.agent, exchange.state->data() + at, iov.iov_len - static_cast<std::size_t>(at), MSG_NOSIGNAL, nullptr, 0);
    if (n < 0 && errno == EINTR) n = 0;
  }
  exchange.sent.store(n < 0 ? -errno : 1);
  return 0;
}

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Its parent is the container's first process, which must not find a zombie that it did not make; execve(2) takes the flag away.
void reap_without_waiting() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_NOCLDWAIT;
  (void)::sigaction(SIGCHLD, &action, nullptr);
}

Result<Ok> start_sender(Exchange& exchange) {
  alignas(16) static char stack[32768];
  reap_without_waiting();
  // Nothing but SIGKILL may end it half-way; it inherits the mask.
  sigset_t all, old;
  sigfillset(&all);
  (void)::sigprocmask(SIG_SETMASK, &all, &old);
  const int pid = ::clone(send_listener, stack + sizeof stack, CLONE_VM | CLONE_FILES | SIGCHLD, &exchange);
  const int err = errno;
  (void)::sigprocmask(SIG_SETMASK, &old, nullptr);
  if (pid < 0)
    return fail(Stage::seccomp, "SECCOMP_AGENT_FAILED", err, "make the process that sends the seccomp listener", err == EAGAIN ? "a limit on processes is reached: pids.max of the cgroup, or RLIMIT_NPROC" : "");
  return Ok{};
}

}  // namespace

Agent::Agent(Agent&& other) noexcept
    : socket_(std::move(other.socket_)), pid_(std::exchange(other.pid_, nullptr)), spec_(other.spec_), describe_(std::move(other.describe_)) {}

Agent::~Agent() {
  if (pid_ != nullptr) (void)::munmap(pid_, kPage);
}

Result<Agent> Agent::attach(const spec::Spec& spec, const seccomp::Program& program, std::function<std::string(pid_t)> describe) {
  Agent out;
  if (!program.notify) return out;
  if (!spec.seccomp || spec.seccomp->listener_path.empty() || !describe)
    return fail(Stage::seccomp, "SECCOMP_NO_LISTENER", 0, "the profile uses SCMP_ACT_NOTIFY and /linux/seccomp/listenerPath is not set", "name the socket of a seccomp agent, or replace SCMP_ACT_NOTIFY");
  SECURE_LET(socket, connect_to(spec.seccomp->listener_path));
  void* page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return fail(Stage::seccomp, "SECCOMP_AGENT_FAILED", errno, "map memory for the seccomp agent");
  out.socket_ = std::move(socket);
  out.pid_ = static_cast<pid_t*>(page);
  out.spec_ = &spec;
  out.describe_ = std::move(describe);
  return out;
}

std::string Agent::state() const {
  rapidjson::Document doc(rapidjson::kObjectType);
  auto& a = doc.GetAllocator();
  rapidjson::Value fds(rapidjson::kArrayType);
  fds.PushBack("seccompFd", a);
  doc.AddMember("ociVersion", rapidjson::Value(spec_->oci_version, a), a);
  doc.AddMember("fds", fds, a);
  doc.AddMember("pid", *pid_, a);
  if (!spec_->seccomp->listener_metadata.empty()) doc.AddMember("metadata", rapidjson::Value(spec_->seccomp->listener_metadata, a), a);
  rapidjson::Document container(&a);
  container.Parse(describe_(*pid_));
  doc.AddMember("state", container, a);
  return json::dump(doc);
}

Status Agent::load(const seccomp::Program& program) const {
  const std::string text = state();
  Exchange exchange{socket_.get(), &text, -1, 0};
  SECURE_TRY(start_sender(exchange));
  auto listener = seccomp::load_with_listener(program);
  // From here to the end of the wait no system call.
  exchange.listener.store(listener ? listener->get() : -2);
  if (!listener) return std::move(listener.error());
  int sent;
  while ((sent = exchange.sent.load()) == 0) relax();
  if (sent < 0) return fail(Stage::seccomp, "SECCOMP_AGENT_FAILED", -sent, "send the listener to the seccomp agent " + spec_->seccomp->listener_path);
  // execve(2) closes it: a close(2) here could be one of those that are notified.
  (void)listener->release();
  return Ok{};
}

}  // namespace secure::seccomp_notify
