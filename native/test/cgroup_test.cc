// SPDX-License-Identifier: Apache-2.0
// Control groups on the real kernel, below /secure-test-<pid>.
#include "cgroup.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cstdlib>

#include "cgroup_tree.h"
#include "check.h"

using namespace secure;

namespace {

std::string parent() { return "/secure-test-" + std::to_string(::getpid()); }

cgroup::Layout layout() {
  auto found = cgroup::detect();
  return found ? *found : cgroup::Layout{};
}

bool writable(const cgroup::Layout& l) { return ::geteuid() == 0 && l.mode != cgroup::Mode::none; }

const cgroup::Hierarchy* hierarchy(const cgroup::Layout& l, std::string_view controller) {
  for (const auto& h : l.hierarchies)
    for (const auto& c : h.controllers)
      if (!h.v2 && c == controller) return &h;
  return nullptr;
}

cgroup::Layout only(const cgroup::Layout& l, bool v2) {
  cgroup::Layout out{v2 ? cgroup::Mode::v2 : cgroup::Mode::v1, {}};
  for (const auto& h : l.hierarchies)
    if (h.v2 == v2) out.hierarchies.push_back(h);
  return out;
}

std::string contents(const std::string& path) {
  auto text = read_file(AT_FDCWD, path, 65536);
  return text ? *text : std::string("(none)");
}

bool nothing_left(const cgroup::Layout& l) {
  for (const auto& h : l.hierarchies)
    if (::access((h.mount + parent()).c_str(), F_OK) == 0) return false;
  return true;
}

// A child that waits; killed and reaped when the guard dies.
struct Child {
  pid_t pid = -1;
  template <typename F>
  explicit Child(F body) : pid(::fork()) {
    if (pid == 0) {
      body();
      ::_exit(0);
    }
  }
  ~Child() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
};

void sleep_for_ever() {
  for (;;) (void)::poll(nullptr, 0, -1);
}

}  // namespace

TEST(cgroup_mountinfo) {
  auto all = cgroup::parse_mountinfo(
      "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu\\040x rw,nosuid shared:9 master:2 - cgroup cgroup rw,xattr,cpu,cpuacct\n"
      "33 31 0:30 /docker/1 /a ro,nosuid - cgroup cgroup rw,name=systemd,release_agent=/x\n"
      "34 31 0:31 / /b rw - cgroup2 cgroup2 ro,nsdelegate\n"
      "35 31 0:32 / relative rw - cgroup2 cgroup2 rw\n"
      "36 31 0: / /c rw - cgroup2 cgroup2 rw\n"
      "37 31 0:33 / /d rw -\n"
      "38 31 0:34 / /e - cgroup2\n\n - - -\n");
  REQUIRE(all.size() == 3);
  CHECK_EQ(all[0].mount, "/sys/fs/cgroup/cpu x");
  CHECK(all[0].writable && !all[0].v2);
  CHECK_EQ(all[0].controllers.size(), 2);
  CHECK_EQ(all[0].device, makedev(0, 29));
  CHECK_EQ(all[1].root, "/docker/1");
  CHECK(!all[1].writable);
  CHECK_EQ(all[1].controllers.at(0), "name=systemd");
  CHECK(all[2].v2 && !all[2].writable);
}

TEST(cgroup_hostile_paths) {
  auto l = layout();
  for (const std::string& path : {std::string(), std::string("/"), std::string("secure/x"), std::string("/secure/../x"),
                                  std::string("/.."), std::string("/a/./b"), std::string("//a"), std::string("/a//b"),
                                  std::string("/a/"), "/" + std::string(5000, 'a'), "/" + std::string(300, 'a'),
                                  std::string("/a\nb"), std::string("/a\0b", 4), std::string("system.slice:docker:1")}) {
    auto made = cgroup::create(l, path);
    CHECK(!made.ok() && made.error().code == "CGROUP_PATH_INVALID" && made.error().stage == Stage::config);
    CHECK(!cgroup::remove(l, path).ok());
    CHECK(!cgroup::open(l, path).ok());
  }
}

