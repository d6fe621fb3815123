// SPDX-License-Identifier: Apache-2.0
// linux.resources, read and written to the real kernel.
#include <signal.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <fstream>

#include "cgroup_tree.h"
#include "check.h"
#include "json.h"

using namespace secure;

namespace {

struct World {
  cgroup::Layout layout;
  std::string path = "/secure-test-" + std::to_string(::getpid()) + "/limits";
  Result<cgroup::Group> group = cgroup::Group{};

  explicit World(bool v1 = true, bool v2 = true) {
    auto all = cgroup::detect();
    if (::geteuid() != 0 || !all) return;
    layout.mode = v1 && v2 ? all->mode : v2 ? cgroup::Mode::v2 : cgroup::Mode::v1;
    for (const auto& h : all->hierarchies)
      if (h.v2 ? v2 : v1) layout.hierarchies.push_back(h);
    if (!layout.hierarchies.empty()) group = cgroup::create(layout, path);
  }
  ~World() { (void)cgroup::remove(layout, path); }
  [[nodiscard]] bool has(const char* controller, const char* probe) const {
    return group.ok() && cgroup::place_of(*group, controller, probe).fd >= 0;
  }
  [[nodiscard]] std::string read(const char* controller, const char* probe, const char* file) const {
    auto place = cgroup::place_of(*group, controller, probe);
    return cgroup::read_text(place.fd, file);
  }
};

std::string code(const Status& status) { return status.ok() ? "" : status.error().code + " " + status.error().message; }

std::string refusal(const char* text) {
  auto r = spec::parse_resources(text);
  return r.ok() ? "" : r.error().message;
}

}  // namespace

TEST(resources_are_read) {
  auto r = spec::parse_resources(R"({"memory":{"limit":1,"swap":-1,"kernel":5,"kernelTCP":6,"swappiness":0,"disableOOMKiller":true,"useHierarchy":true,"checkBeforeUpdate":true},
    "cpu":{"shares":2,"burst":0,"realtimeRuntime":3,"realtimePeriod":4,"idle":1,"cpus":"0-1"},"pids":{"limit":0},
    "blockIO":{"weight":10,"leafWeight":0,"weightDevice":[{"major":8,"minor":1,"weight":500}],"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":7}]},
    "hugepageLimits":[{"pageSize":"2MB","limit":9}],"network":{"classID":11,"priorities":[{"name":"eth0","priority":12}]},
    "rdma":{"mlx5_1":{"hcaHandles":3}},"unified":{"memory.high":"1","io.max":"8:0 rbps=1"}})");
  REQUIRE(r.ok());
  CHECK(r->memory_swappiness == 0U && r->disable_oom_killer && r->use_hierarchy == true && r->check_before_update);
  CHECK(r->cpu_burst == 0U && r->cpu_idle == 1 && r->cpu_rt_runtime == 3 && r->cpu_rt_period == 4U);
  CHECK(r->block_io.weight == 10U && !r->block_io.leaf_weight && r->block_io.weight_devices.at(0).weight == 500U);
  CHECK(r->block_io.read_bps.at(0).rate == 7 && r->hugepages.at(0).limit == 9 && r->net_class_id == 11U);
  CHECK(r->net_priorities.at(0).second == 12 && r->rdma.at(0).handles == 3U && !r->rdma.at(0).objects);
  CHECK_EQ(r->unified.at(1).second, "8:0 rbps=1");
  CHECK(!spec::parse_resources(R"({"memory":{"swappiness":18446744073709551615}})")->memory_swappiness);
}

