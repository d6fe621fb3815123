// SPDX-License-Identifier: Apache-2.0
#include "lsm.h"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

namespace secure::lsm {

namespace {

// Detached mounts have nothing on top of them, the host's /proc may: no mount is crossed, no magic link followed. "thread-self" is
// a plain link inside of procfs.
constexpr std::uint64_t kResolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

Fd open_attribute(int procfs, const char* name) {
  const std::string path = std::string("thread-self/attr/") + name;
  return Fd(sys_openat2(procfs, path.c_str(), O_WRONLY, 0, kResolve));
}

Error unavailable(const std::string& field, int err, std::string what, std::string hint) {
  return fail(Stage::process, "CONTROL_UNAVAILABLE", err, field + ": " + std::move(what), std::move(hint));
}

// One write(2): the kernel takes each as a whole command.
Status write_once(const Fd& file, const std::string& text) {
  const ssize_t n = ::write(file.get(), text.data(), text.size());
  if (n == static_cast<ssize_t>(text.size())) return Ok{};
  return fail(Stage::process, "CONTROL_UNAVAILABLE", n < 0 ? errno : EIO, "write a label");
}

bool unconfined(const spec::Process& process) { return process.apparmor_profile == "unconfined"; }

}  // namespace

bool has_apparmor() {
  auto enabled = read_file(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16);
  return enabled && enabled->starts_with("Y");
}

bool has_selinux() {
  // Where the file system of its policy is mounted, as libselinux looks for it.
  struct statfs fs {};
  for (const char* path : {"/sys/fs/selinux", "/selinux"})
    if (::statfs(path, &fs) == 0 && fs.f_type == static_cast<decltype(fs.f_type)>(SELINUX_MAGIC)) return true;
  auto lsms = read_file(AT_FDCWD, "/sys/kernel/security/lsm", 4096);
  return lsms && ("," + *lsms + ",").find(",selinux,") != std::string::npos;
}

void create_files_for_containers() {
  if (!has_selinux()) return;
  for (const char* type : {"container_ro_file_t", "secure.layer"})
    if (write_file_once(AT_FDCWD, "/proc/thread-self/attr/fscreate", std::string("system_u:object_r:") + type + ":s0", Stage::image)) return;
}

bool label_file(int fd, const std::string& label) {
  return ::fsetxattr(fd, "security.selinux", label.c_str(), label.size() + 1, 0) == 0 || errno == ENOTSUP;
}

Status check(const spec::Process& process) {
  // Without the module everything is unconfined.
  if (!process.apparmor_profile.empty() && !unconfined(process) && !has_apparmor())
    return unavailable("/process/apparmorProfile", 0, "apply profile '" + process.apparmor_profile + "': AppArmor is not enabled on the host",
                       "boot with AppArmor (security=apparmor), or leave the profile out");
  if (process.apparmor_profile.find_first_of(std::string_view("\n\0 ", 3)) != std::string::npos)
    return fail(Stage::config, "CONFIG_INVALID", 0, "/process/apparmorProfile must be one name without blanks");
  if (!process.selinux_label.empty() && !has_selinux())
    return unavailable("/process/selinuxLabel", 0, "apply label '" + process.selinux_label + "': SELinux is not supported or not enabled on the host",
                       "boot with SELinux (security=selinux), or leave the label out");
  return Ok{};
}

Result<Pending> open(int procfs, const spec::Process& process) {
  Pending out;
  if (!process.apparmor_profile.empty() && !(unconfined(process) && !has_apparmor())) {
    // Its own directory where modules can be stacked (Linux 5.8): the plain one belongs to whichever is the first of them.
    out.files[0] = open_attribute(procfs, "apparmor/exec");
    if (!out.files[0].valid()) out.files[0] = open_attribute(procfs, "exec");
    if (!out.files[0].valid()) return unavailable("/process/apparmorProfile", errno, "open the attribute of the process", "is AppArmor enabled?");
  }
  if (!process.selinux_label.empty()) {
    out.files[1] = open_attribute(procfs, "exec");
    if (!out.files[1].valid()) return unavailable("/process/selinuxLabel", errno, "open the attribute of the process", "is SELinux enabled?");
  }
  return out;
}

Status apply(const Pending& pending, const spec::Process& process) {
  if (pending.files[0].valid())
    if (auto s = write_once(pending.files[0], "exec " + process.apparmor_profile); !s)
      return unavailable("/process/apparmorProfile", s.error().err, "apply profile '" + process.apparmor_profile + "'",
                         s.error().err == ENOENT ? "it is not loaded: apparmor_parser -r FILE, and see /sys/kernel/security/apparmor/profiles"
                         : s.error().err == EACCES || s.error().err == EPERM ? "the profile that the runtime itself has does not allow this change" : "");
  if (pending.files[1].valid())
    if (auto s = write_once(pending.files[1], process.selinux_label); !s)
      return unavailable("/process/selinuxLabel", s.error().err, "apply label '" + process.selinux_label + "'",
                         s.error().err == EINVAL ? "the loaded policy has no such context" : "the policy does not allow setexec for the runtime's own context");
  return Ok{};
}

Status label_keyring(int procfs, const spec::Process& process) {
  if (process.selinux_label.empty()) return Ok{};
  Fd file = open_attribute(procfs, "keycreate");
  if (!file.valid()) return unavailable("/process/selinuxLabel", errno, "open the label of new keys", "is SELinux enabled?");
  if (auto s = write_once(file, process.selinux_label); !s)
    return unavailable("/process/selinuxLabel", s.error().err, "label the session keyring '" + process.selinux_label + "'", "the policy does not allow setkeycreate");
  return Ok{};
}

Result<Fd> host_procfs() {
  Fd proc(::open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct statfs fs {};
  if (!proc.valid() || ::fstatfs(proc.get(), &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
    return fail(Stage::process, "PROC_INVALID", proc.valid() ? 0 : errno, "/proc is no procfs", "mount procfs on /proc");
  return proc;
}

}  // namespace secure::lsm
