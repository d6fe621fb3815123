// SPDX-License-Identifier: Apache-2.0
// The Landlock probe on live processes: it tells the truth, and they do not notice it. And the proof against a
// process that has nothing of what its plan asks for.
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>

#include <atomic>
#include <functional>

#include "check.h"
#include "child.h"
#include "enforced.h"
#include "enforced_parts.h"
#include "fd.h"
#include "landlock.h"
#include "probe.h"
#include "record.h"
#include "seccomp.h"

namespace probe = secure::probe;
namespace landlock = secure::landlock;

namespace {

secure::spec::Landlock read_only() {
  secure::spec::Landlock config;
  config.min_abi = 1;
  config.handled_access_fs = {"write_file", "read_file"};
  config.path_beneath.push_back({{"/"}, {"read_file"}, false});
  return config;
}

void confine() {
  auto ruleset = landlock::build(read_only());
  (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!ruleset.ok() || !landlock::enforce(*ruleset).ok()) ::_exit(99);
}

std::uint64_t now_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1000 + static_cast<std::uint64_t>(t.tv_nsec) / 1'000'000;
}

// Memory that a child and the test both see.
struct Shared {
  std::atomic<std::uint64_t> ready, count, handled;
  std::atomic<std::uint32_t> futex;
};

struct Subject {
  pid_t pid = -1;
  std::uint64_t start = 0;
  Shared* shared = nullptr;

  // `body` runs in a child; its result is the exit code, 0 for "nothing odd happened to me".
  explicit Subject(const std::function<int(Shared&)>& body) {
    void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared = new (memory) Shared{};
    pid = ::fork();
    if (pid == 0) ::_exit(body(*shared));
    start = secure::record::start_time(pid);
    while (shared->ready.load() == 0) ::usleep(200);
    ::usleep(2000);  // into whatever it waits in
  }
  int finish() {
    int status = 0;
    (void)::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  ~Subject() { ::munmap(shared, 4096); }
  [[nodiscard]] probe::Answer ask(bool settle = false, unsigned timeout_ms = 2000) const {
    return probe::landlock(pid, start, {timeout_ms, settle});
  }
};

// For processes with a life of their own: on a busy machine the last questions may come too late.
bool says_or_ended(const probe::Answer& answer, bool expected) {
  return answer.actual.find("ended") != std::string::npos || answer.in_force == expected;
}

bool says(const probe::Answer& answer, bool expected) {
  if (answer.in_force == expected) return true;
  std::string text = "# " + answer.actual + " / " + answer.evidence + "\n";
  (void)!::write(1, text.data(), text.size());
  return false;
}

// Not std::sleep: a plain nanosleep whose result counts, without a retry on EINTR.
int sleep_exactly(unsigned ms) {
  timespec span{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1'000'000};
  const std::uint64_t from = now_ms();
  if (::syscall(SYS_nanosleep, &span, nullptr) != 0) return 1;
  const std::uint64_t took = now_ms() - from;
  return took + 1 >= ms && took < ms + 400 ? 0 : 2;
}

void on_signal(int) {}
std::atomic<std::uint64_t>* handled_counter = nullptr;
void count_signal(int) { handled_counter->fetch_add(1); }

void install(int signal, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

TEST(probe_sees_landlock_and_its_absence) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  for (bool confined : {false, true}) {
    for (bool settle : {false, true}) {
      Subject sleeper([&](Shared& s) {
        if (confined) confine();
        s.ready = 1;
        return sleep_exactly(400);
      });
      CHECK(says(sleeper.ask(settle), confined));
      CHECK_EQ(sleeper.finish(), 0);
    }
  }
}

TEST(probe_leaves_a_busy_loop_alone) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  Subject busy([](Shared& s) {
    confine();
    s.ready = 1;
    // A recurrence in registers only, checked against its closed form: any register that came back wrong shows.
    volatile std::uint64_t rounds = 0;
    while (s.futex.load() == 0) {
      std::uint64_t sum = 0;
      for (std::uint64_t i = 1; i <= 1000; ++i) {
        sum += i;
        __asm__ volatile("" : "+r"(sum));
      }
      if (sum != 500500) return 1;
      rounds = rounds + 1;
      s.count.fetch_add(1);
    }
    return rounds == s.count.load() ? 0 : 2;
  });
  for (int i = 0; i < 300; ++i) CHECK(says(busy.ask(), true));
  const std::uint64_t before = busy.shared->count;
  for (int i = 0; i < 200 && busy.shared->count == before; ++i) ::usleep(10000);
  CHECK(busy.shared->count > before);
  busy.shared->futex = 1;
  CHECK_EQ(busy.finish(), 0);
}

