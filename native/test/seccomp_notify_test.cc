// SPDX-License-Identifier: Apache-2.0
// A filter that notifies, and an agent that answers: in the kernel, not in a model.
#include "seccomp_notify.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstring>

#include "check.h"
#include "json.h"

namespace notify = secure::seccomp_notify;
namespace spec = secure::spec;

namespace {

struct Listening {
  std::string directory, path;
  secure::Fd socket;
  Listening() {
    char name[] = "/tmp/notify-test-XXXXXX";
    directory = ::mkdtemp(name);
    path = directory + "/agent";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    socket = secure::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    (void)::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    (void)::listen(socket.get(), 1);
  }
  ~Listening() {
    (void)::unlink(path.c_str());
    (void)::rmdir(directory.c_str());
  }
};

spec::Spec notifying(const std::string& path, std::vector<std::string> names) {
  spec::Spec out;
  out.oci_version = "1.3.0";
  out.seccomp = spec::Seccomp{};
  out.seccomp->default_action = "SCMP_ACT_ALLOW";
  out.seccomp->listener_path = path;
  out.seccomp->listener_metadata = "for the agent";
  spec::SeccompRule rule;
  rule.names = std::move(names);
  rule.action = "SCMP_ACT_NOTIFY";
  out.seccomp->rules.push_back(std::move(rule));
  return out;
}

// In the process: loads the filter and makes a call that is notified.
int filtered(const notify::Agent& agent, const secure::seccomp::Program& program) {
  *agent.pid() = ::getpid();
  (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!agent.load(program).ok()) return 1;
  return ::mkdir("/proc/none", 0700) < 0 && errno == ENOMEDIUM ? 0 : 2;
}

// What came with the state, or -1.
int receive(int connection, std::string& text) {
  char buf[4096];
  iovec iov{buf, sizeof buf};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr msg{};
  msg.msg_iov = &iov;
  msg.msg_iovlen = 1;
  msg.msg_control = control;
  msg.msg_controllen = sizeof control;
  const ssize_t n = ::recvmsg(connection, &msg, MSG_CMSG_CLOEXEC);
  if (n <= 0) return -1;
  text.assign(buf, static_cast<std::size_t>(n));
  cmsghdr* c = CMSG_FIRSTHDR(&msg);
  if (c == nullptr || c->cmsg_type != SCM_RIGHTS) return -1;
  int fd;
  std::memcpy(&fd, CMSG_DATA(c), sizeof fd);
  return fd;
}

// Answers all that is asked until the process is gone: mkdir with ENOMEDIUM, everything else goes on.
void answer(int listener) {
  for (;;) {
    seccomp_notif asked{};
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0) return;
    seccomp_notif_resp reply{};
    reply.id = asked.id;
    const bool mkdir = asked.data.nr == SYS_mkdirat
#ifdef SYS_mkdir
                       || asked.data.nr == SYS_mkdir
#endif
        ;
    reply.error = mkdir ? -ENOMEDIUM : 0;
    reply.flags = mkdir ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) < 0) return;
    if (asked.data.nr == SYS_exit_group) return;
  }
}

// Exit code of a process whose `names` are notified.
int run(std::vector<std::string> names, std::string& state, pid_t& child) {
  Listening there;
  const spec::Spec config = notifying(there.path, std::move(names));
  auto program = secure::seccomp::compile(*config.seccomp);
  if (!program) return 101;
  auto agent = notify::Agent::attach(config, *program, [](pid_t pid) { return R"({"id":"c1","pid":)" + std::to_string(pid) + "}"; });
  if (!agent || !agent->wanted()) return 102;
  child = ::fork();
  if (child == 0) ::_exit(filtered(*agent, *program));
  secure::Fd connection(::accept4(there.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  secure::Fd listener(receive(connection.get(), state));
  if (listener.valid()) answer(listener.get());
  listener.reset();
  int status = 0;
  (void)::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 103;
}

}  // namespace

TEST(seccomp_notify_sends_the_listener_with_the_state) {
  std::string text;
  pid_t child = 0;
  CHECK_EQ(run({"mkdir", "mkdirat", "exit_group"}, text, child), 0);
  auto document = secure::json::parse(text, "the state");
  REQUIRE(document.ok());
  secure::json::Sink sink;
  const secure::json::Node state(&*document, &sink, "");
  CHECK_EQ(state["ociVersion"].str(), "1.3.0");
  CHECK_EQ(state["fds"].strings().at(0), "seccompFd");
  CHECK_EQ(state["pid"].integer(0, INT32_MAX, 0), child);
  CHECK_EQ(state["metadata"].str(), "for the agent");
  CHECK_EQ(state["state"]["id"].str(), "c1");
}

TEST(seccomp_notify_of_the_calls_that_send_it_is_no_deadlock) {
  std::string text;
  pid_t child = 0;
  CHECK_EQ(run({"mkdir", "mkdirat", "exit_group", "sendmsg", "sendto", "close", "futex", "munmap", "rt_sigprocmask", "clock_gettime"}, text, child), 0);
}

TEST(seccomp_notify_without_an_agent_is_refused) {
  const spec::Spec config = notifying("/nonexistent/agent", {"mkdir"});
  auto program = secure::seccomp::compile(*config.seccomp);
  REQUIRE(program.ok());
  auto describe = [](pid_t) { return std::string("{}"); };
  CHECK_EQ(notify::Agent::attach(config, *program, describe).error().code, "SECCOMP_AGENT_FAILED");
  spec::Spec nobody = config;
  nobody.seccomp->listener_path.clear();
  CHECK_EQ(notify::Agent::attach(nobody, *program, describe).error().code, "SECCOMP_NO_LISTENER");
  // A listener that nothing goes to is not looked for.
  program->notify = false;
  auto none = notify::Agent::attach(config, *program, describe);
  CHECK(none.ok() && !none->wanted());
}
