// SPDX-License-Identifier: Apache-2.0
// Descriptors, sockets, network and keys: what leads out.
#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>

#include "facts.h"
#include "files.h"

namespace secure::isolation {

namespace {

constexpr int kMostDescriptors = 256, kMostMounts = 4096;

// getcwd(2) says `(unreachable)` of a directory that is not below the root: the system call, since the C library takes that for an error.
bool working_directory_is_outside(bool& known) {
  char path[4096];
  const long n = ::syscall(SYS_getcwd, path, sizeof path);
  known = n > 0;
  return known && path[0] != '/';
}

struct Names {
  Writer* out;
  int count;
};

void write_interfaces(Writer& out) {
  out.open('[');
  char text[8192];
  std::string_view left = text_of("/proc/net/dev", text), line;
  for (int i = 0; i < 64 && next_line(left, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    ++i;
    std::string_view rest = line.substr(0, colon);
    const std::string_view name = next_word(rest);
    char path[64];
    struct stat st {};
    // A piece of hardware, or of a virtual machine: none has been given away to a container by its engine.
    const bool device = ::stat(join(path, {"/sys/class/net/", name, "/device"}), &st) == 0;
    out.open('{').key("name").text(name, 32).key("device").boolean(device).close('}');
  }
  out.close(']');
}

// Each name is listed once for every socket that has it.
void write_abstract(Writer& out) {
  static char text[1U << 17];
  std::string_view left = text_of("/proc/net/unix", text), line;
  if (left.empty()) {
    out.null();
    return;
  }
  out.open('[');
  for (int i = 0; i < 16 && next_line(left, line);) {
    const std::size_t at = line.find(" @");
    if (at == std::string_view::npos) continue;
    ++i;
    out.text(line.substr(at + 1), 108);
  }
  out.close(']');
}

// Where engines and system managers listen, and what is found of them in directories that are mounted elsewhere.
constexpr std::string_view kSockets[] = {
    "/run/docker.sock", "/run/docker/containerd/containerd.sock", "/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock", "/run/crio/crio.sock",
    "/run/cri-dockerd.sock", "/run/podman/podman.sock", "/run/buildkit/buildkitd.sock", "/run/dockershim.sock", "/run/systemd/private", "/run/dbus/system_bus_socket",
};
constexpr std::string_view kNames[] = {"docker.sock", "containerd.sock", "crio.sock", "podman.sock", "buildkitd.sock", "dockershim.sock", "cri-dockerd.sock"};

struct Sockets {
  Writer* out;
  struct {
    dev_t device;
    ino_t inode;
  } seen[32];
  std::size_t count;
  bool answers;
};

// One socket is one, by however many paths.
void write_socket(Sockets& sockets, const char* path) {
  struct stat st {};
  if (::stat(path, &st) < 0 || !S_ISSOCK(st.st_mode) || sockets.count == std::size(sockets.seen)) return;
  for (std::size_t i = 0; i < sockets.count; ++i)
    if (sockets.seen[i].device == st.st_dev && sockets.seen[i].inode == st.st_ino) return;
  sockets.seen[sockets.count++] = {st.st_dev, st.st_ino};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  char name[24];
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  // Nothing is asked: whoever listens sees a connection that ends.
  const bool connected = fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  sockets.answers = sockets.answers || connected;
  sockets.out->open('{').key("path").text(path, 256).key("answers").boolean(connected).key("error");
  if (connected) sockets.out->null();
  else sockets.out->text(errno_name(error, name));
  sockets.out->close('}');
  if (fd >= 0) ::close(fd);
}

// A socket mounted under another name is known by its own, and one in a mounted directory by that.
void write_mounted(Sockets& sockets, std::string_view root, std::string_view point) {
  char path[512];
  for (const std::string_view name : kNames)
    if (root.ends_with(name)) write_socket(sockets, join(path, {point}));
  if (point == "/") return;
  for (const std::string_view place : kSockets) {
    // As the root of the host, its /run, or the directory of the engine.
    const std::string_view below_run = place.substr(4), file = place.substr(place.rfind('/'));
    for (const std::string_view below : {place, below_run, file}) write_socket(sockets, join(path, {point, below}));
  }
}

}  // namespace

void write_descriptors(Writer& out) {
  bool known = false;
  const bool outside = working_directory_is_outside(known);
  out.open('{').key("workingDirectory").text(!known ? "unknown" : outside ? "outside" : "inside").key("open").open('[');
  int count = 0;
  for (int fd = 0; fd < 1024 && count < kMostDescriptors; ++fd) {
    struct stat st {};
    if (::fstat(fd, &st) < 0) continue;
    ++count;
    // Those of the probe itself come after these; a directory it has none open.
    const char* type = S_ISDIR(st.st_mode) ? "directory" : S_ISREG(st.st_mode) ? "file" : S_ISCHR(st.st_mode) ? "device" : S_ISBLK(st.st_mode) ? "disk" : S_ISSOCK(st.st_mode) ? "socket" : S_ISFIFO(st.st_mode) ? "pipe" : "other";
    if (fd > 2 && !S_ISDIR(st.st_mode) && !S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode)) continue;
    bool leads_out = false;
    if (S_ISDIR(st.st_mode)) leads_out = ::fchdir(fd) == 0 && working_directory_is_outside(known);
    char link[256], path[64], digits[20];
    const ssize_t n = ::readlink(join(path, {"/proc/self/fd/", decimal(static_cast<std::uint64_t>(fd), digits)}), link, sizeof link);
    out.open('{').key("fd").number(fd).key("type").text(type).key("leadsOut").boolean(leads_out).key("link");
    if (n < 0) out.null();
    else out.text({link, static_cast<std::size_t>(n)}, 256);
    out.close('}');
  }
  out.close(']').close('}');
}

void write_sockets(Writer& out) {
  static char found[1U << 16];
  Writer list(found);
  Sockets sockets{};
  sockets.out = &list;
  list.open('[');
  char path[64];
  for (const std::string_view place : kSockets) {
    write_socket(sockets, join(path, {place}));
    write_socket(sockets, join(path, {"/var", place}));
  }
  write_socket(sockets, "/docker.sock");
  static char text[kMountsBytes];
  std::string_view left = text_of("/proc/self/mountinfo", text), line;
  const bool whole = left.size() < sizeof text;
  for (int i = 0; i < kMostMounts && next_line(left, line); ++i) {
    for (int k = 0; k < 3; ++k) (void)next_word(line);
    const std::string_view root = next_word(line), point = next_word(line);
    write_mounted(sockets, root, point);
  }
  list.close(']');
  // None of those that were looked at is not none.
  if (!sockets.answers && (!whole || !left.empty() || sockets.count == std::size(sockets.seen))) out.null();
  else out.raw(list.written());
}

void write_network(Writer& out) {
  out.open('{').key("interfaces");
  write_interfaces(out);
  out.key("abstract");
  write_abstract(out);
  out.close('}');
}

// proc_keys(5): those that the process may see, its own among them.
void write_keys(Writer& out) {
  static char text[1U << 16];
  const long n = read_file("/proc/keys", text);
  struct stat st {};
  const bool masked = ::stat("/proc/keys", &st) == 0 && S_ISCHR(st.st_mode);
  out.open('{').key("visible");
  if (n < 0 || masked) out.null();
  else {
    int count = 0;
    std::string_view left(text, static_cast<std::size_t>(n)), line;
    while (next_line(left, line)) ++count;
    out.number(count);
  }
  out.close('}');
}

}  // namespace secure::isolation
