// SPDX-License-Identifier: Apache-2.0
// The pieces of secure-probe: what it writes, how it outlives what is killed, and where it is placed.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "attempts.h"
#include "check.h"
#include "facts.h"
#include "files.h"
#include "in_child.h"
#include "place.h"
#include "symbols.h"
#include "writer.h"

using namespace secure::isolation;

namespace {

std::size_t answer_three(const void*, std::span<char> answer) {
  answer[0] = answer[1] = answer[2] = 'x';
  return 3;
}
std::size_t die_of_filter(const void*, std::span<char>) {
  (void)::kill(::getpid(), SIGSYS);
  return 1;
}
std::size_t stop(const void*, std::span<char>) {
  (void)::kill(::getpid(), SIGSTOP);
  return 1;
}
std::size_t leave(const void*, std::span<char>) { ::_exit(7); }

}  // namespace

TEST(isolation_writer_escapes_every_byte_that_is_not_printable) {
  char into[256];
  Writer out(into);
  out.open('{').key("a\n").text("\x1b[31m\"\\\x80\xff").key("b").open('[').number(-1).natural(18446744073709551615ULL).null().boolean(true).close(']').close('}');
  CHECK_EQ(out.written(), std::string_view("{\"a\\u000a\":\"\\u001b[31m\\\"\\\\\\u0080\\u00ff\",\"b\":[-1,18446744073709551615,null,true]}"));
  CHECK(!out.overflowed());
}

TEST(isolation_writer_says_what_does_not_fit) {
  char into[8];
  Writer out(into);
  out.text("0123456789");
  CHECK(out.overflowed());
  CHECK_EQ(out.written().size(), std::size_t{8});
  char other[16];
  Writer cut(other);
  cut.text("0123456789", 4);
  CHECK_EQ(cut.written(), std::string_view("\"0123\""));
}

TEST(isolation_numbers_and_names_of_errors) {
  char name[24], digits[20];
  CHECK_EQ(errno_name(EPERM, name), std::string_view("EPERM"));
  CHECK_EQ(errno_name(9999, name), std::string_view("E9999"));
  CHECK_EQ(errno_name(-1, name), std::string_view("E0"));
  CHECK_EQ(decimal(0, digits), std::string_view("0"));
  CHECK_EQ(parse_decimal("4611686018427387904000"), -1);
  CHECK_EQ(parse_decimal(""), -1);
  CHECK_EQ(parse_decimal("-1"), -1);
  CHECK_EQ(parse_decimal("1x"), -1);
  CHECK_EQ(parse_decimal("4294967295"), 4294967295);
}

