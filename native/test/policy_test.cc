// SPDX-License-Identifier: Apache-2.0
// What test/policies/engines/agree.test.ts cannot see: where the policy comes from, who could have written it, and what changes after it has decided.
#include "policy.h"

#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "check.h"
#include "fd.h"
#include "policy_parts.h"
#include "rootfs.h"
#include "sha256.h"
#include "sha256_small.h"

namespace policy = secure::policy;
namespace spec = secure::spec;
using secure::Fd;

namespace {

// Allows everything that can be allowed.
std::string text(const std::string& more = R"("deny":["/"])") {
  return R"({"format":"secure/engines/1","name":"t","product":"0","architecture":"none","log":"","user":{"namespace":"off","nonRoot":false},)"
         R"("hostNamespaces":[],"capabilities":{"allowed":["CAP_KILL"],"usual":[]},"noNewPrivileges":true,"filter":null,)"
         R"("landlock":{"files":"off","ioctl":"off","ports":"off","scopes":"off","listen":null,"connect":null,"rights":[],"scopeNames":[],"nodes":[],)"
         R"("abi":{"files":2,"ioctl":5,"ports":4,"scopes":6}},"lsm":"off","root":{"readOnly":false,"writable":[],"noexec":false},)"
         R"("mounts":{"sources":["/**"],"readOnly":false,"denyAsRoot":["/usr"],"roots":["/var/lib/docker"],"own":["volumes/*/_data/**","containers/*/hosts","pods/*/x/**"],"ownRoots":["merged/*"],)" +
         more +
         R"(},"devices":{"allowed":[],"rules":[],"usual":[]},"maskedPaths":[],"readonlyPaths":[],"limits":{"memory":null,"pids":null,"cpu":null},"rlimits":[],"origins":{}})"
         "\n";
}

struct Directory {
  std::string path;
  Directory() {
    char name[] = "/tmp/policy-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Directory() {
    Fd parent(::open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!secure::remove_tree(parent.get(), path.substr(5)).ok()) check::failed(__FILE__, __LINE__, "directory left behind");
  }
  [[nodiscard]] Fd open() const { return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
  void write(const std::string& name, const std::string& data, mode_t mode = 0644) const { CHECK(secure::write_atomic(open().get(), name, data, mode).ok()); }
  std::string install(const std::string& data) const {
    const std::string hex = secure::sha256_hex(data);
    write(hex + ".json", data);
    write("current", "sha256:" + hex + "\n");
    return hex + ".json";
  }
  [[nodiscard]] std::string refused() const {
    auto loaded = policy::load(path);
    return loaded ? "" : loaded.error().code;
  }
};

policy::Facts no_facts() {
  return {"id", "/bundle", 0, false, false, [](const std::string&) { return false; }, [](const std::string& path) { return path; }, [](const std::string&, std::string_view) { return false; },
          [](char, std::int64_t, std::int64_t) { return std::string(); }, [](const std::string&) { return std::uint64_t{1}; }, [] { return std::vector<policy::MountLine>(); }, [](int) { return std::uint64_t{0}; }};
}

spec::Spec with_bind(const std::string& source) {
  spec::Spec out;
  out.root_path = "/bundle/rootfs";
  out.mounts.push_back({"/data", "bind", source, {"rbind"}, {}, {}, "/mounts/0"});
  return out;
}

std::string refusal(const policy::Policy& one, const policy::Facts& facts, spec::Spec& config) {
  policy::Report report;
  policy::hold_mounts(one, facts, config, report);
  return report.refused.empty() ? "" : report.refused[0].control;
}

}  // namespace

TEST(sha256_small_is_that_of_libcrypto) {
  std::string data;
  for (unsigned n = 0; n < 300; ++n) {
    secure::Sha256 other;
    other.update({reinterpret_cast<const std::uint8_t*>(data.data()), data.size()});
    CHECK_EQ("sha256:" + secure::sha256_hex(data), other.digest());
    data += static_cast<char>(n * 7);
  }
}

TEST(policy_is_loaded_by_its_digest) {
  Directory dir;
  CHECK_EQ(dir.refused(), "POLICY_MISSING");
  dir.install(text());
  auto loaded = policy::load(dir.path);
  REQUIRE(loaded.ok());
  CHECK_EQ(loaded->name, "t");
  CHECK_EQ(loaded->digest, "sha256:" + secure::sha256_hex(text()));
  CHECK(loaded->no_new_privileges);
  CHECK_EQ(policy::load("relative").error().code, "USAGE");
  CHECK_EQ(policy::load(dir.path + "/nosuch").error().code, "POLICY_MISSING");
}

TEST(policy_with_one_byte_changed_is_refused) {
  Directory dir;
  const std::string whole = text(), name = dir.install(whole), current = "sha256:" + name.substr(0, 64) + "\n";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    dir.write(name, changed);
    CHECK_EQ(dir.refused(), "POLICY_CORRUPT");
  }
  dir.write(name, whole.substr(0, whole.size() - 1));
  CHECK_EQ(dir.refused(), "POLICY_CORRUPT");
  dir.write(name, whole + "\n");
  CHECK_EQ(dir.refused(), "POLICY_CORRUPT");
  dir.write(name, "");
  CHECK_EQ(dir.refused(), "POLICY_CORRUPT");
  dir.write(name, whole);
  CHECK_EQ(dir.refused(), "");
  for (std::size_t i = 0; i < current.size(); ++i)
    for (const int bit : {1, 2, 4, 32}) {
      std::string changed = current;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      dir.write("current", changed);
      CHECK(dir.refused().starts_with("POLICY_"));
    }
}

TEST(policy_that_others_could_have_written_is_refused) {
  if (::geteuid() != 0) SKIP("needs root");
  Directory dir;
  const std::string file = dir.path + "/" + dir.install(text()), current = dir.path + "/current";
  for (const std::string& path : {file, current, dir.path}) {
    struct stat before {};
    REQUIRE(::stat(path.c_str(), &before) == 0);
    CHECK_EQ(dir.refused(), "");
    CHECK(::chmod(path.c_str(), before.st_mode | 0020) == 0);
    CHECK_EQ(dir.refused(), "POLICY_UNTRUSTED");
    CHECK(::chmod(path.c_str(), before.st_mode | 0002) == 0);
    CHECK_EQ(dir.refused(), "POLICY_UNTRUSTED");
    CHECK(::chmod(path.c_str(), before.st_mode) == 0);
    CHECK(::chown(path.c_str(), 1, 0) == 0);
    CHECK_EQ(dir.refused(), "POLICY_UNTRUSTED");
    CHECK(::chown(path.c_str(), 0, 0) == 0);
  }
  // A link, though it leads to the very file; a link on the way; what is no file.
  CHECK(::rename(current.c_str(), (dir.path + "/other").c_str()) == 0 && ::symlink("other", current.c_str()) == 0);
  CHECK_EQ(dir.refused(), "POLICY_UNTRUSTED");
  CHECK(::unlink(current.c_str()) == 0 && ::mkfifo(current.c_str(), 0644) == 0);
  CHECK_EQ(dir.refused(), "POLICY_UNTRUSTED");
  CHECK(::unlink(current.c_str()) == 0 && ::rename((dir.path + "/other").c_str(), current.c_str()) == 0);
  CHECK(::symlink(".", (dir.path + "/link").c_str()) == 0);
  CHECK_EQ(policy::load(dir.path + "/link").error().code, "POLICY_UNTRUSTED");
}

TEST(policy_of_another_shape_is_refused) {
  const std::string whole = text();
  CHECK(policy::parse(whole, "d").ok());
  for (const char* key : {"format", "name", "log", "user", "nonRoot", "hostNamespaces", "capabilities", "allowed", "noNewPrivileges", "filter", "landlock", "scopes", "listen", "lsm", "root", "readOnly",
                          "mounts", "sources", "deny", "roots", "devices", "usual", "maskedPaths", "limits", "memory", "rlimits", "origins"}) {
    std::string without = whole;
    without.replace(without.find("\"" + std::string(key) + "\""), 2 + std::string(key).size(), "\"x\"");
    auto parsed = policy::parse(without, "d");
    CHECK(!parsed.ok());
    if (!parsed.ok()) CHECK_EQ(parsed.error().code, "POLICY_CORRUPT");
  }
  utsname host{};
  REQUIRE(::uname(&host) == 0);
  std::string filtered = whole;
  filtered.replace(filtered.find("\"filter\":null"), 13, "\"filter\":\"BgAAAAAA/38=\"");
  // Of another machine its numbers mean other calls.
  CHECK(!policy::parse(filtered, "d").ok());
  filtered.replace(filtered.find("\"none\""), 6, "\"" + std::string(host.machine) + "\"");
  auto parsed = policy::parse(filtered, "d");
  REQUIRE(parsed.ok());
  REQUIRE(parsed->filter.size() == 1);
  CHECK_EQ(parsed->filter[0].code, 6);
  CHECK_EQ(parsed->filter[0].k, 0x7fff0000U);
}

TEST(policy_source_is_the_one_that_was_decided_about) {
  Directory dir;
  auto parsed = policy::parse(text(), "d");
  REQUIRE(parsed.ok());
  const policy::Facts real = policy::facts("id", "/bundle");
  CHECK(::mkdir((dir.path + "/data").c_str(), 0755) == 0 && ::symlink("data", (dir.path + "/link").c_str()) == 0);
  spec::Spec config = with_bind(dir.path + "/link");
  config.root_path = "/srv";
  CHECK_EQ(refusal(*parsed, real, config), "");
  CHECK_EQ(config.mounts[0].source, dir.path + "/data");
  // Somebody puts a link to /etc where the directory was.
  CHECK(::rmdir((dir.path + "/data").c_str()) == 0 && ::symlink("/etc", (dir.path + "/data").c_str()) == 0);
  auto planned = secure::rootfs::plan_mounts(config, "/bundle");
  REQUIRE(!planned.ok());
  CHECK_EQ(planned.error().err, ELOOP);
}

TEST(policy_source_that_is_mounted_over_after_it_was_decided_about) {
  Directory dir;
  auto parsed = policy::parse(text(), "d");
  REQUIRE(parsed.ok());
  spec::Spec config = with_bind(dir.path);
  config.root_path = "/srv";
  config.namespaces.push_back({CLONE_NEWUSER, {}});
  config.uid_mappings = config.gid_mappings = {{0, 100000, 65536}};
  CHECK_EQ(refusal(*parsed, policy::facts("id", "/bundle"), config), "");
  REQUIRE(config.mounts[0].mount_id != 0);
  CHECK(secure::rootfs::plan_mounts(config, "/bundle").ok());
  ++config.mounts[0].mount_id;
  auto planned = secure::rootfs::plan_mounts(config, "/bundle");
  REQUIRE(!planned.ok());
  CHECK(planned.error().message.find("something was mounted on") != std::string::npos);
}

TEST(policy_engines_files_that_the_host_was_mounted_on_are_refused) {
  auto parsed = policy::parse(text(R"("deny":["/","/etc","/run","/var/lib/docker"])"), "d");
  REQUIRE(parsed.ok());
  policy::Facts facts = no_facts();
  const auto reason = [&](const std::string& source, const policy::MountLine& mount) {
    facts.mount_id = [&, source](const std::string& path) { return path == source ? mount.id : 1U; };
    facts.mount_table = [&] {
      return std::vector<policy::MountLine>{{1, "8:1", "/", "/", "ext4"}, {2, "0:5", "/", "/run", "tmpfs"}, {3, "8:9", "/", "/srv", "ext4"}, mount};
    };
    spec::Spec config = with_bind(source);
    return refusal(*parsed, facts, config);
  };
  const std::string volume = "/var/lib/docker/volumes/v/_data", hosts = "/var/lib/docker/containers/c/hosts", pod = "/var/lib/docker/pods/p/x/y";
  // On the file system that the engine's root is on.
  CHECK_EQ(reason(volume, {1, "8:1", "/", "/", "ext4"}), "");
  // A server's; memory of nobody else; storage that a kubelet has mounted.
  CHECK_EQ(reason(volume, {9, "0:99", "/", volume, "nfs4"}), "");
  CHECK_EQ(reason(volume, {9, "0:99", "/", volume, "tmpfs"}), "");
  CHECK_EQ(reason(pod, {9, "8:77", "/sub", pod, "ext4"}), "");
  // -o o=bind -o device=/etc; the same of a tmpfs of the host; a subdirectory; a disk; of a pod a subPath of a hostPath; an overlay over the host
  CHECK_EQ(reason(volume, {9, "8:1", "/etc", volume, "ext4"}), "binds.deny");
  CHECK_EQ(reason(volume, {9, "0:5", "/", volume, "tmpfs"}), "binds.deny");
  CHECK_EQ(reason(volume + "/etc", {9, "8:1", "/", volume, "ext4"}), "binds.deny");
  CHECK_EQ(reason(volume, {9, "8:16", "/", volume, "ext4"}), "binds.deny");
  CHECK_EQ(reason(pod, {9, "8:1", "/etc", pod, "ext4"}), "binds.deny");
  CHECK_EQ(reason(pod, {9, "0:98", "/", pod, "overlay"}), "binds.deny");
  CHECK_EQ(reason(hosts, {9, "8:1", "/etc/shadow", hosts, "ext4"}), "binds.deny");
  // Of the host, and one that may be mounted anyway; of another volume; a mount that is not in the table.
  CHECK_EQ(reason(volume, {9, "8:9", "/data", volume, "ext4"}), "");
  CHECK_EQ(reason(volume, {9, "8:1", "/var/lib/docker/volumes/w/_data", volume, "ext4"}), "");
  facts.mount_id = [](const std::string& path) { return path.ends_with("_data") ? std::uint64_t{0} : std::uint64_t{1}; };
  facts.mount_table = [] { return std::vector<policy::MountLine>(); };
  spec::Spec config = with_bind(volume);
  CHECK_EQ(refusal(*parsed, facts, config), "binds.deny");
}

TEST(policy_mount_options_are_those_that_the_runtime_reads) {
  auto parsed = policy::parse(text(R"("deny":["/","/etc"])"), "d");
  REQUIRE(parsed.ok());
  const auto control = [&](std::vector<std::string> options) {
    spec::Spec config = with_bind("/etc");
    config.mounts[0].type = "devpts";
    config.mounts[0].options = std::move(options);
    return refusal(*parsed, no_facts(), config);
  };
  CHECK_EQ(control({"nosuid"}), "");
  CHECK_EQ(control({"nosuid,rbind"}), "binds.deny");
  CHECK_EQ(control({"\"rbind\""}), "binds.deny");
  CHECK_EQ(control({"mode=1\\,rbind"}), "binds.access");
  CHECK_EQ(control({"ro,remount"}), "binds.access");
}

TEST(policy_protects_the_directories_of_root_where_root_is_root) {
  auto parsed = policy::parse(text(), "d");
  REQUIRE(parsed.ok());
  spec::Spec config = with_bind("/usr/bin");
  CHECK_EQ(refusal(*parsed, no_facts(), config), "binds.deny");
  config = with_bind("/usr/bin");
  config.namespaces.push_back({CLONE_NEWUSER, {}});
  config.uid_mappings = config.gid_mappings = {{0, 100000, 65536}};
  CHECK_EQ(refusal(*parsed, no_facts(), config), "");
  config = with_bind("/usr/bin");
  config.namespaces.push_back({CLONE_NEWUSER, {}});
  config.uid_mappings = config.gid_mappings = {{0, 0, 65536}};
  CHECK_EQ(refusal(*parsed, no_facts(), config), "binds.deny");
}

TEST(policy_root_is_one_that_an_engine_has_made_or_that_may_be_mounted) {
  auto parsed = policy::parse(text(R"("deny":["/","/etc","/var/lib/docker"])"), "d");
  REQUIRE(parsed.ok());
  const auto control = [&](const char* root) {
    spec::Spec config;
    config.root_path = root;
    return refusal(*parsed, no_facts(), config);
  };
  CHECK_EQ(control("/var/lib/docker/merged/x"), "");
  CHECK_EQ(control("/var/lib/docker/volumes/v/_data"), "binds.deny");
  CHECK_EQ(control("/etc"), "binds.deny");
  CHECK_EQ(control("/srv/x"), "");
  // In the container's own root there is a /proc that nothing masks by the time that it is mounted.
  spec::Spec config = with_bind("/srv/r/proc");
  config.root_path = "/srv/r";
  CHECK_EQ(refusal(*parsed, no_facts(), config), "binds.sources");
}

TEST(policy_facts_are_those_of_the_kernel) {
  const policy::Facts real = policy::facts("id", "/bundle");
  const auto table = real.mount_table();
  const auto proc = std::find_if(table.begin(), table.end(), [&](const auto& one) { return one.id == real.mount_id("/proc"); });
  REQUIRE(proc != table.end());
  CHECK_EQ(proc->type, "proc");
  CHECK_EQ(proc->root, "/");
  CHECK_EQ(proc->point, "/proc");
  CHECK_EQ(real.mount_id("/proc/sys"), real.mount_id("/proc"));
  CHECK_EQ(real.mount_id("/nosuch"), 0);
  CHECK(!real.apparmor_enforces("unconfined") && !real.apparmor_enforces(""));
  CHECK_EQ(real.device_name('c', 1, 3), "null");
  CHECK_EQ(real.device_name('c', 4095, 1048575), "");
  CHECK(real.is_own_namespace("/proc/self/ns/net", "net"));
  CHECK(!real.is_own_namespace("/proc/self/ns/net", "uts"));
  // What cannot be looked at is taken for the host's.
  CHECK(real.is_own_namespace("/nosuch", "net"));
  CHECK_EQ(real.resolve("/proc/../etc/./passwd"), "/etc/passwd");
  CHECK_EQ(real.resolve("/nosuch/x"), "");
}

TEST(policy_update_cannot_go_beyond_it_by_swap) {
  auto one = policy::parse(text(), "sha256:x");
  REQUIRE(one.ok());
  one->memory = 512 << 20;
  auto held = [&](std::optional<std::int64_t> limit, std::optional<std::int64_t> swap) {
    spec::Resources change;
    change.memory_limit = limit;
    change.memory_swap = swap;
    policy::Report report;
    policy::hold_update(*one, no_facts(), change, report);
    CHECK(report.refused.empty());
    return std::pair(change.memory_limit.value_or(-7), change.memory_swap.value_or(-7));
  };
  constexpr std::int64_t kMost = 512 << 20, kLess = 64 << 20;
  // What the group has of swap was reckoned from another limit of memory.
  CHECK(held(kLess, {}) == std::pair(kLess, kMost));
  CHECK(held(kLess, 0) == std::pair(kLess, kMost));
  CHECK(held(kLess, 2 * kLess) == std::pair(kLess, 2 * kLess));
  CHECK(held({}, -1) == std::pair(std::int64_t{-7}, kMost));
  CHECK(held(-1, -1) == std::pair(kMost, kMost));
  // Nothing about memory is changed.
  CHECK(held({}, {}) == std::pair(std::int64_t{-7}, std::int64_t{-7}));
}

TEST(policy_oom_score_spares_no_process_for_the_hosts) {
  auto one = policy::parse(text(), "sha256:x");
  REQUIRE(one.ok());
  one->memory = 512 << 20;
  auto facts = no_facts();
  auto held = [&](std::optional<int> score, bool exec, bool of_kubelet) {
    spec::Spec config = with_bind("/srv");
    if (of_kubelet) config.annotations.emplace_back("io.kubernetes.cri.container-type", "container");
    config.has_process = true;
    config.process.oom_score_adj = score;
    spec::Process process = config.process;
    policy::Report report;
    if (exec) policy::hold_exec(*one, facts, config, process, report);
    else policy::hold_container(*one, facts, config, report);
    return (exec ? process : config.process).oom_score_adj;
  };
  CHECK(held(-1000, false, false) == 0);
  CHECK(held(-1, true, false) == 0);
  CHECK(held(300, false, false) == 300);
  CHECK(held(-1000, false, true) == -998);
  CHECK(held(-997, false, true) == -997);
  // What is not said is inherited: of the engine by a container, of the container by an exec.
  CHECK(held({}, false, false) == std::nullopt);
  facts.oom_score_adj = -500;
  CHECK(held({}, false, false) == 0);
  CHECK(held({}, true, false) == std::nullopt);
  one->memory = {};
  CHECK(held(-1000, false, false) == -1000);
}

TEST(policy_mount_without_a_source_is_one) {
  const auto mounts = secure::enforced::parse_mountinfo("36 35 0:9 / /a rw - tmpfs  rw,size=1k\n37 35 0:9 / /b rw - tmpfs rw\n");
  REQUIRE(mounts.size() == 1);
  CHECK_EQ(mounts[0].device, "0:9");
  CHECK_EQ(mounts[0].type, "tmpfs");
  CHECK(mounts[0].has("size=1k"));
}

TEST(policy_patterns_of_engines_files) {
  const policy::Names names{"me", "box", "", false};
  const auto matches = [&](const char* pattern, const char* path) { return policy::matches(pattern, path, names); };
  CHECK(matches("containers/*/hosts", "containers/x/hosts"));
  CHECK(!matches("containers/*/hosts", "containers/x/y/hosts"));
  CHECK(!matches("containers/*/hosts", "containers/x/hosts/y"));
  CHECK(!matches("containers/*/hosts", "containers/x"));
  CHECK(matches("{id}/**", "me"));
  CHECK(matches("{id}/**", "me/a/b"));
  CHECK(!matches("{id}/**", "you/a"));
  CHECK(!matches("{id}/**", "meme"));
  CHECK(matches("s/{sandbox}/hosts", "s/box/hosts"));
  CHECK(!matches("pods/{pod}/x", "pods/any/x"));
  CHECK(policy::matches("pods/{pod}/x", "pods/any/x", {"", "", "", true}));
  CHECK(!policy::matches("pods/{pod}/x", "pods/any/x", {"", "", "mine", false}));
  CHECK(policy::matches("pods/{pod}/x", "pods/mine/x", {"", "", "mine", false}));
  CHECK(!policy::matches("s/{sandbox}/x", "s/any/x", {"", "", "", false}));
  CHECK(matches("*.*/v", "1.1/v"));
  CHECK(matches("*-containers/a", "overlay-containers/a"));
  CHECK(!matches("*-containers/a", "overlay-containers-x/a"));
  CHECK(policy::within("/a/**", "/a") && policy::within("/a/**", "/a/b") && !policy::within("/a/**", "/ab") && policy::within("/**", "/a"));
}