// Both ways to stop in a call, since one of them is what another processor needs.
TEST(probe_restarts_interrupted_calls) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  for (bool settle : {false, true}) {
    Subject sleeper([](Shared& s) {
      confine();
      s.ready = 1;
      return sleep_exactly(1200);
    });
    // Long before it ends by itself: on a busy machine a hundred questions may take that long.
    std::uint64_t begin = now_ms();
    for (int i = 0; i < 100 && now_ms() - begin < 700; ++i) CHECK(says_or_ended(sleeper.ask(settle), true));
    CHECK_EQ(sleeper.finish(), 0);

    Subject poller([](Shared& s) {
      confine();
      s.ready = 1;
      const std::uint64_t from = now_ms();
      if (::syscall(SYS_poll, nullptr, 0, 800) != 0) return 1;
      return now_ms() - from >= 799 && now_ms() - from < 1200 ? 0 : 2;
    });
    begin = now_ms();
    for (int i = 0; i < 50 && now_ms() - begin < 400; ++i) CHECK(says_or_ended(poller.ask(settle), true));
    CHECK_EQ(poller.finish(), 0);

    Subject waiter([](Shared& s) {
      confine();
      s.ready = 1;
      timespec limit{5, 0};
      // Woken by the test, not by us: 0, neither EINTR nor EAGAIN.
      return ::syscall(SYS_futex, &s.futex, FUTEX_WAIT, 0, &limit, nullptr, 0) == 0 ? 0 : errno;
    });
    for (int i = 0; i < 50; ++i) CHECK(says(waiter.ask(settle), true));
    waiter.shared->futex = 1;
    CHECK_EQ(::syscall(SYS_futex, &waiter.shared->futex, FUTEX_WAKE, 1, nullptr, nullptr, 0), 1);
    CHECK_EQ(waiter.finish(), 0);
  }
}

TEST(probe_keeps_data_of_a_reader_intact) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  Subject reader([&](Shared& s) {
    confine();
    ::close(ends[1]);
    s.ready = 1;
    for (std::uint64_t expected = 0;;) {
      std::uint64_t got = 0;
      const ssize_t n = ::syscall(SYS_read, ends[0], &got, sizeof got);
      if (n == 0) return expected == 300 ? 0 : 1;
      if (n != sizeof got || got != expected++) return 2;
    }
  });
  ::close(ends[0]);
  for (std::uint64_t i = 0; i < 300; ++i) {
    CHECK(says(reader.ask(i % 2 == 0), true));
    CHECK_EQ(::write(ends[1], &i, sizeof i), sizeof i);
  }
  ::close(ends[1]);
  CHECK_EQ(reader.finish(), 0);
}

