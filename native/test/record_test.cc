// SPDX-License-Identifier: Apache-2.0
#include <sys/file.h>

#include <set>

#include "check.h"
#include "json.h"
#include "record_fixture.h"

using namespace secure;
using fixture::Store;

TEST(record_names_and_ids) {
  std::set<std::string> ids;
  for (int i = 0; i < 200; ++i) {
    std::string id = record::new_id();
    CHECK_EQ(id.size(), 64);
    CHECK(record::valid_id(id));
    CHECK(record::valid_name(record::new_name()));
    ids.insert(std::move(id));
  }
  CHECK_EQ(ids.size(), 200);
  CHECK(record::valid_name("a") && record::valid_name("0_.-Z") && record::valid_name(std::string(128, 'a')));
  for (const std::string& bad : {std::string(), std::string(129, 'a'), std::string("-a"), std::string(".new-1"),
                                 std::string("a/b"), std::string(".."), std::string("a b"), std::string("a\n"),
                                 std::string("a\0b", 3), std::string("\xc3\xa4")}) {
    CHECK(!record::valid_name(bad));
    Store store;
    auto reserved = record::reserve(store.roots, bad, "");
    CHECK(!reserved.ok() && reserved.error().code == "ID_INVALID");
    if (!bad.empty()) {
      reserved = record::reserve(store.roots, record::new_id(), bad);
      CHECK(!reserved.ok() && reserved.error().code == "NAME_INVALID");
    }
    CHECK(store.empty());
  }
}

TEST(record_stat_line) {
  auto stat = record::parse_stat("12 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 77 20\n");
  CHECK_EQ(stat.state, 'S');
  CHECK_EQ(stat.start, 77);
  CHECK_EQ(record::parse_stat("12 (a) S 1 2").start, 0);
  CHECK_EQ(record::parse_stat("").start, 0);
  CHECK_EQ(record::parse_stat("12 (a)").start, 0);
  CHECK(record::start_time(::getpid()) != 0);
  CHECK(record::process_alive(::getpid(), record::start_time(::getpid())));
  CHECK(!record::process_alive(::getpid(), record::start_time(::getpid()) + 1));
  CHECK(!record::process_alive(0, 0));
  CHECK(!record::process_alive(-1, 0));
}

TEST(record_zombie_is_not_alive) {
  pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  auto start = record::start_time(pid);
  CHECK(start != 0);
  CHECK(!record::process_alive(pid, start));
  ::waitpid(pid, nullptr, 0);
}

TEST(record_reserve_and_remove) {
  Store store;
  std::string id = record::new_id();
  auto first = record::reserve(store.roots, id, "web");
  REQUIRE(first.ok());
  CHECK_EQ(first->name, "web");
  CHECK(first->lock.valid());
  CHECK_EQ(store.dir("state/containers").size(), 1);
  struct stat st {};
  CHECK(::stat((store.top + "/state/containers/" + id).c_str(), &st) == 0 && (st.st_mode & 07777) == 0700);
  CHECK(::stat((store.top + "/host").c_str(), &st) == 0 && (st.st_mode & 07777) == 0700);

  auto second = record::reserve(store.roots, record::new_id(), "web");
  REQUIRE(!second.ok());
  CHECK_EQ(second.error().code, "NAME_TAKEN");
  CHECK(second.error().message.find(id.substr(0, 12)) != std::string::npos);
  CHECK_EQ(store.dir("state/containers").size(), 1);
  CHECK_EQ(store.dir("host/ids").size(), 1);

  auto again = record::reserve(store.roots, id, "other");
  CHECK(!again.ok() && again.error().code == "ID_TAKEN");
  CHECK_EQ(store.dir("state/names").size(), 1);

  auto picked = record::reserve(store.roots, record::new_id(), "");
  REQUIRE(picked.ok());
  CHECK(record::valid_name(picked->name));

  // In the making: the lock is held, so it is neither removable nor garbage.
  auto state = record::read_state(store.roots, id);
  CHECK(state.ok() && state->status == "created");
  CHECK_EQ(record::gc(store.roots)->size(), 0);
  first->lock.reset();
  picked->lock.reset();
  CHECK_EQ(record::read_state(store.roots, id)->status, "dead");
  CHECK(record::remove(store.roots, id, false).ok());
  CHECK(!record::remove(store.roots, id, true).ok());
  CHECK_EQ(record::gc(store.roots)->size(), 1);
  CHECK(store.empty());
}

