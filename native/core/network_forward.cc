// SPDX-License-Identifier: Apache-2.0
// One write to a global switch changes more: ip_forward sets the forwarding of every interface and turns all/accept_redirects over,
// also when it is switched off; IPv6 forwarding makes the kernel forget what routers advertised. So all of that is noted in `restore`
// before anything is written.
//
// We write 2, which the kernel takes for on and gives back as it is. Whoever wants forwarding too (docker, libvirt, an administrator) writes
// 1, and docker would not set its policy of dropping where it found 1: so a 1 is not ours to switch off.
#include "network_forward.h"

#include <linux/magic.h>
#include <sys/statfs.h>

#include <algorithm>

#include "address.h"

namespace secure::network {

namespace {

constexpr char kRestore[] = "restore";
constexpr char kGuarded[] = "guarded ";  // and the name of an interface: a line of kRestore that is no setting
constexpr char kForward4[] = "ipv4/ip_forward";
constexpr char kRedirects[] = "ipv4/conf/all/accept_redirects";
constexpr char kForward6[] = "ipv6/conf/all/forwarding";
constexpr char kLent[] = "2";

Result<Fd> open_sysctl(const std::string& path, int flags) {
  SECURE_LET(file, open_nofollow(AT_FDCWD, "/proc/sys/net/" + path, flags));
  // Something mounted over it could take the write and change nothing.
  struct statfs fs {};
  if (::fstatfs(file.get(), &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
    return fail(Stage::network, "NETWORK_FAILED", 0, "/proc/sys/net/" + path + " is no file of procfs", "mount -t proc proc /proc");
  return file;
}

// Settings "ipv4/conf/<interface>/<key>" that hold `value`, as lines that set them again.
std::vector<std::string> holding(const std::string& conf, const std::string& key, const std::string& value) {
  std::vector<std::string> out;
  auto dir = open_sysctl(conf, O_RDONLY | O_DIRECTORY);
  if (!dir) return out;
  for (const auto& interface : record::entries(dir->get())) {
    const std::string path = conf + "/" + interface + "/" + key;
    if (auto now = read_sysctl(path); now && *now == value) out.push_back(path + " " + value);
  }
  return out;
}

void append(std::vector<std::string>& to, const std::vector<std::string>& more) { to.insert(to.end(), more.begin(), more.end()); }

Names guarded_in(const std::vector<std::string>& lines) {
  Names out;
  for (const auto& line : lines)
    if (line.starts_with(kGuarded)) out.push_back(line.substr(sizeof kGuarded - 1));
  return out;
}

bool notes(const std::vector<std::string>& lines, const char* path) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.starts_with(std::string(path) + " "); });
}

Status lent(const record::Roots& roots, const Directory& dir) {
  const std::string suffix = dir.name.substr(dir.name.find('@'));
  auto networks = record::open_dir(roots.host, "networks", false);
  for (const auto& name : directories(roots)) {
    if (name == dir.name || !name.ends_with(suffix)) continue;
    Directory other;
    if (auto fd = open_nofollow(networks->get(), name, O_RDONLY | O_DIRECTORY)) other.fd = std::move(*fd);
    if (!read_lines(other, kRestore).empty())
      return fail(Stage::network, "FORWARDING_LENT", 0,
                  "forwarding is switched on for the bridge " + name.substr(0, name.find('@')) + " alone, and off again after it",
                  "use that bridge too; or, while nothing runs on it, make the host a router: sysctl -w net.ipv4.ip_forward=1");
  }
  return Ok{};
}

}  // namespace