// A handler must run once per signal, and a call without SA_RESTART must see EINTR: a signal that came while the thread
// was borrowed and a call that was merely made again would sleep for ever. (Masked outside the call, as programs must:
// between its decision to restart a call and the call there is a moment of the kernel's own.)
TEST(probe_loses_no_signal) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  for (bool settle : {false, true}) {
    Subject pauser([](Shared& s) {
      confine();
      handled_counter = &s.handled;
      install(SIGUSR1, count_signal, 0);
      const std::uint64_t outside = 1U << (SIGUSR1 - 1), inside = 0;
      ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &outside, nullptr, 8);
      for (;;) {
        s.ready = 1;
        if (::syscall(SYS_ppoll, nullptr, 0, nullptr, &inside, 8) != -1 || errno != EINTR) return 1;
        if (s.count.fetch_add(1) + 1 == 300) return s.handled.load() == 300 ? 0 : 2;
      }
    });
    for (std::uint64_t i = 0; i < 300; ++i) {
      const pid_t sender = ::fork();
      if (sender == 0) {
        ::usleep(static_cast<useconds_t>(i * 7 % 1500));
        ::_exit(::kill(pauser.pid, SIGUSR1) == 0 ? 0 : 1);
      }
      const auto answer = pauser.ask(settle);
      (void)::waitpid(sender, nullptr, 0);
      if (i < 299) CHECK(says(answer, true));
      const std::uint64_t until = now_ms() + 2000;
      while (pauser.shared->count.load() <= i && now_ms() < until) ::usleep(50);
      if (pauser.shared->count.load() <= i) {
        ::kill(pauser.pid, SIGKILL);
        break;
      }
    }
    CHECK_EQ(pauser.finish(), 0);
  }
}

// sigsuspend and its like swap the mask for the time of the call: the probe must give back the right one of the two.
TEST(probe_keeps_signal_masks) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  Subject suspended([](Shared& s) {
    confine();
    install(SIGUSR1, on_signal, 0);
    install(SIGUSR2, on_signal, 0);
    sigset_t outside, inside, after;
    ::sigemptyset(&outside);
    ::sigaddset(&outside, SIGUSR1);
    ::sigprocmask(SIG_SETMASK, &outside, nullptr);
    ::sigemptyset(&inside);
    ::sigaddset(&inside, SIGUSR2);
    s.ready = 1;
    if (::sigsuspend(&inside) != -1 || errno != EINTR) return 1;
    ::sigprocmask(SIG_SETMASK, nullptr, &after);
    return ::sigismember(&after, SIGUSR1) == 1 && ::sigismember(&after, SIGUSR2) == 0 ? 0 : 2;
  });
  for (int i = 0; i < 50; ++i) CHECK(says(suspended.ask(i % 2 == 0), true));
  ::kill(suspended.pid, SIGUSR1);
  CHECK_EQ(suspended.finish(), 0);
}

TEST(probe_does_not_touch_what_it_cannot_ask) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  Subject other([](Shared& s) {
    s.ready = 1;
    return sleep_exactly(300);
  });
  CHECK(!probe::landlock(other.pid, other.start + 1).in_force.has_value());  // a reused pid
  CHECK_EQ(other.finish(), 0);
  CHECK(!probe::landlock(other.pid, other.start).in_force.has_value());  // gone

  Subject hidden([](Shared& s) {
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)!::setresuid(65534, 65534, 65534);
    s.ready = 1;
    return sleep_exactly(300);
  });
  CHECK(!hidden.ask().in_force.has_value());
  CHECK_EQ(hidden.finish(), 0);

  Subject stopped([](Shared& s) {
    s.ready = 1;
    return ::raise(SIGSTOP);
  });
  ::usleep(5000);
  CHECK_EQ(stopped.ask().actual, "stopped by a signal");
  int status = 0;
  CHECK_EQ(::waitpid(stopped.pid, &status, WUNTRACED), stopped.pid);
  CHECK(WIFSTOPPED(status));  // still, and by its own signal
  ::kill(stopped.pid, SIGCONT);
  CHECK_EQ(stopped.finish(), 0);
}