TEST(record_name_of_a_dead_owner_is_taken_over) {
  Store store;
  auto first = record::reserve(store.roots, record::new_id(), "one");
  REQUIRE(first.ok());
  REQUIRE(::symlink(record::new_id().c_str(), (store.top + "/state/names/web").c_str()) == 0);
  store.write("state/names/file", "no symlink");
  // A target that leads out of the store is nobody's.
  REQUIRE(::symlink("../../..", (store.top + "/state/names/out").c_str()) == 0);
  for (const char* name : {"web", "file", "out"}) {
    auto taken = record::reserve(store.roots, record::new_id(), name);
    CHECK(taken.ok());
  }
}

TEST(record_name_race_has_one_winner) {
  Store store;
  for (int round = 0; round < 20; ++round) {
    // Half of the rounds over a dead reservation, where a takeover could hand the name out twice.
    std::string name = "n" + std::to_string(round);
    REQUIRE(record::reserve(store.roots, record::new_id(), "seed" + std::to_string(round)).ok());
    if (round % 2 == 0) REQUIRE(::symlink(record::new_id().c_str(), (store.top + "/state/names/" + name).c_str()) == 0);
    pid_t children[4];
    for (auto& child : children) {
      child = ::fork();
      if (child == 0) ::_exit(record::reserve(store.roots, record::new_id(), name).ok() ? 1 : 0);
    }
    int winners = 0;
    for (pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      winners += WEXITSTATUS(status);
    }
    CHECK_EQ(winners, 1);
  }
}

TEST(record_unsafe_roots) {
  Store store;
  REQUIRE(::mkdir(store.roots.state.c_str(), 0700) == 0);
  REQUIRE(::chmod(store.roots.state.c_str(), 0777) == 0);
  auto reserved = record::reserve(store.roots, record::new_id(), "");
  CHECK(!reserved.ok() && reserved.error().code == "STATE_UNSAFE");
  REQUIRE(::chmod(store.roots.state.c_str(), 0700) == 0);
  if (::geteuid() == 0) {
    REQUIRE(::chown(store.roots.state.c_str(), 1234, 0) == 0);
    CHECK(!record::reserve(store.roots, record::new_id(), "").ok());
    REQUIRE(::chown(store.roots.state.c_str(), 0, 0) == 0);
  }
  REQUIRE(::symlink("/tmp", (store.roots.state + "/containers").c_str()) == 0);
  CHECK(!record::reserve(store.roots, record::new_id(), "").ok());
  store.roots.state = "relative";
  CHECK(!record::reserve(store.roots, record::new_id(), "").ok());
}

TEST(record_resolve) {
  Store store;
  CHECK_EQ(record::resolve(store.roots, "web").error().code, "NO_SUCH_CONTAINER");
  std::string a = "aa1" + std::string(61, '0'), b = "aa2" + std::string(61, '0');
  REQUIRE(record::reserve(store.roots, a, "web").ok());
  // A name that looks like the beginning, or the whole, of another container's id.
  REQUIRE(record::reserve(store.roots, b, "aa1").ok());
  CHECK_EQ(*record::resolve(store.roots, "web"), a);
  CHECK_EQ(*record::resolve(store.roots, a), a);
  CHECK_EQ(*record::resolve(store.roots, "aa10"), a);
  CHECK_EQ(*record::resolve(store.roots, "aa1"), b);
  CHECK_EQ(record::resolve(store.roots, "aa").error().code, "AMBIGUOUS_ID");
  for (const char* bad : {"", "..", "../names/web", "zz", "aa3", "AA1", "a b", "-"})
    CHECK_EQ(record::resolve(store.roots, bad).error().code, "NO_SUCH_CONTAINER");
}

TEST(record_state_round_trip) {
  Store store;
  std::string id = record::new_id();
  auto reserved = record::reserve(store.roots, id, "we-b");
  REQUIRE(reserved.ok());
  store.write_config(id, "we-b", record::kRangeFirst, false);
  record::State state;
  state.id = id;
  state.pid = state.monitor_pid = ::getpid();
  state.started = record::now_rfc3339();
  CHECK_EQ(state.started.size(), 30);
  state.image = "quote\" back\\slash \x01";
  REQUIRE(record::write_state(store.roots, state).ok());
  auto read = record::read_state(store.roots, id);
  REQUIRE(read.ok());
  CHECK_EQ(read->status, "running");
  CHECK_EQ(read->name, "we-b");
  CHECK_EQ(read->image, state.image);
  CHECK_EQ(read->pid, ::getpid());
  CHECK_EQ(read->range_first, record::kRangeFirst);
  auto parsed = json::parse(record::to_json(*read), "state");
  REQUIRE(parsed.ok());
  CHECK((*parsed)["exitCode"].IsNull() && (*parsed)["pid"].GetInt() == ::getpid());
  reserved->lock.reset();
  CHECK_EQ(record::remove(store.roots, id, false).error().code, "CONTAINER_RUNNING");

  // The same pid in another boot, or of a later process, is not the container.
  state.boot_id = "00000000-0000-0000-0000-000000000000";
  REQUIRE(record::write_state(store.roots, state).ok());
  CHECK_EQ(record::read_state(store.roots, id)->status, "dead");
  CHECK_EQ(record::read_state(store.roots, id)->pid, 0);
  state.boot_id.clear();
  state.pid_start = state.monitor_start = 1;
  REQUIRE(record::write_state(store.roots, state).ok());
  CHECK_EQ(record::read_state(store.roots, id)->status, "dead");

  REQUIRE(record::write_exit(store.roots, id, {137, {1, 0, 0}, 0, record::now_rfc3339(), ""}).ok());
  read = record::read_state(store.roots, id);
  CHECK(read.ok() && read->status == "exited" && read->exit_code == 137 && read->oom_killed);
  CHECK(record::remove(store.roots, id, false).ok());
  CHECK(store.empty());
}

