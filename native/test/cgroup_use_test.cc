// SPDX-License-Identifier: Apache-2.0
// Groups in use: frozen, counted, watched, and given other device rules.
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cstdlib>

#include "cgroup_tree.h"
#include "check.h"
#include "child.h"
#include "json.h"

using namespace secure;

namespace {

cgroup::Layout layout(bool v1, bool v2) {
  cgroup::Layout out;
  auto all = cgroup::detect();
  if (::geteuid() != 0 || !all) return out;
  for (const auto& h : all->hierarchies)
    if (h.v2 ? v2 : v1) out.hierarchies.push_back(h);
  out.mode = v1 && v2 ? all->mode : v2 ? cgroup::Mode::v2 : cgroup::Mode::v1;
  return out;
}

const std::string& path() {
  static const std::string out = "/secure-test-" + std::to_string(::getpid()) + "/use";
  return out;
}

// Counts as fast as it can in shared memory, which is what a frozen process does not do.
void freezes(bool v2) {
  const auto l = layout(!v2, v2);
  if (l.hierarchies.empty()) SKIP("no such cgroups");
  auto group = cgroup::create(l, path());
  REQUIRE(group.ok());
  if (cgroup::place_of(*group, "freezer", "cgroup.freeze").fd < 0) {
    CHECK(cgroup::remove(l, path()).ok());
    SKIP("no freezer");
  }
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const pid_t pid = ::fork();
  if (pid == 0)
    for (;;) {
      (void)!::write(ends[1], "x", 1);
      (void)::poll(nullptr, 0, 1);
    }
  CHECK(cgroup::join(*group, pid, false).ok());
  char buffer[4096];
  auto drain = [&] {
    while (::read(ends[0], buffer, sizeof buffer) > 0) {
    }
  };
  pollfd wait{ends[0], POLLIN, 0};
  for (int i = 0; i < 3; ++i) {
    CHECK(!cgroup::is_frozen(*group));
    CHECK(cgroup::freeze(*group).ok());
    CHECK(cgroup::is_frozen(*group));
    drain();
    CHECK_EQ(::poll(&wait, 1, 30), 0);
    CHECK(cgroup::freeze(*group).ok());
    CHECK(cgroup::thaw(*group).ok());
    CHECK(!cgroup::is_frozen(*group));
    CHECK_EQ(::poll(&wait, 1, 5000), 1);
  }
  // SIGKILL does not reach a frozen process of v1, so whoever ends a container has to thaw it.
  CHECK(cgroup::freeze(*group).ok());
  CHECK(cgroup::kill_all(*group).ok());
  ::waitpid(pid, nullptr, 0);
  CHECK(cgroup::remove(l, path()).ok());
  ::close(ends[0]);
  ::close(ends[1]);
}

void replaces(bool v2) {
  const auto l = layout(!v2, v2);
  if (l.hierarchies.empty()) SKIP("no such cgroups");
  auto group = cgroup::create(l, path());
  REQUIRE(group.ok());
  if (!v2 && cgroup::place_of(*group, "devices", "").fd < 0) {
    CHECK(cgroup::remove(l, path()).ok());
    SKIP("no devices controller");
  }
  char dir[] = "/tmp/secure-devices-XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  const std::string kmsg = std::string(dir) + "/kmsg", null = std::string(dir) + "/null";
  REQUIRE(::mknod(kmsg.c_str(), S_IFCHR | 0600, ::makedev(1, 11)) == 0);
  REQUIRE(::mknod(null.c_str(), S_IFCHR | 0600, ::makedev(1, 3)) == 0);
  spec::Resources first, second;
  first.devices = {{false, 'a', std::nullopt, std::nullopt, "rwm"}, {true, 'c', 1, 11, "r"}};
  second.devices = {{false, 'a', std::nullopt, std::nullopt, "rwm"}};
  CHECK(cgroup::apply(*group, first).ok());
  auto opens = [&](const std::string& node) {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) < 0) return -1;
    const pid_t pid = ::fork();
    if (pid == 0) {
      char c;
      ::close(ready[1]);
      (void)!::read(ready[0], &c, 1);
      ::_exit(::open(node.c_str(), O_RDONLY | O_NONBLOCK) >= 0 ? 0 : errno);
    }
    const bool joined = cgroup::join(*group, pid, false).ok();
    ::close(ready[0]);
    ::close(ready[1]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return joined && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  CHECK_EQ(opens(kmsg), 0);
  for (int i = 0; i < 3; ++i) {
    CHECK(cgroup::update(*group, second, first).ok());
    CHECK_EQ(opens(kmsg), EPERM);
    CHECK_EQ(opens(null), 0);
    // Rules of before would still deny it if they were not detached.
    CHECK(cgroup::update(*group, first, second).ok());
    CHECK_EQ(opens(kmsg), 0);
    CHECK_EQ(opens(null), 0);
  }
  CHECK(cgroup::remove(l, path()).ok());
  ::unlink(kmsg.c_str());
  ::unlink(null.c_str());
  ::rmdir(dir);
}

}  // namespace

