// SPDX-License-Identifier: Apache-2.0
// Mounts, files of the kernel, devices and control groups.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "facts.h"
#include "files.h"

namespace secure::isolation {

namespace {

constexpr int kMostMounts = 256, kMostDevices = 256;

bool may(const char* path, int mode) { return ::syscall(SYS_faccessat, AT_FDCWD, path, mode) == 0; }

void write_flags(Writer& out, unsigned long flags) {
  struct Flag {
    unsigned long bit;
    std::string_view name;
  };
  static constexpr Flag kFlags[] = {{ST_RDONLY, "ro"}, {ST_NOSUID, "nosuid"}, {ST_NODEV, "nodev"}, {ST_NOEXEC, "noexec"}};
  out.open('[');
  for (const Flag& flag : kFlags)
    if ((flags & flag.bit) != 0) out.text(flag.name);
  out.close(']');
}

struct Devices {
  Writer* out;
  const char* directory;
  int depth, count;
};

bool look_at(const char* name, void* context) {
  auto& devices = *static_cast<Devices*>(context);
  char path[512];
  join(path, {devices.directory, "/", name});
  struct stat st {};
  if (::fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) < 0) return true;
  if (S_ISDIR(st.st_mode) && devices.depth < 2) {
    Devices below{devices.out, path, devices.depth + 1, devices.count};
    (void)for_each_name(path, look_at, &below);
    devices.count = below.count;
    return devices.count < kMostDevices;
  }
  if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) return true;
  struct statvfs fs {};
  const bool nodev = ::statvfs(path, &fs) == 0 && (fs.f_flag & ST_NODEV) != 0;
  // Asked by access(2), which the rules of a device control group answer too. Never opened: to open a watchdog starts it, to open others
  // makes the kernel load a module.
  devices.out->open('{').key("path").text(path, 256).key("type").text(S_ISCHR(st.st_mode) ? "c" : "b");
  devices.out->key("major").natural(major(st.st_rdev)).key("minor").natural(minor(st.st_rdev));
  devices.out->key("read").boolean(!nodev && may(path, R_OK)).key("write").boolean(!nodev && may(path, W_OK)).close('}');
  return ++devices.count < kMostDevices;
}

constexpr const char* kPaths[] = {
    "/proc/acpi", "/proc/asound", "/proc/bus", "/proc/fs", "/proc/interrupts", "/proc/irq", "/proc/kallsyms", "/proc/kcore", "/proc/keys", "/proc/kmsg",
    "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/sys", "/proc/sys/fs/binfmt_misc/register", "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname", "/proc/sys/vm/panic_on_oom", "/proc/sysrq-trigger", "/proc/timer_list", "/proc/timer_stats",
    "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/firmware/efi/efivars", "/sys/fs/bpf", "/sys/fs/selinux/enforce", "/sys/kernel/debug",
    "/sys/kernel/security", "/sys/kernel/tracing", "/sys/kernel/uevent_helper", "/sys/kernel/vmcoreinfo", "/sys/module", "/sys/power/state",
};

// A directory without an entry, or something in the place of /dev/null.
bool is_masked(const char* path, const struct stat& st) {
  if (S_ISCHR(st.st_mode)) return st.st_rdev == makedev(1, 3);
  struct statfs fs {};
  constexpr long kTmpfs = 0x01021994;
  if (!S_ISDIR(st.st_mode) || ::statfs(path, &fs) < 0 || fs.f_type != kTmpfs) return false;
  bool empty = true;
  const int read = for_each_name(path, [](const char*, void* at) { return *static_cast<bool*>(at) = false; }, &empty);
  return read == 0 && empty;
}

}  // namespace

void write_root(Writer& out) {
  struct statvfs fs {};
  struct statfs type {};
  struct stat st {};
  const bool known = ::statvfs("/", &fs) == 0 && ::statfs("/", &type) == 0 && ::stat("/", &st) == 0;
  out.open('{').key("flags");
  if (known) write_flags(out, fs.f_flag);
  else out.null();
  out.key("magic").number(known ? type.f_type : 0).key("writable").boolean(may("/", W_OK)).close('}');
}