TEST(record_corrupt_ones_do_not_hide_others) {
  Store store;
  std::vector<std::string> bad{"{", "[]", "{\"secure\":{\"name\":7}}", std::string("\0\0", 2), ""};
  for (const auto& text : bad) {
    std::string id = record::new_id();
    REQUIRE(record::reserve(store.roots, id, "").ok());
    store.write("state/containers/" + id + "/config.json", text);
  }
  std::string directory = record::new_id();
  REQUIRE(record::reserve(store.roots, directory, "").ok());
  REQUIRE(::mkdir((store.top + "/state/containers/" + directory + "/config.json").c_str(), 0700) == 0);
  std::string good = record::new_id();
  REQUIRE(record::reserve(store.roots, good, "good").ok());
  store.write_config(good, "good", 0, false);
  auto all = record::list(store.roots);
  REQUIRE(all.ok());
  CHECK_EQ(all->size(), 7);
  int corrupt = 0;
  for (const auto& state : *all) corrupt += state.status == "corrupt";
  CHECK_EQ(corrupt, 6);
  // gc() does not decide over what it cannot read; the user does.
  CHECK_EQ(record::gc(store.roots)->size(), 0);
  for (const auto& state : *all) {
    if (state.status == "corrupt") CHECK_EQ(record::remove(store.roots, state.id, false).error().code, "RECORD_CORRUPT");
    CHECK(record::remove(store.roots, state.id, true).ok());
  }
  CHECK(store.empty());
}

TEST(record_locks) {
  Store store;
  auto one = record::store_lock(store.roots, false);
  auto two = record::store_lock(store.roots, false);
  CHECK(one.ok() && two.ok());
  CHECK_EQ(record::container_lock(store.roots, "../names").error().code, "NO_SUCH_CONTAINER");
  CHECK_EQ(record::container_lock(store.roots, "none").error().code, "NO_SUCH_CONTAINER");
  // A lock on a directory that was removed while we waited is no lock.
  std::string id = record::new_id();
  auto reserved = record::reserve(store.roots, id, "");
  REQUIRE(reserved.ok());
  pid_t child = ::fork();
  if (child == 0) {
    reserved->lock.reset();
    auto lock = record::container_lock(store.roots, id);
    ::_exit(!lock && lock.error().code == "NO_SUCH_CONTAINER" ? 0 : 1);
  }
  ::usleep(20000);
  REQUIRE(::rmdir((store.top + "/state/containers/" + id).c_str()) == 0);
  reserved->lock.reset();
  int status = 1;
  ::waitpid(child, &status, 0);
  CHECK_EQ(status, 0);
}

// CVE-2024-23652 class: the removal of a container deletes nothing outside of it.
TEST(record_remove_does_not_follow_links) {
  Store store;
  std::string id = record::new_id();
  REQUIRE(record::reserve(store.roots, id, "").ok());
  std::string victim = store.top + "/victim";
  REQUIRE(::mkdir(victim.c_str(), 0700) == 0);
  store.write("victim/file", "x");
  std::string record = store.top + "/state/containers/" + id;
  REQUIRE(::symlink(victim.c_str(), (record + "/upper").c_str()) == 0);
  REQUIRE(::mkdir((record + "/work").c_str(), 0) == 0);
  REQUIRE(::symlink(victim.c_str(), (record + "/work/link").c_str()) == 0);
  CHECK(record::remove(store.roots, id, false).ok());
  CHECK(::access((victim + "/file").c_str(), F_OK) == 0);
  CHECK(store.empty());
}