TEST(cgroup_freeze_v1) { freezes(false); }
TEST(cgroup_freeze_v2) { freezes(true); }
TEST(cgroup_devices_replaced_v1) { replaces(false); }
TEST(cgroup_devices_replaced_v2) { replaces(true); }

TEST(cgroup_freeze_without_freezer) {
  cgroup::Group none;
  none.path = "/x";
  auto status = cgroup::freeze(none);
  CHECK(!status.ok() && status.error().code == "CONTROLLER_MISSING");
}

TEST(cgroup_stats_are_json) {
  const auto l = layout(true, true);
  if (l.hierarchies.empty()) SKIP("no cgroups");
  auto group = cgroup::create(l, path());
  REQUIRE(group.ok());
  const pid_t pid = ::fork();
  if (pid == 0) check::use_time();
  CHECK(cgroup::join(*group, pid, false).ok());
  for (int i = 0; i < 200; ++i) {
    auto doc = json::parse(cgroup::stats(*group), "stats");
    REQUIRE(doc.ok());
    if ((*doc)["cpu"]["usage"]["total"].GetUint64() > 1'000'000) break;
    (void)::poll(nullptr, 0, 20);
  }
  auto doc = json::parse(cgroup::stats(*group), "stats");
  REQUIRE(doc.ok());
  CHECK((*doc)["cpu"]["usage"]["total"].GetUint64() > 1'000'000);
  CHECK_EQ((*doc)["pids"]["current"].GetUint64(), 1);
  for (const char* key : {"cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt", "network_interfaces"}) CHECK(doc->HasMember(key));
  CHECK((*doc)["memory"]["usage"].HasMember("failcnt"));
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  CHECK(cgroup::remove(l, path()).ok());
  // A group that is gone has used nothing; asking is no crash.
  CHECK(json::parse(cgroup::stats(*group), "stats").ok());
  CHECK(json::parse(cgroup::stats({}), "stats").ok());
}

TEST(cgroup_oom_is_told) {
  const auto l = layout(true, true);
  if (l.hierarchies.empty()) SKIP("no cgroups");
  auto group = cgroup::create(l, path());
  REQUIRE(group.ok());
  spec::Resources r;
  r.memory_limit = r.memory_swap = 8 << 20;
  REQUIRE(cgroup::apply(*group, r).ok());
  auto watch = cgroup::watch_oom(*group);
  REQUIRE(watch.ok());
  CHECK_EQ(cgroup::new_ooms(*watch), 0);
  int gate[2];
  REQUIRE(::pipe2(gate, O_CLOEXEC) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    char c;
    (void)!::read(gate[0], &c, 1);
    check::use_memory();
  }
  CHECK(cgroup::join(*group, pid, false).ok());
  CHECK(::write(gate[1], "x", 1) == 1);
  pollfd wait{watch->fd.get(), POLLIN, 0};
  CHECK_EQ(::poll(&wait, 1, 20000), 1);
  ::waitpid(pid, nullptr, 0);
  CHECK_EQ(cgroup::new_ooms(*watch), 1);
  CHECK_EQ(cgroup::new_ooms(*watch), 0);
  ::close(gate[0]);
  ::close(gate[1]);
  CHECK(cgroup::remove(l, path()).ok());
  CHECK_EQ(cgroup::new_ooms(*watch), 0);
}
