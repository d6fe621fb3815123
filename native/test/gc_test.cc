// SPDX-License-Identifier: Apache-2.0
// Garbage: what is found, what is left alone, and a sweep of SIGKILL over the whole life of a record.
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "check.h"
#include "record_fixture.h"
#include "record_lifecycle.h"

using namespace secure;
using fixture::Store;

namespace {

bool can_make_groups() {
  auto layout = cgroup::detect();
  return ::geteuid() == 0 && layout && layout->mode != cgroup::Mode::none;
}

cgroup::Layout layout() { return *cgroup::detect(); }

// A child in the group, until the guard dies.
struct Sleeper {
  pid_t pid = ::fork();
  explicit Sleeper(const cgroup::Group* group) {
    if (pid == 0) {
      ::close_range(3, ~0U, 0);  // a lock lives as long as any descriptor of it
      for (;;) (void)::poll(nullptr, 0, -1);
    }
    if (group != nullptr && !cgroup::join(*group, pid, false)) std::abort();
  }
  ~Sleeper() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
};

record::State running(const Store& store, const std::string& id, pid_t pid, pid_t monitor) {
  record::State state;
  state.id = id;
  state.pid = pid;
  state.monitor_pid = monitor;
  state.cgroup = store.roots.cgroup_parent + "/" + id;
  state.started = record::now_rfc3339();
  return state;
}

void live_for_ever(const Store& store) {
  for (;;) {
    std::string id = record::new_id();
    auto reserved = record::reserve(store.roots, id, "");
    if (!reserved) ::_exit(1);
    auto first = record::allocate_range(store.roots, id);
    if (!first) ::_exit(2);
    store.write_config(id, reserved->name, *first, true);
    auto group = cgroup::create(layout(), store.roots.cgroup_parent + "/" + id);
    if (!group) ::_exit(3);
    if (!record::write_state(store.roots, running(store, id, 0, ::getpid()))) ::_exit(4);
    if (!record::write_exit(store.roots, id, {0, {0, 0, 0}, 0, record::now_rfc3339(), ""})) ::_exit(5);
    reserved->lock.reset();
    if (!record::remove(store.roots, id, false)) ::_exit(6);
  }
}

}  // namespace

TEST(gc_of_nothing) {
  Store store;
  auto lines = record::gc(store.roots);
  CHECK(lines.ok() && lines->empty());
}

TEST(gc_leaves_other_instances_alone) {
  if (!can_make_groups()) SKIP("no writable cgroups");
  Store mine, theirs;
  theirs.roots.host = mine.roots.host;
  std::string starting = record::new_id(), orphan = record::new_id();
  // Theirs, between making its group and joining it.
  auto reserved = record::reserve(theirs.roots, starting, "");
  REQUIRE(reserved.ok());
  REQUIRE(cgroup::create(layout(), mine.roots.cgroup_parent + "/" + starting).ok());
  // Somebody's who keeps no records.
  std::string foreign = "foreign";
  auto group = cgroup::create(layout(), mine.roots.cgroup_parent + "/" + foreign);
  REQUIRE(group.ok());
  // Of a record that is gone, once empty and once not.
  REQUIRE(record::reserve(theirs.roots, orphan, "").ok());
  auto left = cgroup::create(layout(), mine.roots.cgroup_parent + "/" + orphan);
  REQUIRE(left.ok());
  REQUIRE(::rmdir((theirs.top + "/state/containers/" + orphan).c_str()) == 0);
  {
    Sleeper sleeper(&*left);
    CHECK_EQ(record::gc(mine.roots)->size(), 0);
    CHECK_EQ(cgroup::processes(*left)->size(), 1);
    CHECK_EQ(mine.dir("host/ids").size(), 2);
  }
  CHECK_EQ(record::gc(mine.roots)->size(), 2);
  CHECK(cgroup::open(layout(), mine.roots.cgroup_parent + "/" + starting).ok());
  CHECK(cgroup::open(layout(), mine.roots.cgroup_parent + "/" + foreign).ok());
  CHECK(!cgroup::open(layout(), mine.roots.cgroup_parent + "/" + orphan).ok());
  CHECK_EQ(mine.dir("host/ids").size(), 1);
}

