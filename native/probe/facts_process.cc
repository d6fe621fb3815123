// SPDX-License-Identifier: Apache-2.0
// Who the process is, what it may do, and what confines it.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "facts.h"
#include "files.h"

namespace secure::isolation {

namespace {

void write_map(Writer& out, std::string_view name, const char* path) {
  char text[8192];
  const long n = read_file(path, text);
  out.key(name);
  if (n < 0) {
    out.null();
    return;
  }
  out.open('[');
  std::string_view left(text, static_cast<std::size_t>(n)), line;
  for (int i = 0; i < 64 && next_line(left, line); ++i) {
    out.open('[');
    for (int k = 0; k < 3; ++k) out.number(parse_decimal(next_word(line)));
    out.close(']');
  }
  out.close(']');
}

void write_mask(Writer& out, std::string_view name, std::uint64_t mask) {
  char text[16];
  for (int i = 0; i < 16; ++i) text[i] = "0123456789abcdef"[(mask >> static_cast<unsigned>(4 * (15 - i))) & 15U];
  out.key(name).text({text, sizeof text});
}

// The part behind `name:` of a line of /proc/self/status; empty: none.
std::string_view status_field(std::string_view status, std::string_view name) {
  std::string_view line;
  while (next_line(status, line))
    if (line.starts_with(name) && line.substr(name.size(), 1) == ":") {
      line.remove_prefix(name.size() + 1);
      return next_word(line);
    }
  return {};
}

struct Capabilities {
  std::uint64_t bounding, permitted, effective, inheritable, ambient;
};

// False: a filter refuses to tell.
bool ask_for(Capabilities& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) < 0) return false;
  const auto both = [](std::uint32_t low, std::uint32_t high) { return static_cast<std::uint64_t>(high) << 32U | low; };
  sets.permitted = both(data[0].permitted, data[1].permitted);
  sets.effective = both(data[0].effective, data[1].effective);
  sets.inheritable = both(data[0].inheritable, data[1].inheritable);
  for (unsigned long bit = 0; bit < 64; ++bit) {
    const int has = ::prctl(PR_CAPBSET_READ, bit, 0, 0, 0);
    // There is a first one in every kernel; behind the last one it is EINVAL.
    if (has < 0 && (bit == 0 || errno != EINVAL)) return false;
    if (has < 0) break;
    if (has == 1) sets.bounding |= 1ULL << bit;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, bit, 0, 0) == 1) sets.ambient |= 1ULL << bit;
  }
  return true;
}

bool read_from_status(Capabilities& sets) {
  static char text[8192];
  const std::string_view status = text_of("/proc/self/status", text);
  const struct {
    std::string_view name;
    std::uint64_t& set;
  } fields[] = {{"CapBnd", sets.bounding}, {"CapPrm", sets.permitted}, {"CapEff", sets.effective}, {"CapInh", sets.inheritable}, {"CapAmb", sets.ambient}};
  for (const auto& [name, set] : fields) {
    const std::string_view digits = status_field(status, name);
    set = 0;
    if (digits.size() != 16 || digits.find_first_not_of("0123456789abcdef") != std::string_view::npos) return false;
    for (const char c : digits) set = set << 4U | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return true;
}

void write_label(Writer& out, std::string_view name, const char* path) {
  char text[512];
  std::string_view label = text_of(path, text);
  while (!label.empty() && (label.back() == '\0' || label.back() == '\n')) label.remove_suffix(1);
  out.key(name);
  if (label.empty()) out.null();
  else out.text(label, 256);
}

}  // namespace

void write_ids(Writer& out) {
  uid_t uid[3];
  gid_t gid[3];
  // A filter may refuse to tell: no number would be his.
  if (::getresuid(&uid[0], &uid[1], &uid[2]) < 0 || ::getresgid(&gid[0], &gid[1], &gid[2]) < 0) {
    out.null();
    return;
  }
  out.open('{').key("uid").open('[');
  for (const uid_t one : uid) out.natural(one);
  out.close(']').key("gid").open('[');
  for (const gid_t one : gid) out.natural(one);
  out.close(']').key("groups");
  gid_t groups[64];
  const int n = ::getgroups(64, groups);
  out.open('[');
  for (int i = 0; i < n; ++i) out.natural(groups[i]);
  out.close(']');
  write_map(out, "uidMap", "/proc/self/uid_map");
  write_map(out, "gidMap", "/proc/self/gid_map");
  out.close('}');
}

void write_capabilities(Writer& out) {
  Capabilities sets{};
  // A filter that refuses to tell must not look like a process without any.
  if (!ask_for(sets) && !read_from_status(sets)) {
    out.null();
    return;
  }
  out.open('{');
  write_mask(out, "bounding", sets.bounding);
  write_mask(out, "permitted", sets.permitted);
  write_mask(out, "effective", sets.effective);
  write_mask(out, "inheritable", sets.inheritable);
  write_mask(out, "ambient", sets.ambient);
  out.key("securebits").number(::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)).close('}');
}

void write_confinement(Writer& out) {
  static char text[8192];
  const std::string_view status = text_of("/proc/self/status", text);
  // Without /proc the kernel is asked; a filter that does not let it ask is one.
  std::int64_t mode = parse_decimal(status_field(status, "Seccomp"));
  if (mode < 0) mode = ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
  const std::int64_t filters = parse_decimal(status_field(status, "Seccomp_filters"));
  out.open('{').key("noNewPrivileges").boolean(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
  out.key("seccomp").number(mode).key("filters");
  if (filters < 0) out.null();
  else out.number(filters);
  write_label(out, "label", "/proc/self/attr/current");
  out.key("dumpable").number(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)).close('}');
}

// A domain cannot be read. What the mode of a file allows and the kernel refuses all the same is the work of a security module:
// access(2) does not ask Landlock, open(2) does.
void write_landlock(Writer& out) {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, LANDLOCK_CREATE_RULESET_VERSION);
  out.open('{').key("abi").number(abi < 0 ? 0 : abi).key("refused").open('[');
  for (const char* path : {"/", "/bin", "/dev", "/etc", "/home", "/lib", "/mnt", "/opt", "/proc", "/root", "/run", "/sys", "/tmp", "/usr", "/var"}) {
    if (::faccessat(AT_FDCWD, path, R_OK, 0) < 0) continue;
    const int fd = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) ::close(fd);
    else if (errno == EACCES || errno == EPERM) out.text(path);
  }
  out.close(']').close('}');
}

void write_limits(Writer& out) {
  static constexpr std::string_view kNames[] = {"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"};
  out.open('{');
  for (int i = 0; i < 16; ++i) {
    struct {
      std::uint64_t soft, hard;
    } limit{};
    if (::syscall(SYS_prlimit64, 0, i, nullptr, &limit) < 0) continue;
    out.key(kNames[i]).open('[');
    for (const std::uint64_t one : {limit.soft, limit.hard})
      if (one > static_cast<std::uint64_t>(INT64_MAX)) out.number(-1);
      else out.natural(one);
    out.close(']');
  }
  out.close('}');
}

}  // namespace secure::isolation