TEST(cgroup_without_hierarchies) {
  cgroup::Layout none;
  auto group = cgroup::create(none, "/secure/x");
  REQUIRE(group.ok());
  CHECK_EQ(cgroup::v2_dir(*group), -1);
  CHECK(cgroup::apply(*group, {}).ok());
  CHECK(cgroup::join(*group, ::getpid(), false).ok());
  CHECK(cgroup::kill_all(*group).ok());
  spec::Resources limits;
  limits.pids_limit = 5;
  auto status = cgroup::apply(*group, limits);
  CHECK(!status.ok() && status.error().code == "CONTROLLER_MISSING");
  limits = {};
  limits.devices.push_back({false, 'a', std::nullopt, std::nullopt, "rwm"});
  CHECK(!cgroup::apply(*group, limits).ok());
  limits = {};
  limits.memory_limit = 0;  // engines write 0 for "not asked for"
  CHECK(cgroup::apply(*group, limits).ok());
}

TEST(cgroup_weights_and_swap) {
  CHECK_EQ(cgroup::weight_from_shares(0), 1);
  CHECK_EQ(cgroup::weight_from_shares(2), 1);
  CHECK_EQ(cgroup::weight_from_shares(1024), 100);
  CHECK_EQ(cgroup::weight_from_shares(262144), 10000);
  CHECK_EQ(cgroup::weight_from_shares(UINT64_MAX), 10000);
  CHECK_EQ(*cgroup::swap_max(-1, std::nullopt), "max");
  CHECK_EQ(*cgroup::swap_max(300, 100), "200");
  CHECK_EQ(*cgroup::swap_max(100, 100), "0");
  CHECK(!cgroup::swap_max(99, 100).ok());
  CHECK(!cgroup::swap_max(100, std::nullopt).ok());
  CHECK(!cgroup::swap_max(100, -1).ok());
}

TEST(cgroup_create_join_remove) {
  auto l = layout();
  if (!writable(l)) SKIP("no writable cgroups");
  std::string path = parent() + "/one";
  auto group = cgroup::create(l, path);
  REQUIRE(group.ok());
  CHECK_EQ(group->dirs.size(), l.hierarchies.size());
  {
    Child child(sleep_for_ever);
    CHECK(cgroup::join(*group, child.pid, false).ok());
    std::string membership = contents("/proc/" + std::to_string(child.pid) + "/cgroup");
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = membership.find(":" + path + "\n", at)) != std::string::npos; ++at) ++lines;
    CHECK_EQ(lines, l.hierarchies.size());
    auto pids = cgroup::processes(*group);
    CHECK(pids.ok() && pids->size() == 1 && pids->front() == child.pid);
    auto again = cgroup::create(l, path);
    CHECK(!again.ok() && again.error().code == "CGROUP_BUSY");
    CHECK(!cgroup::join(*group, 0, false).ok());
    CHECK(!cgroup::join(*group, -1, false).ok());
    CHECK_EQ(cgroup::children(l, parent()).size(), 1);
  }
  CHECK(cgroup::remove(l, path).ok());
  CHECK(cgroup::remove(l, path).ok());
  CHECK(!cgroup::open(l, path).ok());
  CHECK(nothing_left(l));
}

TEST(cgroup_failed_create_leaves_nothing) {
  auto l = layout();
  if (!writable(l)) SKIP("no writable cgroups");
  l.hierarchies.push_back({"/proc", {"memory"}, false});
  auto group = cgroup::create(l, parent() + "/one");
  CHECK(!group.ok() && group.error().code == "CGROUP_MOUNT_CHANGED");
  CHECK(nothing_left(layout()));
}

TEST(cgroup_empty_leftover_is_made_anew) {
  auto l = layout();
  if (!writable(l)) SKIP("no writable cgroups");
  const auto* pids = hierarchy(l, "pids");
  if (pids == nullptr) SKIP("no pids controller");
  std::string path = parent() + "/one";
  auto first = cgroup::create(l, path);
  REQUIRE(first.ok());
  spec::Resources limits;
  limits.pids_limit = 3;
  CHECK(cgroup::apply(*first, limits).ok());
  CHECK_EQ(contents(pids->mount + path + "/pids.max"), "3\n");
  auto second = cgroup::create(l, path);
  CHECK(second.ok());
  CHECK_EQ(contents(pids->mount + path + "/pids.max"), "max\n");
  CHECK(cgroup::remove(l, path).ok());
}