TEST(gc_cleans_up_after_a_killed_monitor) {
  if (!can_make_groups()) SKIP("no writable cgroups");
  Store store;
  for (bool remove : {false, true}) {
    std::string id = record::new_id();
    auto reserved = record::reserve(store.roots, id, remove ? "auto" : "kept");
    REQUIRE(reserved.ok());
    auto first = record::allocate_range(store.roots, id);
    REQUIRE(first.ok());
    store.write_config(id, reserved->name, *first, remove);
    auto group = cgroup::create(layout(), store.roots.cgroup_parent + "/" + id);
    REQUIRE(group.ok());
    // A second process of the container, without a pid namespace to take it along.
    Sleeper straggler(&*group);
    {
      Sleeper init(nullptr);
      REQUIRE(record::write_state(store.roots, running(store, id, init.pid, 0)).ok());
      reserved->lock.reset();
      // Alive without its monitor: nobody's to remove.
      CHECK_EQ(record::gc(store.roots)->size(), 0);
    }
    auto lines = record::gc(store.roots);
    REQUIRE(lines.ok());
    CHECK_EQ(lines->size(), 1);
    CHECK(cgroup::processes(*group)->empty());
    auto state = record::read_state(store.roots, id);
    if (remove) CHECK(!state.ok());
    else CHECK(state.ok() && state->status == "dead");
  }
  CHECK_EQ(store.dir("state/containers").size(), 1);
  CHECK(cgroup::children(layout(), store.roots.cgroup_parent).empty());
}

TEST(gc_does_not_kill_by_a_path_that_only_a_config_names) {
  if (!can_make_groups()) SKIP("no writable cgroups");
  Store store;
  std::string victim = store.roots.cgroup_parent + "/victim", id = record::new_id();
  auto group = cgroup::create(layout(), victim);
  REQUIRE(group.ok());
  Sleeper sleeper(&*group);
  REQUIRE(record::reserve(store.roots, id, "").ok());
  store.write("state/containers/" + id + "/config.json",
              R"({"linux":{"cgroupsPath":")" + victim + R"("},"secure":{"monitor":{"remove":true}}})");
  CHECK_EQ(record::gc(store.roots)->size(), 1);
  CHECK_EQ(cgroup::processes(*group)->size(), 1);
  CHECK(store.dir("state/containers").empty());
}

TEST(gc_running_state_without_a_record) {
  Store store;
  std::string id = record::new_id(), alive = record::new_id();
  REQUIRE(record::reserve(store.roots, record::new_id(), "other").ok());
  Sleeper monitor(nullptr), init(nullptr);
  REQUIRE(record::write_state(store.roots, running(store, id, 0, monitor.pid)).ok());
  REQUIRE(record::write_state(store.roots, running(store, alive, init.pid, monitor.pid)).ok());
  auto watch = record::open_process(monitor.pid, record::start_time(monitor.pid));
  REQUIRE(watch.ok());
  auto lines = record::gc(store.roots);
  REQUIRE(lines.ok());
  CHECK_EQ(store.dir("run/containers").size(), 1);
  CHECK(::kill(init.pid, 0) == 0);
  CHECK(record::wait_process(watch->get(), 5000));
}

TEST(gc_registers_ranges_after_a_restart) {
  Store store;
  std::string id = record::new_id();
  auto reserved = record::reserve(store.roots, id, "");
  REQUIRE(reserved.ok());
  auto first = record::allocate_range(store.roots, id);
  REQUIRE(first.ok());
  store.write_config(id, reserved->name, *first, false);
  Fd top(::open(store.top.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(remove_tree(top.get(), "host").ok());
  reserved->lock.reset();
  CHECK_EQ(record::gc(store.roots)->size(), 0);
  CHECK_EQ(store.dir("host/ranges").size(), 1);
  CHECK(record::remove(store.roots, id, false).ok());
  CHECK(store.empty());
}

// Killed at any moment of reserving, allocating, making the group, ending and removing, nothing remains after gc();
// and gc() running beside it never takes anything from it.
TEST(gc_sweep_of_sigkill) {
  if (!can_make_groups()) SKIP("no writable cgroups");
  Store store;
  for (int i = 0; i < 200; ++i) {
    pid_t child = ::fork();
    if (child == 0) live_for_ever(store);
    unsigned random = 0;
    (void)!::getrandom(&random, sizeof random, 0);
    timespec pause{0, static_cast<long>(random % 12'000'000)};
    ::nanosleep(&pause, nullptr);
    if (i % 3 == 0) CHECK(record::gc(store.roots).ok());
    int status = 0;
    // Still alive: no step of it failed although gc() ran beside it.
    CHECK_EQ(::waitpid(child, &status, WNOHANG), 0);
    if (WIFEXITED(status) && status != 0) check::failed(__FILE__, __LINE__, "step " + std::to_string(WEXITSTATUS(status)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    auto lines = record::gc(store.roots);
    REQUIRE(lines.ok());
    CHECK_EQ(store.left(), "");
    REQUIRE(store.empty());
  }
}

TEST(gc_takes_an_empty_parent_away) {
  Store store;
  auto layout = secure::cgroup::detect();
  REQUIRE(layout.ok());
  if (layout->hierarchies.empty()) SKIP("no cgroups");
  // What a start leaves that is killed between two calls of mkdir.
  const std::string parent = layout->hierarchies.front().mount + store.roots.cgroup_parent;
  REQUIRE(::mkdir(parent.c_str(), 0755) == 0);
  CHECK(secure::record::gc(store.roots).ok());
  CHECK(::access(parent.c_str(), F_OK) < 0);
}