TEST(isolation_child_that_is_killed_is_an_answer) {
  char answer[8];
  Ended ended = in_child(answer_three, nullptr, answer, 5000);
  CHECK(ended.how == Ended::How::answered);
  CHECK_EQ(ended.size, std::size_t{3});
  ended = in_child(die_of_filter, nullptr, answer, 5000);
  CHECK(ended.how == Ended::How::killed);
  CHECK_EQ(ended.number, SIGSYS);
  ended = in_child(leave, nullptr, answer, 5000);
  CHECK(ended.how == Ended::How::failed);
  // One that says nothing for ever, which a stopped process does, and SIGKILL ends. The time limit needs poll(2) to be allowed.
  const Allowed allowed = settle(600);
  (void)::alarm(0);
  CHECK(allowed.poll);
  CHECK(allowed.parent_death_signal);
  ended = in_child(stop, nullptr, answer, 50);
  CHECK(ended.how == Ended::How::timeout);
  CHECK_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(isolation_child_keeps_to_its_buffer) {
  char answer[2];
  const Ended ended = in_child(answer_three, nullptr, answer, 5000);
  CHECK(ended.how == Ended::How::answered);
  CHECK_EQ(ended.size, std::size_t{2});
}

TEST(isolation_symbols_tell_who_has_no_such_call) {
  Symbols symbols;
  for (const std::string_view call : {"bpf", "kexec_load", "ptrace"}) CHECK(symbols.want(call));
  symbols.note("0000000000000000 T __x64_sys_bpf");
  symbols.note("0000000000000000 W __x64_sys_kexec_load");
  symbols.note("0000000000000000 T __x64_sys_bpf_more");
  symbols.note("nonsense");
  symbols.note("");
  CHECK(symbols.origin("bpf") == Origin::filter);
  CHECK(symbols.origin("kexec_load") == Origin::kernel);
  CHECK(symbols.origin("ptrace") == Origin::unknown);
  CHECK(symbols.origin("") == Origin::unknown);
  for (int i = 0; i < 200; ++i) (void)symbols.want(std::string_view("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz").substr(0, static_cast<std::size_t>(1 + i % 100)));
  CHECK(!symbols.want("one more"));
}

TEST(isolation_answers_by_what_a_call_said) {
  Answer answer;
  answer.settle(0);
  CHECK(answer.outcome == Outcome::allowed);
  errno = EINVAL;
  answer.settle(-1, {EINVAL}, "text");
  CHECK(answer.outcome == Outcome::allowed);
  CHECK_EQ(std::string_view(answer.detail), std::string_view("text: past the permission check, then EINVAL"));
  errno = EPERM;
  answer.settle(-1, {EINVAL});
  CHECK(answer.outcome == Outcome::denied);
  CHECK_EQ(answer.error, EPERM);
  errno = ENOSYS;
  answer.settle(-1);
  CHECK(answer.outcome == Outcome::unsupported);
  errno = EXDEV;
  answer.settle(-1, {EINVAL});
  CHECK(answer.outcome == Outcome::unclear);
  // Cut, with its end.
  answer.say(std::string(500, 'x'));
  CHECK_EQ(std::strlen(answer.detail), sizeof answer.detail - 1);
}

TEST(isolation_sections_say_what_does_not_fit_and_keep_to_their_buffer) {
  static char whole[1U << 17], part[1U << 17];
  // The probe goes through its open directories, in a child.
  const int here = ::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (const Section& section : sections()) {
    Writer out{std::span(whole)};
    section.write(out);
    CHECK(!out.overflowed());
    const std::string_view text = out.written();
    REQUIRE(!text.empty());
    CHECK((text.front() == '{' && text.back() == '}') || (text.front() == '[' && text.back() == ']') || text == "null");
    // What changes between two looks, such as the processes, changes the length: half of it never suffices.
    const std::size_t room = text.size() / 2;
    part[room] = '#';
    Writer less{std::span(part).first(room)};
    section.write(less);
    CHECK(less.overflowed() || text.size() < 16);
    CHECK(less.written().size() <= room);
    CHECK_EQ(part[room], '#');
  }
  CHECK_EQ(::fchdir(here), 0);
  ::close(here);
}

TEST(isolation_attempts_have_names_of_their_own) {
  std::string seen = "\n";
  for (const auto group : {namespace_attempts(), mount_attempts(), process_attempts(), kernel_attempts(), host_attempts(), file_attempts(), socket_attempts()})
    for (const Attempt& attempt : group) {
      const std::string line = "\n" + std::string(attempt.name) + "\n";
      CHECK(seen.find(line) == std::string::npos);
      seen += line.substr(1);
    }
}

// In a root that a container could have: what is a link, of the host, or not in memory is no place.
TEST(isolation_place_follows_no_link_and_writes_no_disk) {
  if (::geteuid() != 0) SKIP("needs root");
  char root[] = "/tmp/isolation-XXXXXX";
  REQUIRE(::mkdtemp(root) != nullptr);
  const std::string at = root;
  const std::string victim = at + "/victim";
  REQUIRE(::mkdir(victim.c_str(), 0755) == 0);
  const auto run = [&](bool memory) {
    const pid_t holder = ::fork();
    if (holder == 0) {
      // The process of the container: its root is the directory, in a mount namespace of its own.
      if (::unshare(CLONE_NEWNS) < 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) ::_exit(1);
      if (memory && (::mkdir((at + "/run").c_str(), 0755) < 0 || ::mount("tmpfs", (at + "/run").c_str(), "tmpfs", 0, nullptr) < 0)) ::_exit(2);
      if (::chroot(root) < 0 || ::chdir("/") < 0) ::_exit(3);
      (void)::kill(::getpid(), SIGSTOP);
      struct stat st {};
      ::_exit(memory && ::stat("/run/secure-probe-test", &st) == 0 && (st.st_mode & 07777) == 0555 ? 40 : 41);
    }
    int status = 0;
    (void)::waitpid(holder, &status, WUNTRACED);
    int in[2], out[2];
    (void)!::pipe2(in, O_CLOEXEC);
    (void)!::pipe2(out, O_CLOEXEC);
    const pid_t placer = ::fork();
    if (placer == 0) {
      (void)::dup2(in[0], 0);
      (void)::dup2(out[1], 1);
      const int null = ::open("/dev/null", O_WRONLY);
      (void)::dup2(null, 2);
      ::close(in[1]);
      ::_exit(place(std::to_string(holder).c_str(), "secure-probe-test"));
    }
    ::close(out[1]);
    ::close(in[0]);
    char line[128];
    const ssize_t n = ::read(out[0], line, sizeof line);
    (void)::kill(holder, SIGCONT);
    (void)::waitpid(holder, &status, 0);
    ::close(in[1]);
    int code = 0;
    (void)::waitpid(placer, &code, 0);
    ::close(out[0]);
    return std::string(line, n > 0 ? static_cast<std::size_t>(n) : 0) + " " + std::to_string(WEXITSTATUS(status)) + " " + std::to_string(WEXITSTATUS(code));
  };
  REQUIRE(::symlink("victim", (at + "/dev").c_str()) == 0);
  REQUIRE(::symlink("/tmp", (at + "/tmp").c_str()) == 0);
  CHECK_EQ(run(false), std::string(" 41 3"));
  CHECK_EQ(run(true), std::string("/run/secure-probe-test\n 40 0"));
  // Nothing came to lie where the link led.
  CHECK_EQ(::rmdir(victim.c_str()), 0);
  (void)::unlink((at + "/dev").c_str());
  (void)::unlink((at + "/tmp").c_str());
  (void)::rmdir((at + "/run").c_str());
  CHECK_EQ(::rmdir(root), 0);
  CHECK_EQ(place("0", "x"), 3);
  CHECK_EQ(place("1", "../x"), 3);
  CHECK_EQ(place("1 ", "x"), 3);
}
