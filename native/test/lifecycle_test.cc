// SPDX-License-Identifier: Apache-2.0
// kill, stop and wait over processes that play a container's first process and its monitor.
#include "record_lifecycle.h"

#include <poll.h>

#include <functional>

#include "check.h"
#include "record_fixture.h"

using namespace secure;
using fixture::Store;

namespace {

// A monitor in miniature: forks the first process, records it, and writes exit.json when it has ended.
struct Container {
  std::string id = record::new_id();
  pid_t monitor = -1;
  Container(const Store& store, bool remove, bool record_end, const std::function<void()>& body) {
    auto reserved = record::reserve(store.roots, id, "");
    if (!reserved) std::abort();
    store.write_config(id, reserved->name, 0, remove);
    monitor = ::fork();
    if (monitor == 0) {
      reserved->lock.reset();
      pid_t init = ::fork();
      if (init == 0) {
        ::close_range(3, ~0U, 0);
        body();
        ::_exit(0);
      }
      record::State state;
      state.id = id;
      state.pid = init;
      state.monitor_pid = ::getpid();
      state.cgroup = store.roots.cgroup_parent + "/" + id;
      state.started = record::now_rfc3339();
      if (!record::write_state(store.roots, state)) ::_exit(1);
      int status = 0;
      ::waitpid(init, &status, 0);
      ::usleep(20000);  // the log is drained first
      int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      if (record_end) (void)record::write_exit(store.roots, id, {code, {0, 0, 0}, 0, record::now_rfc3339(), ""});
      if (remove) (void)record::remove(store.roots, id, false);
      ::_exit(0);
    }
    for (int i = 0; i < 2000; ++i) {
      auto state = record::read_state(store.roots, id);
      if (state && state->pid != 0) break;
      ::usleep(1000);
    }
    reserved->lock.reset();
  }
  ~Container() {
    ::kill(monitor, SIGKILL);
    ::waitpid(monitor, nullptr, 0);
  }
};

void obey(int signal) {
  ::signal(signal, [](int) { ::_exit(7); });
  for (;;) (void)::poll(nullptr, 0, -1);
}
void ignore_everything() {
  ::signal(SIGUSR1, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  for (;;) (void)::poll(nullptr, 0, -1);
}

}  // namespace

TEST(lifecycle_pidfd_is_of_the_right_process) {
  auto self = record::open_process(::getpid(), record::start_time(::getpid()));
  CHECK(self.ok() && !record::wait_process(self->get(), 0));
  CHECK(!record::wait_process(self->get(), 5));
  CHECK_EQ(record::open_process(::getpid(), 1).error().code, "PROCESS_GONE");
  CHECK_EQ(record::open_process(::getpid(), 0).error().code, "PROCESS_GONE");
  CHECK(!record::open_process(0, 0).ok());
  CHECK(!record::open_process(-1, 0).ok());
}

TEST(lifecycle_stop_sends_the_configured_signal) {
  Store store;
  Container c(store, false, true, [] { obey(SIGUSR1); });
  ::usleep(20000);
  CHECK(record::stop(store.roots, c.id, std::nullopt).ok());
  // Final on return: exit.json is there although the monitor takes its time.
  auto state = record::read_state(store.roots, c.id);
  CHECK(state.ok() && state->status == "exited" && state->exit_code == 7);
  CHECK(record::stop(store.roots, c.id, std::nullopt).ok());
  CHECK_EQ(*record::wait(store.roots, c.id), 7);
  CHECK_EQ(record::send_signal(store.roots, c.id, SIGTERM).error().code, "CONTAINER_NOT_RUNNING");
}

TEST(lifecycle_stop_kills_what_does_not_obey) {
  Store store;
  Container c(store, false, true, ignore_everything);
  ::usleep(20000);
  auto before = record::now_rfc3339();
  CHECK(record::stop(store.roots, c.id, 0).ok());
  CHECK_EQ(*record::read_state(store.roots, c.id)->exit_code, 137);
  Container patient(store, false, true, ignore_everything);
  ::usleep(20000);
  CHECK(record::stop(store.roots, patient.id, 1).ok());
  CHECK_EQ(*record::wait(store.roots, patient.id), 137);
}

TEST(lifecycle_kill_and_wait) {
  Store store;
  Container c(store, false, true, [] { obey(SIGHUP); });
  ::usleep(20000);
  pid_t waiter = ::fork();
  if (waiter == 0) {
    auto code = record::wait(store.roots, c.id);
    ::_exit(code ? *code : 99);
  }
  ::usleep(20000);
  CHECK(record::send_signal(store.roots, c.id, SIGHUP).ok());
  int status = 0;
  ::waitpid(waiter, &status, 0);
  CHECK_EQ(WEXITSTATUS(status), 7);
}

TEST(lifecycle_wait_when_the_record_goes_with_the_container) {
  Store store;
  Container c(store, true, true, [] { obey(SIGHUP); });
  ::usleep(20000);
  auto state = record::read_state(store.roots, c.id);
  REQUIRE(state.ok());
  auto pidfd = record::open_process(state->pid, state->pid_start);
  REQUIRE(pidfd.ok());
  CHECK(record::stop(store.roots, c.id, 0).ok());
  if (record::wait_process(pidfd->get(), 1000) && !record::exit_of(pidfd->get())) SKIP("no PIDFD_INFO_EXIT: before Linux 6.15");
  CHECK_EQ(*record::exit_of(pidfd->get()), 137);
  for (int i = 0; i < 1000 && !store.empty(); ++i) ::usleep(1000);
  CHECK(store.empty());
  CHECK_EQ(record::wait(store.roots, c.id).error().code, "NO_SUCH_CONTAINER");
}

TEST(lifecycle_without_a_monitor) {
  Store store;
  Container c(store, false, true, ignore_everything);
  ::kill(c.monitor, SIGKILL);
  ::usleep(20000);
  CHECK_EQ(record::read_state(store.roots, c.id)->status, "running");
  CHECK_EQ(record::remove(store.roots, c.id, false).error().code, "CONTAINER_RUNNING");
  CHECK(record::stop(store.roots, c.id, 0).ok());
  CHECK_EQ(record::read_state(store.roots, c.id)->status, "dead");
  CHECK_EQ(record::wait(store.roots, c.id).error().code, "CONTAINER_DEAD");
  CHECK(record::remove(store.roots, c.id, false).ok());
}

TEST(lifecycle_forced_removal) {
  Store store;
  Container c(store, false, true, ignore_everything), removed(store, true, true, ignore_everything);
  CHECK_EQ(record::remove(store.roots, c.id, false).error().code, "CONTAINER_RUNNING");
  CHECK(record::remove(store.roots, c.id, true).ok());
  // Its own monitor removes it at the same time.
  CHECK(record::remove(store.roots, removed.id, true).ok());
  CHECK(store.empty());
}