TEST(cgroup_symlinked_mount_is_refused) {
  char dir[] = "/tmp/secure-cgroup-XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  std::string link = std::string(dir) + "/link";
  REQUIRE(::symlink("/sys/fs/cgroup", link.c_str()) == 0);
  cgroup::Layout l{cgroup::Mode::v2, {{link + "/unified", {}, true}}};
  CHECK(!cgroup::create(l, parent() + "/x").ok());
  CHECK(nothing_left(layout()));
  ::unlink(link.c_str());
  ::rmdir(dir);
}

TEST(cgroup_limits_v1) {
  auto l = only(layout(), false);
  if (::geteuid() != 0 || hierarchy(l, "memory") == nullptr || hierarchy(l, "cpu") == nullptr) SKIP("no v1 controllers");
  std::string path = parent() + "/limits";
  auto group = cgroup::create(l, path);
  REQUIRE(group.ok());
  spec::Resources r;
  r.memory_limit = 64 << 20;
  r.memory_swap = 64 << 20;
  r.memory_reservation = 32 << 20;
  r.pids_limit = 7;
  r.cpu_shares = 512;
  r.cpu_period = 50000;
  r.cpu_quota = 25000;
  r.cpus = "0";
  r.mems = "0";
  auto status = cgroup::apply(*group, r);
  CHECK(status.ok());
  std::string memory = hierarchy(l, "memory")->mount + path;
  CHECK_EQ(contents(memory + "/memory.limit_in_bytes"), "67108864\n");
  CHECK_EQ(contents(memory + "/memory.memsw.limit_in_bytes"), "67108864\n");
  CHECK_EQ(contents(memory + "/memory.soft_limit_in_bytes"), "33554432\n");
  CHECK_EQ(cgroup::memory_facts(*group).limit, 64U << 20);
  std::string cpu = hierarchy(l, "cpu")->mount + path;
  CHECK_EQ(contents(cpu + "/cpu.shares"), "512\n");
  CHECK_EQ(contents(cpu + "/cpu.cfs_quota_us"), "25000\n");
  CHECK_EQ(contents(cpu + "/cpu.cfs_period_us"), "50000\n");
  CHECK_EQ(contents(hierarchy(l, "pids")->mount + path + "/pids.max"), "7\n");
  CHECK_EQ(contents(hierarchy(l, "cpuset")->mount + path + "/cpuset.cpus"), "0\n");
  // Raising both needs memory+swap first, lowering both needs memory first.
  r.memory_limit = r.memory_swap = 128 << 20;
  CHECK(cgroup::apply(*group, r).ok());
  r.memory_limit = r.memory_swap = 32 << 20;
  CHECK(cgroup::apply(*group, r).ok());
  CHECK_EQ(contents(memory + "/memory.memsw.limit_in_bytes"), "33554432\n");
  r.memory_swap = 16 << 20;
  status = cgroup::apply(*group, r);
  CHECK(!status.ok() && status.error().code == "CGROUP_LIMIT_REFUSED" && status.error().err == EINVAL);
  r = {};
  r.cpus = "4096";
  CHECK(!cgroup::apply(*group, r).ok());
  CHECK(cgroup::remove(l, path).ok());
}

TEST(cgroup_v2_without_controllers_names_the_missing_one) {
  auto l = only(layout(), true);
  if (::geteuid() != 0 || l.hierarchies.empty()) SKIP("no v2");
  for (const auto& controller : l.hierarchies[0].controllers)
    if (controller == "memory") SKIP("v2 has the memory controller");
  auto group = cgroup::create(l, parent() + "/v2");
  REQUIRE(group.ok());
  spec::Resources r;
  r.memory_limit = 1 << 20;
  auto status = cgroup::apply(*group, r);
  CHECK(!status.ok() && status.error().code == "CONTROLLER_MISSING");
  CHECK(cgroup::remove(l, parent() + "/v2").ok());
}

