// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "caps.h"
#include "check.h"
#include "child.h"
#include "environment.h"
#include "fd.h"
#include "hardening.h"
#include "lsm.h"
#include "number_set.h"
#include "rdt.h"
#include "schedule.h"

namespace environment = secure::environment;
namespace rdt = secure::rdt;

namespace {

std::string join(const std::vector<char*>& entries) {
  std::string out;
  for (const char* entry : entries) out += std::string(entry) + " ";
  return out;
}

// A directory that looks like resctrl.
struct FakeResctrl {
  std::string path;
  FakeResctrl() {
    char name[] = "/tmp/rdt-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~FakeResctrl() { (void)secure::remove_tree(AT_FDCWD, path.substr(1).insert(0, "../../../../../../../../../../")); }
  void make(const std::string& group, const std::string& schemata) const {
    (void)::mkdir((path + "/" + group).c_str(), 0755);
    (void)::mkdir((path + "/" + group + "/mon_groups").c_str(), 0755);
    put(group + "/schemata", schemata);
    put(group + "/tasks", "");
  }
  void put(const std::string& name, const std::string& text) const {
    secure::Fd file(::open((path + "/" + name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    (void)secure::write_all(file.get(), text, name);
  }
  std::string get(const std::string& name) const {
    auto text = secure::read_file(AT_FDCWD, path + "/" + name, 4096);
    return text ? *text : "(none)";
  }
  bool has(const std::string& name) const {
    struct stat st {};
    return ::stat((path + "/" + name).c_str(), &st) == 0;
  }
};

}  // namespace

TEST(process_parts_number_sets) {
  auto set = secure::number_set::parse("0-3, 7,128");
  REQUIRE(set && set->size() == 3);
  CHECK_EQ((*set)[0], 0x8fUL);
  CHECK_EQ((*set)[2], 1UL);
  for (const char* bad : {"", ",", "1-", "-", "2-1", "01", "1;2", "99999999999999999999"}) CHECK(!secure::number_set::parse(bad));
}

TEST(process_parts_environment_names_once) {
  bool home = false;
  const std::vector<std::string> entries{"ONE=two", "PATH=/bin", "HOME=/override", "ONE=", "HOME="};
  CHECK_EQ(join(environment::unique(entries, home)), "ONE= PATH=/bin ");
  CHECK(!home);
  const std::vector<std::string> kept{"HOME=", "HOME=/x"};
  CHECK_EQ(join(environment::unique(kept, home)), "HOME=/x ");
  CHECK(home);
}

TEST(process_parts_home_of_a_hostile_passwd) {
  CHECK_EQ(environment::home_in("root:x:0:0:root:/root:/bin/sh\n", 0), "/root");
  // A name that looks like a number is a name (CVE-2016-3697).
  CHECK_EQ(environment::home_in("1000:x:0:0::/zero:\nuser:x:1000:0::/home/user:", 1000), "/home/user");
  CHECK_EQ(environment::home_in("a\nb:\n::::::::\nx:x:-1:0::/h:\ny:x:0x0:0::/h:\nz:x:4294967296:0::/h:", 0), "");
  CHECK_EQ(environment::home_in("root:x:0:0:root", 0), "");
}

TEST(process_parts_capabilities_that_cannot_be_had_are_warnings) {
  const auto bit = [](int n) { return std::uint64_t{1} << n; };
  std::vector<std::string> warnings;
  const std::uint64_t all = bit(CAP_KILL) | bit(CAP_CHOWN) | bit(CAP_BPF);
  auto got = secure::caps::fit({.bounding = all, .effective = all, .inheritable = bit(CAP_KILL), .permitted = bit(CAP_KILL) | bit(CAP_BPF), .ambient = bit(CAP_KILL) | bit(CAP_CHOWN)},
                               bit(CAP_KILL) | bit(CAP_CHOWN), warnings);
  CHECK_EQ(got.bounding, bit(CAP_KILL) | bit(CAP_CHOWN));
  CHECK_EQ(got.permitted, bit(CAP_KILL));
  CHECK_EQ(got.effective, bit(CAP_KILL));
  CHECK_EQ(got.ambient, bit(CAP_KILL));
  REQUIRE(warnings.size() == 3);
  CHECK_EQ(warnings[0], "can't grant capability CAP_BPF: the runtime does not have it");
  CHECK_EQ(warnings[2], "can't raise ambient capability CAP_CHOWN: it is not both permitted and inheritable");
}

TEST(process_parts_memory_that_was_writable_never_executes) {
  CHECK_EQ(check::in_child([] {
             if (!secure::hardening::apply({.refuse_exec_gain = true}).ok()) return 1;
             constexpr int kGetMdwe = 66;
             return ::prctl(kGetMdwe, 0, 0, 0, 0) == 1 ? 0 : 2;
           }),
           0);
}

TEST(process_parts_scheduling) {
  CHECK_EQ(check::in_child([] {
             if (!secure::schedule::apply({.policy = 3, .nice = 7}, 0).ok()) return 1;
             if (!secure::schedule::apply_io(secure::schedule::io_value(2, 5), 0).ok()) return 2;
             if (secure::schedule::apply({.policy = 4}, 0).ok()) return 3;
             if (secure::schedule::set_affinity({0}).ok()) return 4;
             if (!secure::schedule::set_affinity({1}).ok()) return 5;
             secure::schedule::reset_affinity();
             return 0;
           }),
           0);
}

TEST(process_parts_labels_without_a_module_are_refused) {
  secure::spec::Process process;
  CHECK(secure::lsm::check(process).ok());
  process.apparmor_profile = "unconfined";
  CHECK(secure::lsm::check(process).ok());
  if (secure::lsm::has_apparmor() || secure::lsm::has_selinux()) SKIP("there is one");
  process.apparmor_profile = "web";
  CHECK_EQ(secure::lsm::check(process).error().code, "CONTROL_UNAVAILABLE");
  process.apparmor_profile = "";
  process.selinux_label = "system_u:system_r:container_t:s0";
  CHECK_EQ(secure::lsm::check(process).error().code, "CONTROL_UNAVAILABLE");
}

TEST(process_parts_rdt_on_a_fake_tree) {
  FakeResctrl fake;
  secure::spec::IntelRdt config;
  config.schemata = {"L3:0=f;1=f", "MB:0=20"};
  CHECK_EQ(rdt::create(config, "c1", "").error().code, "RDT_UNAVAILABLE");
  // In a fake tree a new group has no files: the kernel makes them with the directory.
  auto missing = rdt::create(config, "c1", fake.path);
  CHECK(!missing.ok());
  CHECK(!fake.has("c1"));
  // A class that is there is used as it is, and only under its name.
  fake.make("shared", "    MB:0= 20\n    L3:0=f;1=f\n");
  config.clos_id = "shared";
  config.enable_monitoring = true;
  auto made = rdt::create(config, "c1", fake.path);
  REQUIRE(made.ok());
  CHECK(!made->group && made->monitor && fake.has("shared/mon_groups/c1"));
  fake.put("shared/mon_groups/c1/tasks", "");
  CHECK(rdt::join(config, "c1", 77, fake.path).ok());
  CHECK_EQ(fake.get("shared/tasks"), "77\n");
  CHECK_EQ(fake.get("shared/mon_groups/c1/tasks"), "77\n");
  (void)::unlink((fake.path + "/shared/mon_groups/c1/tasks").c_str());
  CHECK(rdt::remove(config, "c1", *made, fake.path).ok());
  CHECK(!fake.has("shared/mon_groups/c1") && fake.has("shared"));
  CHECK(rdt::remove(config, "c1", *made, fake.path).ok());
  config.schemata = {"L3:0=1"};
  CHECK_EQ(rdt::create(config, "c1", fake.path).error().code, "RDT_FAILED");
  config.clos_id = "";
  fake.make("c2", "");
  CHECK_EQ(rdt::create(config, "c2", fake.path).error().err, EEXIST);
}