TEST(resources_that_would_leave_the_group_are_refused) {
  CHECK_EQ(refusal(R"({"unified":{"../memory.max":"1"}})"), "/unified/../memory.max must be a file name (no slashes)");
  for (const char* key : {".", "..", "memory", "a b.c", ".x", "x."}) CHECK(!refusal((std::string(R"({"unified":{")") + key + R"(":"1"}})").c_str()).empty());
  // "a" for all kinds of access: denied, but never guessed at where something is allowed.
  CHECK_EQ(refusal(R"({"devices":[{"allow":false,"type":"c","major":1,"minor":11,"access":"rwa"}]})"), "");
  CHECK_EQ(refusal(R"({"devices":[{"allow":true,"type":"c","major":1,"minor":11,"access":"rwa"}]})"), "/devices/0/access must be made of r, w and m");
  CHECK_EQ(refusal(R"({"unified":{"cgroup.procs":"0"}})"), "/unified/cgroup.procs is no limit");
  for (const char* size : {"", "MB", "0MB", "2mb", "2MB/../x", "-2MB", "99999999MB"})
    CHECK(!refusal((std::string(R"({"hugepageLimits":[{"pageSize":")") + size + R"(","limit":1}]})").c_str()).empty());
  CHECK(!refusal(R"({"rdma":{"a b":{}}})").empty());
  CHECK(!refusal(R"({"network":{"priorities":[{"name":"a 1\nb","priority":1}]}})").empty());
  CHECK(!refusal(R"({"blockIO":{"weight":5}})").empty());
  CHECK(!refusal(R"({"blockIO":{"weightDevice":[{"weight":50}]}})").empty());
  CHECK(!refusal(R"({"memory":{"swappiness":101}})").empty());
  CHECK(!refusal(R"({"pids":{"limit":-2}})").empty());
}

TEST(limits_beyond_the_usual_on_v1) {
  World world(true, false);
  if (!world.has("memory", "") || !world.has("cpu", "") || !world.has("pids", "")) SKIP("no v1 controllers");
  spec::Resources r;
  r.memory_swappiness = 7;
  r.disable_oom_killer = r.check_before_update = true;
  r.use_hierarchy = true;
  r.memory_limit = 64 << 20;
  r.pids_limit = 0;
  r.cpu_quota = 50000;
  r.cpu_burst = 20000;
  CHECK_EQ(code(cgroup::apply(*world.group, r)), "");
  CHECK_EQ(world.read("memory", "", "memory.swappiness"), "7\n");
  CHECK(world.read("memory", "", "memory.oom_control").starts_with("oom_kill_disable 1\n"));
  CHECK_EQ(world.read("pids", "", "pids.max"), "1\n");
  CHECK_EQ(world.read("cpu", "", "cpu.cfs_burst_us"), "20000\n");
  spec::Resources change;
  change.cpu_period = 200000;
  change.pids_limit = -1;
  change.memory_limit = -1;
  CHECK_EQ(code(cgroup::update(*world.group, change, r)), "");
  CHECK_EQ(world.read("cpu", "", "cpu.cfs_quota_us"), "50000\n");
  CHECK_EQ(world.read("cpu", "", "cpu.cfs_period_us"), "200000\n");
  CHECK_EQ(world.read("pids", "", "pids.max"), "max\n");
  CHECK_EQ(cgroup::memory_facts(*world.group).limit, 0);
  change = {};
  change.cpu_idle = 1;
  CHECK_EQ(code(cgroup::update(*world.group, change, r)), "");
  change.cpu_idle = 0;
  change.cpu_shares = 300;
  CHECK_EQ(code(cgroup::update(*world.group, change, r)), "");
  CHECK_EQ(world.read("cpu", "", "cpu.shares"), "300\n");
  change = {};
  change.cpu_shares = 1;
  CHECK(code(cgroup::update(*world.group, change, r)).find("minimum allowed cpu-shares is 2") != std::string::npos);
  change = {};
  change.unified.emplace_back("memory.max", "1");
  CHECK(code(cgroup::update(*world.group, change, r)).starts_with("CONTROLLER_MISSING invalid configuration"));
  change = {};
  change.net_class_id = 5;
  if (!world.has("net_cls", "")) CHECK(code(cgroup::update(*world.group, change, r)).starts_with("CONTROLLER_MISSING the requested cgroup controller `net_cls`"));
}

TEST(limits_of_block_devices_on_v1) {
  World world(true, false);
  std::ifstream partitions("/proc/partitions");
  std::string line;
  unsigned device_major = 0, device_minor = 0;
  while (std::getline(partitions, line))
    if (std::sscanf(line.c_str(), "%u %u", &device_major, &device_minor) == 2 && device_major > 1) break;
  if (!world.has("blkio", "") || device_major == 0) SKIP("no v1 blkio controller or no block device");
  spec::Resources r;
  r.block_io.read_bps = {{device_major, device_minor, 1048576}};
  r.block_io.write_iops = {{device_major, device_minor, 50}};
  CHECK_EQ(code(cgroup::apply(*world.group, r)), "");
  const std::string device = std::to_string(device_major) + ":" + std::to_string(device_minor);
  CHECK_EQ(world.read("blkio", "", "blkio.throttle.read_bps_device"), device + " 1048576\n");
  CHECK_EQ(world.read("blkio", "", "blkio.throttle.write_iops_device"), device + " 50\n");
  r.block_io = {};
  r.block_io.read_bps = {{4095, 7, 1}};
  auto status = cgroup::apply(*world.group, r);
  CHECK(!status.ok() && status.error().err == ENODEV && status.error().message.find("blkio.throttle.read_bps_device") != std::string::npos);
}

// A controller that create() left out is enabled when a limit asks for it.
TEST(limits_of_huge_pages_on_v2) {
  World world;
  if (!world.group.ok() || cgroup::v2_dir(*world.group) < 0) SKIP("no v2");
  bool offered = false;
  for (const auto& h : world.layout.hierarchies)
    for (const auto& c : h.controllers) offered = offered || (h.v2 && c == "hugetlb");
  if (!offered || world.layout.mode != cgroup::Mode::hybrid) SKIP("hugetlb is not on v2");
  spec::Resources r;
  r.hugepages = {{"2MB", 4 << 20}};
  CHECK_EQ(code(cgroup::apply(*world.group, r)), "");
  CHECK_EQ(cgroup::read_text(cgroup::v2_dir(*world.group), "hugetlb.2MB.max"), "4194304\n");
  CHECK_EQ(cgroup::read_text(cgroup::v2_dir(*world.group), "hugetlb.2MB.rsvd.max"), "4194304\n");
  r = {};
  r.unified = {{"hugetlb.2MB.max", "6291456"}, {"cgroup.max.depth", "3"}};
  CHECK_EQ(code(cgroup::apply(*world.group, r)), "");
  CHECK_EQ(cgroup::read_text(cgroup::v2_dir(*world.group), "hugetlb.2MB.max"), "6291456\n");
  CHECK_EQ(cgroup::read_text(cgroup::v2_dir(*world.group), "cgroup.max.depth"), "3\n");
  r.unified = {{"nothing.max", "1"}};
  CHECK(code(cgroup::apply(*world.group, r)).starts_with("CONTROLLER_MISSING the requested cgroup controller `nothing`"));
}

TEST(paths_have_one_spelling) {
  CHECK_EQ(cgroup::clean_path(""), "");
  CHECK_EQ(cgroup::clean_path("a/b"), "/a/b");
  CHECK_EQ(cgroup::clean_path("//a/./b/"), "/a/b");
  CHECK(!cgroup::components(cgroup::clean_path("a/../../b")).ok());
  CHECK_EQ(cgroup::components("/system.slice:docker:1").error().hint, "use --systemd-cgroup, or the cgroupfs driver of the engine");
}