// Seccomp decides about the injected call too, and for some filters the decision is death.
TEST(probe_does_not_run_into_seccomp) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  for (std::uint32_t action : {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO | EPERM}) {
    Subject filtered([&](Shared& s) {
      confine();
      sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
                            BPF_STMT(BPF_RET | BPF_K, action), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
      sock_fprog program{4, code};
      if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) return 9;
      s.ready = 1;
      return sleep_exactly(300);
    });
    const auto answer = filtered.ask();
    CHECK(!answer.in_force.has_value());
    CHECK(answer.actual.starts_with("refused by seccomp"));
    CHECK_EQ(filtered.finish(), 0);
  }
}

TEST(probe_gives_up_in_time_on_what_does_not_stop) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  // The parent of a vfork sleeps uninterruptibly by anything but SIGKILL until the child is done.
  Subject parent([](Shared& s) {
    const pid_t pid = ::vfork();
    if (pid == 0) {
      s.ready = 1;
      ::usleep(800'000);
      ::_exit(0);
    }
    int status = 0;
    return ::waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
  });
  const std::uint64_t from = now_ms();
  CHECK(!parent.ask(false, 300).in_force.has_value());
  CHECK(now_ms() - from < 1500);
  CHECK_EQ(parent.finish(), 0);
}

// Whoever asks may be killed at any moment; the process that was asked goes on.
TEST(probe_survives_the_death_of_the_caller) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  Subject sleeper([](Shared& s) {
    confine();
    s.ready = 1;
    return sleep_exactly(1500);
  });
  for (unsigned i = 0; i < 100; ++i) {
    const pid_t caller = ::fork();
    if (caller == 0) {
      (void)sleeper.ask();
      ::_exit(0);
    }
    ::usleep(i * 13);
    ::kill(caller, SIGKILL);
    (void)::waitpid(caller, nullptr, 0);
  }
  CHECK_EQ(sleeper.finish(), 0);
}

// The worker itself killed, at any moment: the kernel lets the process go, it is never left stopped.
TEST(probe_leaves_nothing_stopped_when_the_worker_is_killed) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  Subject subject([](Shared& s) {
    confine();
    s.ready = 1;
    while (s.futex.load() == 0) {
      s.count.fetch_add(1);
      (void)sleep_exactly(1);
    }
    return 0;
  });
  for (unsigned i = 0; i < 60 && ::kill(subject.pid, 0) == 0; ++i) {
    const pid_t caller = ::fork();
    if (caller == 0) {
      (void)subject.ask();
      ::_exit(0);
    }
    ::usleep(i * 20);
    auto children = secure::read_file(
        AT_FDCWD, "/proc/" + std::to_string(caller) + "/task/" + std::to_string(caller) + "/children", 4096);
    if (children.ok() && !children->empty()) ::kill(std::atoi(children->c_str()), SIGKILL);
    (void)::waitpid(caller, nullptr, 0);
    const std::uint64_t before = subject.shared->count;
    const std::uint64_t until = now_ms() + 1000;
    while (subject.shared->count.load() == before && now_ms() < until) ::usleep(500);
    CHECK(subject.shared->count.load() != before);
  }
  subject.shared->futex = 1;
  CHECK_EQ(subject.finish(), 0);
}

TEST(probe_knows_when_the_rules_allow_it) {
  auto rules = read_only();
  CHECK(probe::covered(rules));
  rules.path_beneath.push_back({{"/tmp"}, {"write_file"}, false});
  CHECK(probe::covered(rules));
  rules.path_beneath.push_back({{"/proc"}, {"write_file"}, false});
  CHECK(!probe::covered(rules));
  rules = read_only();
  rules.handled_access_fs = {"read_file"};
  CHECK(!probe::covered(rules));
}