TEST(cgroup_oom_is_counted) {
  auto l = layout();
  if (!writable(l) || hierarchy(l, "memory") == nullptr) SKIP("no memory controller");
  std::string path = parent() + "/oom";
  auto group = cgroup::create(l, path);
  REQUIRE(group.ok());
  spec::Resources r;
  r.memory_limit = r.memory_swap = 8 << 20;
  REQUIRE(cgroup::apply(*group, r).ok());
  int gate[2];
  REQUIRE(::pipe2(gate, O_CLOEXEC) == 0);
  pid_t pid = ::fork();
  if (pid == 0) {
    char c;
    (void)!::read(gate[0], &c, 1);
    check::use_memory();
  }
  CHECK(cgroup::join(*group, pid, false).ok());
  CHECK(::write(gate[1], "x", 1) == 1);
  int status = 0;
  CHECK(::waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
  auto facts = cgroup::memory_facts(*group);
  CHECK(facts.oom_kills >= 1);
  CHECK(facts.peak > 4U << 20);
  ::close(gate[0]);
  ::close(gate[1]);
  CHECK(cgroup::remove(l, path).ok());
}

// A bomb of processes that fork as fast as they can, bounded by pids.max only so that a bug does not take the machine.
static void fork_bomb(const cgroup::Layout& l, const cgroup::Layout& all) {
  std::string path = parent() + "/bomb";
  auto group = cgroup::create(all, path);
  REQUIRE(group.ok());
  spec::Resources r;
  r.pids_limit = 200;
  REQUIRE(cgroup::apply(*group, r).ok());
  int gate[2];
  REQUIRE(::pipe2(gate, O_CLOEXEC) == 0);
  pid_t pid = ::fork();
  if (pid == 0) {
    char c;
    ::signal(SIGCHLD, SIG_IGN);
    (void)!::read(gate[0], &c, 1);
    for (;;) {
      (void)!::fork();
      (void)::poll(nullptr, 0, 1);
    }
  }
  CHECK(cgroup::join(*group, pid, false).ok());
  CHECK(::write(gate[1], "x", 1) == 1);
  auto view = cgroup::open(l, path);
  REQUIRE(view.ok());
  for (int i = 0; i < 1000 && cgroup::processes(*view)->size() <= 20; ++i) (void)::poll(nullptr, 0, 10);
  CHECK(cgroup::processes(*view)->size() > 20);
  auto killed = cgroup::kill_all(*view);
  CHECK(killed.ok());
  // The bomb's first process is a zombie of ours now: a zombie keeps nothing alive.
  CHECK(cgroup::processes(*group)->empty());
  CHECK(::waitpid(pid, nullptr, 0) == pid);
  ::close(gate[0]);
  ::close(gate[1]);
  CHECK(cgroup::remove(all, path).ok());
}

TEST(cgroup_kill_all_fork_bomb_v2) {
  auto l = layout();
  if (!writable(l) || only(l, true).hierarchies.empty() || hierarchy(l, "pids") == nullptr) SKIP("no v2 and v1 pids");
  fork_bomb(l, l);
}

TEST(cgroup_kill_all_fork_bomb_v1) {
  auto l = layout();
  if (!writable(l) || hierarchy(l, "freezer") == nullptr || hierarchy(l, "pids") == nullptr) SKIP("no v1 freezer");
  fork_bomb(only(l, false), l);
}

TEST(cgroup_kill_all_reaches_frozen_and_nested) {
  auto l = layout();
  if (!writable(l) || hierarchy(l, "freezer") == nullptr) SKIP("no v1 freezer");
  std::string path = parent() + "/frozen";
  auto outer = cgroup::create(l, path);
  auto inner = cgroup::create(l, path + "/a/b/c");
  REQUIRE(outer.ok() && inner.ok());
  Child one(sleep_for_ever), two(sleep_for_ever);
  CHECK(cgroup::join(*outer, one.pid, false).ok());
  CHECK(cgroup::join(*inner, two.pid, false).ok());
  CHECK_EQ(cgroup::processes(*outer)->size(), 2);
  CHECK(write_file_once(AT_FDCWD, hierarchy(l, "freezer")->mount + path + "/freezer.state", "FROZEN", Stage::cgroup).ok());
  CHECK(cgroup::kill_all(*outer).ok());
  CHECK(cgroup::processes(*outer)->empty());
  CHECK(cgroup::remove(l, path).ok());
  CHECK(nothing_left(l));
}

TEST(cgroup_that_is_frozen_is_refused) {
  auto l = layout();
  if (!writable(l) || hierarchy(l, "freezer") == nullptr) SKIP("no v1 freezer");
  const std::string path = parent() + "/stopped", dir = hierarchy(l, "freezer")->mount + path;
  REQUIRE(::mkdir((hierarchy(l, "freezer")->mount + parent()).c_str(), 0755) == 0 && ::mkdir(dir.c_str(), 0755) == 0);
  CHECK(write_file_once(AT_FDCWD, dir + "/freezer.state", "FROZEN", Stage::cgroup).ok());
  auto refused = cgroup::create(l, path);
  CHECK(!refused.ok() && refused.error().code == "CGROUP_FROZEN");
  CHECK_EQ(contents(dir + "/freezer.state"), "FROZEN\n");
  CHECK(write_file_once(AT_FDCWD, dir + "/freezer.state", "THAWED", Stage::cgroup).ok());
  CHECK(cgroup::create(l, path).ok());
  CHECK(cgroup::remove(l, path).ok());
  CHECK(nothing_left(l));
}

// A container that may write to its own groups can freeze itself in one of them, and anybody with rights on the host in another one.
TEST(cgroup_kill_all_reaches_what_is_frozen_elsewhere) {
  auto l = layout();
  if (!writable(l) || hierarchy(l, "freezer") == nullptr) SKIP("no v1 freezer");
  const std::string path = parent() + "/ice", other = parent() + "/other", freezer = hierarchy(l, "freezer")->mount;
  auto group = cgroup::create(l, path);
  REQUIRE(group.ok());
  REQUIRE(::mkdir((freezer + path + "/own").c_str(), 0755) == 0 && ::mkdir((freezer + other).c_str(), 0755) == 0);
  {
    Child one(sleep_for_ever), two(sleep_for_ever);
    CHECK(cgroup::join(*group, one.pid, false).ok() && cgroup::join(*group, two.pid, false).ok());
    for (const auto& [where, pid] : {std::pair(path + "/own", one.pid), std::pair(other, two.pid)}) {
      CHECK(write_file_once(AT_FDCWD, freezer + where + "/cgroup.procs", std::to_string(pid), Stage::cgroup).ok());
      CHECK(write_file_once(AT_FDCWD, freezer + where + "/freezer.state", "FROZEN", Stage::cgroup).ok());
    }
    CHECK(cgroup::kill_all(*group).ok());
    CHECK(cgroup::processes(*group)->empty());
  }
  CHECK(::rmdir((freezer + other).c_str()) == 0);
  CHECK(cgroup::remove(l, path).ok());
  CHECK(nothing_left(l));
}

TEST(cgroup_deep_tree_is_removed) {
  auto l = only(layout(), true);
  if (::geteuid() != 0 || l.hierarchies.empty()) SKIP("no v2");
  std::string path = parent() + "/deep";
  auto group = cgroup::create(l, path);
  REQUIRE(group.ok());
  Fd at(::fcntl(group->dirs[0].get(), F_DUPFD_CLOEXEC, 3));
  for (int i = 0; i < 300; ++i) {
    REQUIRE(::mkdirat(at.get(), "d", 0755) == 0);
    at = Fd(::openat(at.get(), "d", O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  CHECK(cgroup::remove(l, path).ok());
  CHECK(nothing_left(layout()));
}

// The last container in a shared parent goes while the next one comes.
TEST(cgroup_shared_parent_race) {
  auto l = layout();
  if (!writable(l)) SKIP("no writable cgroups");
  std::string top = parent();
  pid_t workers[3];
  for (int w = 0; w < 3; ++w) {
    workers[w] = ::fork();
    if (workers[w] != 0) continue;
    for (int i = 0; i < 60; ++i) {
      std::string path = top + "/" + std::to_string(w);
      if (!cgroup::create(l, path).ok() || !cgroup::remove(l, path).ok()) ::_exit(1);
    }
    ::_exit(0);
  }
  for (pid_t worker : workers) {
    int status = 1;
    ::waitpid(worker, &status, 0);
    CHECK_EQ(status, 0);
  }
  CHECK(nothing_left(l));
}
