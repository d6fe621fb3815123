// SPDX-License-Identifier: Apache-2.0
#include "confine.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "caps.h"
#include "confine_rules.h"
#include "landlock.h"
#include "mountfd.h"

namespace secure::confine {

namespace {

// The sanitizers' runtime maps terabytes and makes system calls of its own.
#if defined(SECURE_SANITIZED)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// zstd's largest window, kept names, buffers, and room for the allocator.
constexpr rlim_t kMemory = rlim_t{1} << 30;
// A tree of the deepest path is removed with one descriptor per level.
constexpr rlim_t kFiles = 1024;

Error failed(const char* what) { return fail(Stage::process, "CONFINEMENT_FAILED", errno, what); }

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << capability; }

// Owner and mode of files of any id, writing below directories of any mode, set-id bits of foreign groups,
// file capabilities. All of them count in the process's own user namespace only.
constexpr std::uint64_t kExtractorCaps =
    bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) | bit(CAP_FSETID) | bit(CAP_SETFCAP);

// Only lowers: a process without CAP_SYS_RESOURCE can do that too.
Status limit(decltype(RLIMIT_AS) resource, rlim_t most) {
  rlimit now{};
  if (::getrlimit(resource, &now) < 0) return failed("read a resource limit");
  now.rlim_cur = now.rlim_max = std::min(now.rlim_max, most);
  if (::setrlimit(resource, &now) < 0) return failed("set a resource limit");
  return Ok{};
}

Status drop_capabilities(std::uint64_t keep) {
  spec::Capabilities wanted;
  wanted.bounding = wanted.permitted = wanted.effective = keep;
  SECURE_TRY(caps::limit_bounding(wanted));
  return caps::apply(wanted);
}

// A private mount of nothing but the directory: its ".." is itself, and the kernel follows no symbolic
// link on it, whoever asks.
Result<Fd> private_root(int target) {
  SECURE_LET(mount, mountfd::clone(target, "", false));
  mountfd::Attributes attributes;
  attributes.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;
  SECURE_TRY(mountfd::set_attributes(mount.get(), attributes, false, "the directory to fill"));
  Fd root(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return failed("open the directory to fill");
  return root;
}

}  // namespace

Result<Confinement> prepare(Role role, int target, bool require_landlock) {
  Confinement c;
  c.role = role;
  c.parent = ::getpid();
  SECURE_LET(filter, seccomp::compile(filter_of(role)));
  c.filter = std::move(filter);
  if (role == Role::extractor) {
    SECURE_LET(root, private_root(target));
    c.root = std::move(root);
  }
  if (landlock::abi() > 0) {
    SECURE_LET(ruleset, landlock_of(role, c.root.get()));
    c.ruleset = std::move(ruleset);
  } else if (require_landlock) {
    return fail(Stage::landlock, "CONTROL_UNAVAILABLE", ENOSYS,
                "this kernel has no Landlock to confine the extraction with",
                "boot with lsm=landlock,...; secure-extract --without-landlock makes do with the other confinements");
  }
  return c;
}

Status isolate() {
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) < 0)
    return fail(Stage::userns, "CONTROL_UNAVAILABLE", errno, "a user namespace for the extraction",
                "user namespaces are off: see the sysctl user.max_user_namespaces");
  return Ok{};
}

Status enter(const Confinement& c) {
  // The decompressor opens nothing: Landlock and seccomp see to it without a root of its own.
  if (c.role == Role::extractor && (::fchdir(c.root.get()) < 0 || ::chroot(".") < 0))
    return failed("change the root directory");
  SECURE_TRY(limit(RLIMIT_CORE, 0));
  SECURE_TRY(limit(RLIMIT_NOFILE, kFiles));
  if (!kSanitized) SECURE_TRY(limit(RLIMIT_AS, kMemory));
  (void)::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes gives EFBIG instead
  (void)::signal(SIGPIPE, SIG_IGN);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed("set no_new_privs");
  if (c.ruleset.valid()) SECURE_TRY(landlock::enforce(c.ruleset));
  SECURE_TRY(drop_capabilities(c.role == Role::extractor ? kExtractorCaps : 0));
  // After the last change of credentials, which would clear it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return failed("die with the starting process");
  if (::getppid() != c.parent) return failed("the starting process is gone");
  if (!kSanitized) SECURE_TRY(seccomp::load(c.filter));
  return Ok{};
}

Status keep_only(std::span<const int> keep) {
  {
    Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null.valid()) return failed("open /dev/null");
    // Closed ones would be given to the files of the layer, and a message of the C library would end up in one.
    for (int fd = 0; fd < (kSanitized ? 2 : 3); fd++)
      if (::dup2(null.get(), fd) < 0) return failed("replace the standard streams");
  }
  return close_all_but(keep);
}

}  // namespace secure::confine
