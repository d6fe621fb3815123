// SPDX-License-Identifier: Apache-2.0
// Device rules: the reduction, and both controllers on the real kernel with one table of expectations.
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>

#include "cgroup_tree.h"
#include "check.h"

using namespace secure;
using spec::DeviceRule;

namespace {

const DeviceRule kDenyAll{false, 'a', std::nullopt, std::nullopt, "rwm"};
const DeviceRule kAllowAll{true, 'a', std::nullopt, std::nullopt, "rwm"};

bool has(const cgroup::DevicePolicy& policy, char type, std::int64_t device_major, std::string_view access) {
  return std::any_of(policy.exceptions.begin(), policy.exceptions.end(), [&](const DeviceRule& r) {
    return r.type == type && r.major == device_major && r.access == access;
  });
}

// Opens node `path` in a child that is in the group; 0 or errno.
int open_in(const cgroup::Group& group, const char* path, int flags) {
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) < 0) return -1;
  pid_t pid = ::fork();
  if (pid == 0) {
    char c;
    ::close(gate[1]);
    (void)!::read(gate[0], &c, 1);
    ::_exit(::open(path, flags) >= 0 ? 0 : errno);
  }
  bool joined = cgroup::join(group, pid, false).ok();
  ::close(gate[0]);
  ::close(gate[1]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return joined && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void enforce(bool v2) {
  auto all = cgroup::detect();
  if (::geteuid() != 0 || !all || all->mode == cgroup::Mode::none) SKIP("no writable cgroups");
  cgroup::Layout l{v2 ? cgroup::Mode::v2 : cgroup::Mode::v1, {}};
  for (const auto& h : all->hierarchies)
    if (v2 ? h.v2 : std::find(h.controllers.begin(), h.controllers.end(), "devices") != h.controllers.end() && !h.v2)
      l.hierarchies.push_back(h);
  if (l.hierarchies.empty()) SKIP("no such controller");
  char dir[] = "/tmp/secure-devices-XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  auto node = [&](const char* name, mode_t type, unsigned device_major, unsigned device_minor) {
    std::string path = std::string(dir) + "/" + name;
    CHECK(::mknod(path.c_str(), type | 0600, ::makedev(device_major, device_minor)) == 0);
    return path;
  };
  std::string null = node("null", S_IFCHR, 1, 3), kmsg = node("kmsg", S_IFCHR, 1, 11), mem = node("mem", S_IFCHR, 1, 1);
  // A block device of no driver: the group decides (EPERM) before the driver is looked for (ENXIO).
  std::string disk = node("disk", S_IFBLK, 240, 5);
  std::string path = "/secure-test-" + std::to_string(::getpid()) + "/devices";
  struct Case {
    std::vector<DeviceRule> rules;
    int null_rw, kmsg_r, kmsg_w, disk_r;
  };
  for (const auto& test : std::vector<Case>{
           {{}, 0, EPERM, EPERM, EPERM},
           {{kDenyAll}, 0, EPERM, EPERM, EPERM},
           {{kDenyAll, {true, 'c', 1, 11, "r"}}, 0, 0, EPERM, EPERM},
           {{kDenyAll, {true, 'c', 1, std::nullopt, "rw"}, {true, 'b', 240, 5, "r"}}, 0, 0, 0, ENXIO},
           {{kAllowAll, {false, 'c', 1, 11, "w"}}, 0, 0, EPERM, ENXIO},
           {{kDenyAll, {true, 'a', 240, std::nullopt, "r"}}, 0, EPERM, EPERM, ENXIO},
       }) {
    auto group = cgroup::create(l, path);
    REQUIRE(group.ok());
    spec::Resources r;
    r.devices = test.rules;
    auto status = cgroup::apply(*group, r);
    CHECK_EQ(status.ok() ? "" : status.error().text(), "");
    CHECK_EQ(open_in(*group, null.c_str(), O_RDWR), test.null_rw);
    CHECK_EQ(open_in(*group, kmsg.c_str(), O_RDONLY | O_NONBLOCK), test.kmsg_r);
    CHECK_EQ(open_in(*group, kmsg.c_str(), O_WRONLY | O_NONBLOCK), test.kmsg_w);
    CHECK_EQ(open_in(*group, disk.c_str(), O_RDONLY), test.disk_r);
    CHECK(cgroup::remove(l, path).ok());
  }
  for (const auto& name : {null, kmsg, mem, disk}) ::unlink(name.c_str());
  ::rmdir(dir);
}

}  // namespace

TEST(device_rules_reduce_in_order) {
  auto policy = cgroup::device_policy({kAllowAll, kDenyAll, {true, 'c', 10, 229, "rw"}});
  REQUIRE(policy.ok());
  CHECK(!policy->default_allow);
  CHECK(has(*policy, 'c', 10, "rw"));
  CHECK(has(*policy, 'c', 1, "rwm"));

  policy = cgroup::device_policy({kDenyAll, {true, 'c', 10, 229, "rw"}, {false, 'c', 10, std::nullopt, "w"}});
  REQUIRE(policy.ok());
  CHECK(has(*policy, 'c', 10, "r"));

  // "a 10:* w" is not "everything": only block and character devices of major 10, only writing.
  policy = cgroup::device_policy({{true, 'a', 10, std::nullopt, "w"}});
  REQUIRE(policy.ok());
  CHECK(!policy->default_allow && has(*policy, 'b', 10, "w") && has(*policy, 'c', 10, "w"));
}

TEST(device_rules_with_a_hole_are_refused) {
  auto policy = cgroup::device_policy({{true, 'c', 1, std::nullopt, "rwm"}, {false, 'c', 1, 11, "w"}});
  CHECK(!policy.ok() && policy.error().code == "DEVICE_RULES_UNSUPPORTED");
  policy = cgroup::device_policy({kAllowAll, {false, 'b', std::nullopt, std::nullopt, "rwm"}, {true, 'b', 8, 0, "r"}});
  CHECK(!policy.ok());
}

TEST(device_rules_enforced_v1) { enforce(false); }
TEST(device_rules_enforced_v2) { enforce(true); }
