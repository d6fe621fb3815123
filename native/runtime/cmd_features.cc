// SPDX-License-Identifier: Apache-2.0
// `features`: what this build and this kernel can do, in the shape of runtime-spec features.md where that has a word for it.
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caps.h"
#include "cgroup.h"
#include "commands.h"
#include "criu_program.h"
#include "fd.h"
#include "json.h"
#include "landlock.h"
#include "landlock_abi.h"
#include "mount_options.h"
#include "version.h"

namespace secure::runtime {

namespace {

constexpr const char* kNamespaces[] = {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"};

// Words that mean something to the runtime whatever the file system; mount_options decides which of them this build knows.
constexpr const char* kMountOptions[] = {
    "async", "atime", "bind", "copy-symlink", "defaults", "dest-nofollow", "dev", "diratime", "dirsync", "exec", "idmap", "lazytime",
    "mand", "noatime", "nodev", "nodiratime", "noexec", "nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid", "nosymfollow",
    "private", "rasync", "ratime", "rbind", "rdev", "rdiratime", "rdirsync", "relatime", "remount", "rexec", "ridmap", "rmand", "rnoatime",
    "rnodev", "rnodiratime", "rnoexec", "rnomand", "rnorelatime", "rnostrictatime", "rnosuid", "rnosymfollow", "ro", "rprivate",
    "rrelatime", "rro", "rrw", "rshared", "rslave", "rstrictatime", "rsuid", "rsymfollow", "rsync", "runbindable", "rw", "shared", "slave",
    "src-nofollow", "strictatime", "suid", "symfollow", "sync", "tmpcopyup", "unbindable"};

std::vector<std::string> mount_words() {
  std::vector<std::string> out;
  for (const char* word : kMountOptions)
    // What it does not know it hands to the file system.
    if (auto parsed = mount_options::parse({word}); parsed.ok() && parsed->fs.empty()) out.emplace_back(word);
  return out;
}

struct Action {
  const char* name;
  std::uint32_t value;
};
constexpr Action kActions[] = {{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
                               {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO},
                               {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
                               {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
                               {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
                               {"SCMP_ACT_LOG", SECCOMP_RET_LOG},
                               {"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF},
                               {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
                               {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP}};

// Those that name files and sockets of the host, or keep groups of the caller. org.secure.* only takes away.
constexpr const char* kUnsafeAnnotations[] = {"org.criu.config", "run.oci.hooks.stderr", "run.oci.hooks.stdout", "run.oci.keep_original_groups", "run.oci.mount_context_type",
                                              "run.oci.pidfd_receiver"};
constexpr const char* kHooks[] = {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};
constexpr const char* kOperators[] = {"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"};
constexpr const char* kFlagNames[] = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
                                      "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
constexpr unsigned kFlagValues[] = {SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_TSYNC,
                                    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER};
constexpr const char* kMemoryModes[] = {"MPOL_BIND", "MPOL_DEFAULT", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY",
                                        "MPOL_WEIGHTED_INTERLEAVE"};
constexpr const char* kMemoryFlags[] = {"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"};

// An unknown flag is EINVAL, a missing filter EFAULT: nothing is loaded.
bool flag_available(unsigned flag) { return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, nullptr) < 0 && errno == EFAULT; }

// seccomp(2) SECCOMP_GET_ACTION_AVAIL
bool available(std::uint32_t action) { return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0; }

const char* mode_name(cgroup::Mode mode) {
  switch (mode) {
    case cgroup::Mode::none: return "none";
    case cgroup::Mode::v1: return "v1";
    case cgroup::Mode::v2: return "v2";
    case cgroup::Mode::hybrid: return "hybrid";
  }
  return "none";
}

class Writer {
 public:
  explicit Writer(rapidjson::Document::AllocatorType& a) : a_(a) {}
  rapidjson::Value text(std::string_view value) {
    return {value.data(), static_cast<rapidjson::SizeType>(value.size()), a_};
  }
  rapidjson::Value enabled() {
    rapidjson::Value out(rapidjson::kObjectType);
    out.AddMember("enabled", true, a_);
    return out;
  }
  template <typename Range>
  rapidjson::Value list(const Range& range) {
    rapidjson::Value out(rapidjson::kArrayType);
    for (const auto& item : range) out.PushBack(text(item), a_);
    return out;
  }

 private:
  rapidjson::Document::AllocatorType& a_;
};

}  // namespace

int cmd_features(int argc, char** /*argv*/) {
  if (argc != 1) return usage("secure-runtime features");
  rapidjson::Document document(rapidjson::kObjectType);
  auto& a = document.GetAllocator();
  Writer write(a);
  document.AddMember("schemaVersion", 1, a);
  document.AddMember("version", write.text(kVersion), a);
  document.AddMember("ociVersionMin", "1.0.0", a);
  document.AddMember("ociVersionMax", "1.3.0", a);
  document.AddMember("hooks", write.list(kHooks), a);
  document.AddMember("mountOptions", write.list(mount_words()), a);
  document.AddMember("potentiallyUnsafeConfigAnnotations", write.list(kUnsafeAnnotations), a);

  // Where engines look for it.
  rapidjson::Value annotations(rapidjson::kObjectType);
  const bool criu = criu::find_program().ok();
  for (const char* name : {"org.opencontainers.runc.checkpoint.enabled", "run.oci.crun.checkpoint.enabled"})
    annotations.AddMember(rapidjson::StringRef(name), rapidjson::StringRef(criu ? "true" : "false"), a);
  document.AddMember("annotations", annotations, a);

  rapidjson::Value linux_(rapidjson::kObjectType);
  linux_.AddMember("namespaces", write.list(kNamespaces), a);
  const int last = caps::last();
  linux_.AddMember("capabilities", write.list(caps::names(last >= 63 ? ~0ULL : (1ULL << (last + 1)) - 1)), a);

  rapidjson::Value cgroups(rapidjson::kObjectType), controllers(rapidjson::kArrayType);
  const auto layout = cgroup::detect();
  cgroups.AddMember("mode", write.text(mode_name(layout.ok() ? layout->mode : cgroup::Mode::none)), a);
  if (layout.ok())
    for (const auto& hierarchy : layout->hierarchies)
      for (const auto& controller : hierarchy.controllers) controllers.PushBack(write.text(controller), a);
  cgroups.AddMember("controllers", controllers, a);
  // features-linux.md: what the runtime can do, whatever the host has.
  cgroups.AddMember("v1", true, a);
  cgroups.AddMember("v2", true, a);
  cgroups.AddMember("systemd", true, a);
  cgroups.AddMember("systemdUser", true, a);
  linux_.AddMember("cgroup", cgroups, a);

  rapidjson::Value seccomp(rapidjson::kObjectType), actions(rapidjson::kArrayType);
  for (const auto& action : kActions)
    if (available(action.value)) actions.PushBack(write.text(action.name), a);
  seccomp.AddMember("enabled", !actions.Empty(), a);
  seccomp.AddMember("actions", actions, a);
#if defined(__x86_64__)
  constexpr const char* kArchs[] = {"SCMP_ARCH_X86", "SCMP_ARCH_X86_64"};
#else
  constexpr const char* kArchs[] = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#endif
  seccomp.AddMember("archs", write.list(kArchs), a);
  seccomp.AddMember("operators", write.list(kOperators), a);
  seccomp.AddMember("knownFlags", write.list(kFlagNames), a);
  rapidjson::Value supported(rapidjson::kArrayType);
  for (std::size_t i = 0; i < std::size(kFlagNames); ++i)
    if (flag_available(kFlagValues[i])) supported.PushBack(write.text(kFlagNames[i]), a);
  seccomp.AddMember("supportedFlags", supported, a);
  linux_.AddMember("seccomp", seccomp, a);
  for (const char* name : {"apparmor", "selinux", "netDevices"}) linux_.AddMember(rapidjson::StringRef(name), write.enabled(), a);
  rapidjson::Value rdt = write.enabled();
  rdt.AddMember("schemata", true, a);
  rdt.AddMember("monitoring", true, a);
  linux_.AddMember("intelRdt", rdt, a);
  rapidjson::Value extensions(rapidjson::kObjectType);
  extensions.AddMember("idmap", write.enabled(), a);
  linux_.AddMember("mountExtensions", extensions, a);
  rapidjson::Value memory(rapidjson::kObjectType);
  memory.AddMember("modes", write.list(kMemoryModes), a);
  memory.AddMember("flags", write.list(kMemoryFlags), a);
  linux_.AddMember("memoryPolicy", memory, a);

  rapidjson::Value landlock(rapidjson::kObjectType);
  const int abi = landlock::abi();
  landlock.AddMember("abi", abi, a);
  rapidjson::Value rights(rapidjson::kArrayType);
  for (const auto& right : landlock::kernel::kFs)
    if (right.abi <= abi) rights.PushBack(write.text(right.name), a);
  landlock.AddMember("accessFs", rights, a);
  linux_.AddMember("landlock", landlock, a);
  document.AddMember("linux", linux_, a);
  if (auto status = write_all(STDOUT_FILENO, json::dump(document) + "\n", "standard output"); !status.ok())
    return report(status.error());
  return 0;
}

}  // namespace secure::runtime
