// SPDX-License-Identifier: Apache-2.0
#include "rlimit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "check.h"
#include "child.h"

namespace limits = secure::rlimit;
using secure::spec::Rlimit;

namespace {

// Code of the error that apply() gives in a child, as a number for the exit status.
int code_of(const secure::Status& status) {
  if (status.ok()) return 0;
  if (status.error().code == "RLIMIT_RAISE") return 1;
  if (status.error().code == "RLIMIT_INVALID") return 2;
  return 3;
}

bool can_open_one_more() {
  int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

}  // namespace

TEST(rlimit_names_round_trip) {
  for (int n = 0; n < 16; ++n) CHECK_EQ(limits::number(limits::name(n)), n);
  CHECK_EQ(limits::number("RLIMIT_NOFILE"), static_cast<int>(RLIMIT_NOFILE));
  CHECK_EQ(limits::number("NOFILE"), -1);
  CHECK_EQ(limits::number("rlimit_nofile"), -1);
  CHECK_EQ(limits::number(""), -1);
}

TEST(rlimit_binds_the_process) {
  CHECK_EQ(check::in_child([] { return can_open_one_more() ? 0 : 1; }), 0);
  CHECK_EQ(check::in_child([] {
             if (!limits::apply({{"RLIMIT_NOFILE", 3, 3}}).ok()) return 9;
             return can_open_one_more() ? 0 : 1;
           }),
           1);
}

TEST(rlimit_file_size_signal) {
  CHECK_EQ(check::in_child([] {
             if (!limits::apply({{"RLIMIT_CORE", 0, 0}, {"RLIMIT_FSIZE", 4096, 4096}}).ok()) return 9;
             int fd = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
             if (fd < 0 || ::pwrite(fd, "x", 1, 4095) != 1) return 8;
             return ::pwrite(fd, "x", 1, 4096) == 1 ? 0 : 1;
           }),
           128 + SIGXFSZ);
}

TEST(rlimit_cannot_be_raised_again) {
  if (::geteuid() != 0) SKIP("not root");
  CHECK_EQ(check::in_child([] {
             // An unprivileged user: what a machine without CAP_SYS_RESOURCE sees, whatever this one has.
             if (!limits::apply({{"RLIMIT_NOFILE", 64, 64}}).ok() || ::setresuid(65534, 65534, 65534) < 0) return 9;
             auto status = limits::apply({{"RLIMIT_NOFILE", 64, 65}});
             // The message has to name what there is, or the user cannot choose.
             if (!status.ok() && status.error().message.find("64") == std::string::npos) return 8;
             return code_of(status);
           }),
           1);
}

TEST(rlimit_same_value_needs_no_privilege) {
  if (::geteuid() != 0) SKIP("not root");
  CHECK_EQ(check::in_child([] {
             rlimit64 now{};
             if (::getrlimit64(RLIMIT_NPROC, &now) < 0 || ::setresuid(65534, 65534, 65534) < 0) return 9;
             return code_of(limits::apply({{"RLIMIT_NPROC", now.rlim_max, now.rlim_max}}));
           }),
           0);
}

TEST(rlimit_rejects_nonsense) {
  CHECK_EQ(check::in_child([] { return code_of(limits::apply({{"RLIMIT_NOFILE", 10, 9}})); }), 2);
  CHECK_EQ(check::in_child([] { return code_of(limits::apply({{"RLIMIT_BOGUS", 1, 1}})); }), 2);
  // 2^64-1 is "unlimited", not a negative number.
  CHECK_EQ(check::in_child([] { return code_of(limits::apply({{"RLIMIT_CPU", RLIM_INFINITY, RLIM_INFINITY}})); }), 0);
}

TEST(rlimit_on_another_process) {
  int gate[2];
  REQUIRE(::pipe2(gate, O_CLOEXEC) == 0);
  pid_t pid = ::fork();
  if (pid == 0) {
    char byte;
    ::close(gate[1]);
    (void)!::read(gate[0], &byte, 1);
    rlimit64 now{};
    ::_exit(::getrlimit64(RLIMIT_NOFILE, &now) == 0 && now.rlim_max == 17 ? 0 : 1);
  }
  ::close(gate[0]);
  CHECK(limits::apply({{"RLIMIT_NOFILE", 16, 17}}, pid).ok());
  ::close(gate[1]);
  int status = -1;
  (void)::waitpid(pid, &status, 0);
  CHECK_EQ(status, 0);
}