namespace {

// A plan that asks for everything a plain process has not.
constexpr const char* kDemanding = R"({"ociVersion":"1.3.0",
 "process":{"user":{"uid":7,"gid":7},"args":["x"],"cwd":"/","noNewPrivileges":true,
  "capabilities":{"bounding":[],"effective":[],"permitted":[]},
  "rlimits":[{"type":"RLIMIT_NOFILE","soft":1,"hard":1}]},
 "root":{"path":"rootfs","readonly":true},
 "mounts":[{"destination":"/proc","type":"proc","source":"proc","options":["nosuid","ro"]}],
 "linux":{"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"network"}],
  "cgroupsPath":"/secure/absent","resources":{"memory":{"limit":4096},"pids":{"limit":1},"cpu":{"quota":1000,"period":100000},
   "devices":[{"allow":false,"access":"rwm"}]},
  "seccomp":{"defaultAction":"SCMP_ACT_ERRNO"},"maskedPaths":["/etc"],"readonlyPaths":["/tmp"]},
 "secure":{"schemaVersion":1,"layers":[{"diffId":"sha256:1","path":"/x"}],"landlock":{"minAbi":1,"handledAccessFs":["write_file"],"pathBeneath":[]},
  "reasons":[{"control":"rootfs","required":false}]}})";

const secure::enforced::Control* find(const secure::enforced::Proof& proof, const std::string& name) {
  for (const auto& control : proof.controls)
    if (control.name == name) return &control;
  return nullptr;
}

}  // namespace

TEST(enforced_says_what_is_missing) {
  if (::geteuid() != 0) SKIP("not root");
  Subject plain([](Shared& s) {
    s.ready = 1;
    return ::pause();  // however long the questions take
  });
  auto proof = secure::enforced::prove("0123", plain.pid, plain.start, kDemanding);
  if (!proof.ok()) check::failed(__FILE__, __LINE__, proof.error().text());
  REQUIRE(proof.ok());
  for (const char* name : {"user", "capabilities", "no-new-privileges", "seccomp", "namespaces", "network", "rootfs",
                           "masked-paths", "readonly-paths", "mounts", "cgroup", "memory", "pids", "cpus", "devices",
                           "rlimit-nofile", "landlock-files"}) {
    const auto* control = find(*proof, name);
    if (control == nullptr || control->in_force != false) check::failed(__FILE__, __LINE__, name);
    if (control != nullptr) CHECK_EQ(control->required, std::string_view(name) != "rootfs");
  }
  // What was not planned is told, and not demanded.
  REQUIRE(find(*proof, "user-namespace") != nullptr);
  CHECK(!find(*proof, "user-namespace")->required);
  CHECK(secure::enforced::to_json(*proof).starts_with("{\"schemaVersion\":1,\"id\":\"0123\""));
  (void)::kill(plain.pid, SIGKILL);
  CHECK_EQ(plain.finish(), 128 + SIGKILL);
}

TEST(enforced_refuses_the_dead_and_the_reused) {
  Subject other([](Shared& s) {
    s.ready = 1;
    return sleep_exactly(200);
  });
  auto reused = secure::enforced::prove("0123", other.pid, other.start + 1, kDemanding);
  CHECK(!reused.ok() && reused.error().code == "CONTAINER_NOT_RUNNING");
  CHECK_EQ(other.finish(), 0);
  auto dead = secure::enforced::prove("0123", other.pid, other.start, kDemanding);
  CHECK(!dead.ok() && dead.error().code == "CONTAINER_NOT_RUNNING");
}

TEST(enforced_reads_mountinfo) {
  const auto mounts = secure::enforced::parse_mountinfo(
      "36 35 98:0 /a /with\\040space rw,nosuid shared:1 master:2 - ext4 /dev/x ro,errors=continue\n"
      "not a mount line\n37 36 0:1 / /b rw - tmpfs tmpfs\n38 36 0:1 / /c ro,nodev - tmpfs tmpfs rw\n");
  REQUIRE(mounts.size() == 2);
  CHECK_EQ(mounts[0].point, "/with space");
  CHECK(mounts[0].has("nosuid") && mounts[0].read_only());
  CHECK(mounts[1].has("nodev") && mounts[1].read_only());
}