// proc_pid_mountinfo(5).
void write_mounts(Writer& out) {
  static char text[1U << 17];
  const long n = read_file("/proc/self/mountinfo", text);
  if (n <= 0) {
    out.null();
    return;
  }
  std::string_view left(text, static_cast<std::size_t>(n)), line;
  out.open('{').key("mounts").open('[');
  int count = 0;
  // The last line of a file that did not fit is a part of one.
  while (count < kMostMounts && next_line(left, line) && !(left.empty() && n == static_cast<long>(sizeof text))) {
    const std::string_view id = next_word(line);
    (void)next_word(line);  // of its parent
    const std::string_view device = next_word(line), root = next_word(line), point = next_word(line), options = next_word(line);
    bool shared = false, slave = false;
    for (std::string_view word = next_word(line); !word.empty() && word != "-"; word = next_word(line)) {
      shared = shared || word.starts_with("shared:");
      slave = slave || word.starts_with("master:");
    }
    const std::string_view type = next_word(line), source = next_word(line);
    ++count;
    out.open('{').key("id").number(parse_decimal(id)).key("device").text(device, 32).key("root").text(root, 256).key("point").text(point, 256);
    out.key("options").text(options, 128).key("shared").boolean(shared).key("slave").boolean(slave);
    out.key("type").text(type, 32).key("source").text(source, 256).close('}');
  }
  out.close(']').key("complete").boolean(left.empty() && n < static_cast<long>(sizeof text)).close('}');
}

void write_paths(Writer& out) {
  out.open('[');
  for (const char* path : kPaths) {
    struct stat st {};
    const bool there = ::fstatat(AT_FDCWD, path, &st, 0) == 0;
    const int error = errno;
    if (!there && error == ENOENT) continue;
    char name[24];
    out.open('{').key("path").text(path).key("error");
    if (there) out.null();
    else out.text(errno_name(error, name));
    out.key("masked").boolean(there && is_masked(path, st));
    out.key("read").boolean(there && may(path, R_OK)).key("write").boolean(there && may(path, W_OK)).close('}');
  }
  out.close(']');
}

void write_devices(Writer& out) {
  out.open('{').key("nodes").open('[');
  Devices devices{&out, "/dev", 0, 0};
  const int read = for_each_name("/dev", look_at, &devices);
  const bool none = read < 0 && errno == ENOENT;
  out.close(']').key("complete").boolean((read == 0 || none) && devices.count < kMostDevices).close('}');
}

void write_cgroups(Writer& out) {
  static char text[16384];
  const long n = read_file("/proc/self/cgroup", text);
  static char mounts[kMountsBytes], paths[1U << 16];
  std::string_view left_mounts = text_of("/proc/self/mountinfo", mounts), line_of;
  const bool whole = left_mounts.size() < sizeof mounts;
  // Where a process could be moved, or a limit be changed.
  Writer writable(paths);
  writable.open('[');
  bool found = false;
  int groups = 0;
  for (; groups < 32 && next_line(left_mounts, line_of);) {
    const bool is_group = line_of.find(" - cgroup ") != std::string_view::npos || line_of.find(" - cgroup2 ") != std::string_view::npos;
    if (!is_group) continue;
    ++groups;
    for (int k = 0; k < 4; ++k) (void)next_word(line_of);
    char path[512];
    join(path, {next_word(line_of), "/cgroup.procs"});
    if (!may(path, W_OK)) continue;
    found = true;
    writable.text(path, 256);
  }
  writable.close(']');
  // None of those that were looked at is not none.
  if (!found && (!whole || groups == 32)) {
    out.null();
    return;
  }
  out.open('{').key("groups");
  if (n < 0) out.null();
  else {
    out.open('[');
    std::string_view left(text, static_cast<std::size_t>(n)), line;
    for (int i = 0; i < 32 && next_line(left, line); ++i) out.text(line, 256);
    out.close(']');
  }
  out.key("writable").raw(writable.written()).close('}');
}

}  // namespace secure::isolation
