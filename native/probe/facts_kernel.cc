// SPDX-License-Identifier: Apache-2.0
// The kernel, the namespaces, and the processes that can be seen.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "facts.h"
#include "files.h"

namespace secure::isolation {

namespace {

constexpr int kMostProcesses = 4096;

struct Seen {
  Writer* out;
  int processes = 0, named = 0, foreign = 0;
  bool kernel_threads = false;
};

bool is_number(std::string_view text) { return parse_decimal(text) > 0; }

// The mount namespace of the process is another one, and its executable lies on a mount that is not here.
bool foreign_executable(std::string_view pid, bool& writable) {
  char path[64];
  const int fd = ::open(join(path, {"/proc/", pid, "/exe"}), O_PATH | O_CLOEXEC);
  if (fd < 0) return false;
  char link[16];
  const ssize_t n = ::readlink(path, link, sizeof link);
  // One in memory is no file of anybody's.
  if (n >= 7 && std::string_view(link, 7) == "/memfd:") {
    ::close(fd);
    return false;
  }
  const bool foreign = own_mount(mount_of(fd)) == 0;
  if (foreign) {
    // Asked, not opened: a program that runs cannot be opened for writing anyway (ETXTBSY), one that has ended can (CVE-2019-5736).
    writable = ::syscall(SYS_faccessat, AT_FDCWD, join(path, {"/proc/", pid, "/exe"}), W_OK) == 0;
  }
  ::close(fd);
  return foreign;
}

bool look_at(const char* name, void* context) {
  auto& seen = *static_cast<Seen*>(context);
  const std::string_view pid = name;
  if (!is_number(pid)) return true;
  char path[64], text[64];
  std::string_view comm = text_of(join(path, {"/proc/", pid, "/comm"}), text);
  if (comm.ends_with('\n')) comm.remove_suffix(1);
  // Process 2 of the initial pid namespace; a program of that name inside has no parent 0.
  if (pid == "2" && comm == "kthreadd") {
    char status[64];
    std::string_view stat = text_of(join(path, {"/proc/2/stat"}), status);
    if (stat.starts_with("2 (kthreadd) S 0 ")) seen.kernel_threads = true;
  }
  bool writable = false;
  if (foreign_executable(pid, writable) && seen.foreign < 32) {
    ++seen.foreign;
    seen.out->open('{').key("pid").number(parse_decimal(pid)).key("name").text(comm, 64).key("writable").boolean(writable).close('}');
  }
  return ++seen.processes < kMostProcesses;
}

}  // namespace

void write_kernel(Writer& out) {
  utsname name{};
  (void)::uname(&name);
  char boot[64];
  std::string_view id = text_of("/proc/sys/kernel/random/boot_id", boot);
  if (id.ends_with('\n')) id.remove_suffix(1);
  out.open('{').key("system").text(name.sysname, 64).key("release").text(name.release, 128).key("machine").text(name.machine, 64);
  out.key("hostname").text(name.nodename, 64).key("bootId");
  if (id.empty()) out.null();
  else out.text(id, 64);
  out.close('}');
}

void write_namespaces(Writer& out) {
  out.open('{');
  for (const std::string_view kind : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    char path[64];
    out.key(kind).open('{');
    const std::uint64_t own = namespace_inode(join(path, {"/proc/self/ns/", kind}));
    out.key("inode");
    if (own == 0) out.null();
    else out.natural(own);
    const std::uint64_t first = namespace_inode(join(path, {"/proc/1/ns/", kind}));
    out.key("ofFirst");
    if (first == 0) out.null();
    else out.natural(first);
    out.close('}');
  }
  out.close('}');
}

void write_processes(Writer& out) {
  char first[64];
  std::string_view comm = text_of("/proc/1/comm", first);
  if (comm.ends_with('\n')) comm.remove_suffix(1);
  // What lies outside is what no mount here has; of a list that is too long to be read nobody can tell.
  if (!comm.empty() && own_mount(0) < 0) {
    out.null();
    return;
  }
  // Of the probe, of which this is a child.
  out.open('{').key("pid").number(::getppid()).key("first");
  if (comm.empty()) out.null();
  else out.text(comm, 64);
  out.key("foreign").open('[');
  Seen seen{&out};
  const int read = for_each_name("/proc", look_at, &seen);
  out.close(']').key("visible");
  if (read < 0 || seen.processes == 0) out.null();
  else out.number(seen.processes);
  out.key("kernelThreads").boolean(seen.kernel_threads).close('}');
}

}  // namespace secure::isolation
