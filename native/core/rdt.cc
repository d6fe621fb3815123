// SPDX-License-Identifier: Apache-2.0
#include "rdt.h"

#include <sys/stat.h>

#include <algorithm>

#include "fd.h"

namespace secure::rdt {

namespace {

constexpr std::size_t kMaxText = 1U << 20;
constexpr std::uint64_t kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

const std::string& class_name(const spec::IntelRdt& config, const std::string& id) { return config.clos_id.empty() ? id : config.clos_id; }

Error failed(const std::string& what, int err, std::string hint = {}) { return fail(Stage::cgroup, "RDT_FAILED", err, "/linux/intelRdt: " + what, std::move(hint)); }

Result<Fd> open_root(const std::string& root) {
  if (root.empty()) return fail(Stage::cgroup, "RDT_UNAVAILABLE", 0, "/linux/intelRdt: resctrl is not mounted", "mount -t resctrl resctrl /sys/fs/resctrl, on a processor with RDT");
  Fd out(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!out.valid()) return failed("open " + root, errno);
  return out;
}

// The kernel says in words why it refused a line.
std::string last_status(const Fd& root) {
  Fd file(sys_openat2(root.get(), "info/last_cmd_status", O_RDONLY, 0, kResolve));
  if (!file.valid()) return {};
  auto text = read_fd(file.get(), 4096, "last_cmd_status");
  return text && *text != "ok\n" ? text->substr(0, text->find('\n')) : std::string();
}

// Resctrl takes the lines of several resources with one write each.
Status write_line(const Fd& root, const std::string& path, const std::string& line) {
  Fd file(sys_openat2(root.get(), path.c_str(), O_WRONLY, 0, kResolve));
  if (!file.valid()) return failed("open " + path, errno);
  const std::string text = line + "\n";
  if (::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return Ok{};
  const int err = errno;
  return failed("write '" + line + "' to " + path, err, last_status(root));
}

std::string without_blanks(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t'; });
  return text;
}

// Each line, in any order and with any blanks, as resctrl prints it.
bool has_lines(const std::string& text, const std::vector<std::string>& lines) {
  std::vector<std::string> there;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    there.push_back(without_blanks(text.substr(at, end - at)));
    at = end + 1;
  }
  return std::all_of(lines.begin(), lines.end(), [&](const std::string& line) { return std::find(there.begin(), there.end(), without_blanks(line)) != there.end(); });
}

Status compare(const Fd& root, const std::string& name, const spec::IntelRdt& config) {
  Fd file(sys_openat2(root.get(), (name + "/schemata").c_str(), O_RDONLY, 0, kResolve));
  if (!file.valid()) return failed("open " + name + "/schemata", errno);
  SECURE_LET(text, read_fd(file.get(), kMaxText, name + "/schemata"));
  if (has_lines(text, config.schemata)) return Ok{};
  return failed("the class of service " + name + " exists and has other schemata", 0, "leave the schemata out, or name another closID");
}

Status make_dir(const Fd& root, const std::string& path, bool& made) {
  if (::mkdirat(root.get(), path.c_str(), 0755) == 0) {
    made = true;
    return Ok{};
  }
  return failed("make " + path, errno, errno == ENOSPC ? "the processor has no class of service or monitor left" : "");
}

}  // namespace

std::string mounted() {
  auto text = read_file(AT_FDCWD, "/proc/self/mountinfo", 16U << 20);
  if (!text) return {};
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.find(" - resctrl ") == std::string_view::npos) continue;
    std::size_t at = 0;
    for (int field = 0; field < 4 && at != std::string_view::npos; ++field) at = line.find(' ', at) + 1;
    return std::string(line.substr(at, line.find(' ', at) - at));
  }
  return {};
}

Result<Made> create(const spec::IntelRdt& config, const std::string& id, const std::string& root_path) {
  SECURE_LET(root, open_root(root_path));
  Made made;
  const std::string& name = class_name(config, id);
  // "" as closID is not there, "/" would be the root itself, and both are excluded when the config is read.
  struct stat st {};
  const bool exists = ::fstatat(root.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
  auto undo = [&](Error error) {
    (void)remove(config, id, made, root_path);
    return error;
  };
  if (exists) {
    if (!S_ISDIR(st.st_mode) || config.clos_id.empty()) return failed("a class of service " + name + " exists", EEXIST, "delete it, or name it in closID");
    SECURE_TRY(compare(root, name, config));
  } else {
    SECURE_TRY(make_dir(root, name, made.group));
    for (const auto& line : config.schemata)
      if (auto s = write_line(root, name + "/schemata", line); !s) return undo(std::move(s.error()));
  }
  if (config.enable_monitoring)
    if (auto s = make_dir(root, name + "/mon_groups/" + id, made.monitor); !s) return undo(std::move(s.error()));
  return made;
}

Status join(const spec::IntelRdt& config, const std::string& id, pid_t pid, const std::string& root_path) {
  SECURE_LET(root, open_root(root_path));
  const std::string& name = class_name(config, id);
  SECURE_TRY(write_line(root, name + "/tasks", std::to_string(pid)));
  // Only members of the class can be in its monitoring group.
  return config.enable_monitoring ? write_line(root, name + "/mon_groups/" + id + "/tasks", std::to_string(pid)) : Status(Ok{});
}

Status remove(const spec::IntelRdt& config, const std::string& id, const Made& made, const std::string& root_path) {
  if (!made.group && !made.monitor) return Ok{};
  SECURE_LET(root, open_root(root_path));
  const std::string& name = class_name(config, id);
  // With the class its monitoring groups go as well.
  const std::string path = made.group ? name : name + "/mon_groups/" + id;
  if (::unlinkat(root.get(), path.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return Ok{};
  return failed("remove " + path, errno);
}

}  // namespace secure::rdt