Result<std::string> read_sysctl(const std::string& path) {
  SECURE_LET(file, open_sysctl(path, O_RDONLY));
  SECURE_LET(text, read_fd(file.get(), 4096, path));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Status write_sysctl(const std::string& path, const std::string& value) {
  // An unchanged one is left alone: /proc/sys may be read-only, with all that is needed in place.
  if (auto now = read_sysctl(path); now && *now == value) return Ok{};
  std::string name = "net." + path;
  auto file = open_sysctl(path, O_WRONLY);
  if (file && ::write(file->get(), value.data(), value.size()) == static_cast<ssize_t>(value.size())) return Ok{};
  return fail(Stage::network, "NETWORK_FAILED", file ? errno : file.error().err, "write " + value + " to /proc/sys/net/" + path,
              "may this process change the host's network settings? is /proc/sys read-only?");
}

Forwarding needs_forwarding(const spec::Network& network) {
  Forwarding out;
  const bool egress = network.egress_any || !network.egress_ports.empty();
  out.v4 = egress;
  out.v6 = egress && !network.subnet6.empty();
  for (const auto& port : network.ports)
    if (auto address = net::parse_address(port.host_address); address && !address->loopback())
      (address->size() == 4 ? out.v4 : out.v6) = true;
  return out;
}

Status enable_forwarding(const record::Roots& roots, const Directory& dir, Forwarding need, const std::function<Result<Names>()>& interfaces,
                         const std::function<Status(const Names&)>& guard) {
  if (!need.v4 && !need.v6) return Ok{};
  // Two bridges must not both find it off: the directory above is locked for the moment.
  SECURE_LET(networks, record::open_dir(roots.host, "networks", false));
  SECURE_TRY(record::lock_fd(networks.get(), true, 5000));
  // Not asked about what is not needed: a kernel may have no IPv6.
  SECURE_LET(now4, need.v4 ? read_sysctl(kForward4) : Result<std::string>("1"));
  SECURE_LET(now6, need.v6 ? read_sysctl(kForward6) : Result<std::string>("1"));
  if (now4 != "1" || now6 != "1") SECURE_TRY(lent(roots, dir));
  std::vector<std::string> lines = read_lines(dir, kRestore);
  const bool switch4 = now4 == "0", switch6 = now6 == "0";
  if (!switch4 && !switch6) return lines.empty() ? Status(Ok{}) : guard(guarded_in(lines));

  if (lines.empty()) {
    SECURE_LET(names, interfaces());
    for (const auto& name : names) lines.push_back(kGuarded + name);
  }
  std::vector<std::string> routers;  // interfaces that take their routes from advertisements
  // Noted once: what somebody who switches it off meanwhile leaves is not what was before.
  if (switch4 && !notes(lines, kForward4)) {
    lines.push_back(std::string(kForward4) + " 0");
    append(lines, holding("ipv4/conf", "forwarding", "1"));
    SECURE_LET(redirects, read_sysctl(kRedirects));
    lines.push_back(std::string(kRedirects) + " " + redirects);
  }
  if (switch6) {
    routers = holding("ipv6/conf", "accept_ra", "1");
    if (!notes(lines, kForward6)) {
      lines.push_back(std::string(kForward6) + " 0");
      append(lines, holding("ipv6/conf", "forwarding", "1"));
    }
    for (const auto& line : routers)
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  SECURE_TRY(write_lines(dir, kRestore, lines));
  SECURE_TRY(guard(guarded_in(lines)));
  // 2: also while forwarding. Else the host's own default route would be forgotten.
  for (const auto& line : routers) SECURE_TRY(write_sysctl(line.substr(0, line.find(' ')), "2"));
  if (switch4) SECURE_TRY(write_sysctl(kForward4, kLent));
  if (switch6) SECURE_TRY(write_sysctl(kForward6, kLent));
  return Ok{};
}

Status restore_forwarding(const Directory& dir) {
  const auto theirs = [](const char* path) {
    auto now = read_sysctl(path);
    return now && *now == "1";
  };
  const bool theirs4 = theirs(kForward4), theirs6 = theirs(kForward6);
  for (const auto& line : read_lines(dir, kRestore)) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || line.starts_with(kGuarded)) continue;
    // With accept_ra: a router that takes advertisements needs the 2.
    if (line.starts_with("ipv4/") ? theirs4 : theirs6) continue;
    auto written = write_sysctl(line.substr(0, space), line.substr(space + 1));
    // An interface that has gone meanwhile.
    if (!written && written.error().err != ENOENT) return written;
  }
  remove_file(dir, kRestore);
  return Ok{};
}

}  // namespace secure::network
