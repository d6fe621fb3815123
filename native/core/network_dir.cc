// SPDX-License-Identifier: Apache-2.0
#include "network_dir.h"

#include <sys/socket.h>
#include <sys/stat.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71  // <asm-generic/socket.h>, Linux 5.14
#endif

namespace secure::network {

namespace {

constexpr int kWait = 30'000;  // ms; a removed device makes the kernel wait for everybody who may still look at it
constexpr std::size_t kMaxFile = 1U << 20;

}  // namespace

std::string namespace_suffix() {
  struct stat st {};
  return ::stat("/proc/self/ns/net", &st) == 0 ? std::to_string(st.st_ino) : std::string();
}

std::string namespace_cookie() {
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  (void)::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size);
  return std::to_string(cookie);
}

Result<Directory> open_named(const record::Roots& roots, const std::string& name, bool create) {
  SECURE_LET(networks, record::open_dir(roots.host, "networks", create));
  for (;;) {
    if (create) SECURE_TRY(make_dirs(networks.get(), name, 0700));
    auto dir = open_nofollow(networks.get(), name, O_RDONLY | O_DIRECTORY);
    if (!dir && create && dir.error().err == ENOENT) continue;  // removed by whoever took its last container away
    if (!dir) return std::move(dir.error());
    if (auto locked = record::lock_fd(dir->get(), true, kWait); !locked)
      return fail(Stage::network, "NETWORK_BUSY", locked.error().err, "the network " + name + " is being changed by another command",
                  "try again when it has ended");
    // It may have been removed while we waited, and made again by somebody who did not.
    if (record::still_there(networks.get(), name, dir->get())) {
      SECURE_TRY(make_dirs(dir->get(), "addresses", 0700));  // missing when a removal or the making was killed
      SECURE_LET(addresses, open_nofollow(dir->get(), "addresses", O_RDONLY | O_DIRECTORY));
      return Directory{name.substr(0, name.find('@')), name, std::move(*dir), std::move(addresses)};
    }
    if (!create) return fail(Stage::network, "NOT_FOUND", ENOENT, "the network " + name + " is gone");
  }
}

Result<Directory> open_directory(const record::Roots& roots, const std::string& bridge, bool create) {
  const std::string suffix = namespace_suffix();
  if (suffix.empty()) return fail(Stage::network, "NETWORK_FAILED", errno, "read /proc/self/ns/net", "is /proc mounted?");
  return open_named(roots, bridge + "@" + suffix, create);
}

std::vector<std::string> directories(const record::Roots& roots) {
  auto networks = record::open_dir(roots.host, "networks", false);
  return networks ? record::entries(networks->get()) : std::vector<std::string>();
}

std::vector<std::string> read_lines(const Directory& dir, const std::string& name) {
  std::vector<std::string> out;
  auto file = open_nofollow(dir.fd.get(), name, O_RDONLY | O_NONBLOCK);
  auto text = file ? read_fd(file->get(), kMaxFile, name) : Result<std::string>(std::move(file.error()));
  if (!text || !text->starts_with(namespace_cookie() + "\n")) return out;
  for (std::size_t at = text->find('\n') + 1, end; (end = text->find('\n', at)) != std::string::npos; at = end + 1)
    out.push_back(text->substr(at, end - at));
  return out;
}

Status write_lines(const Directory& dir, const std::string& name, const std::vector<std::string>& lines) {
  std::string text = namespace_cookie() + "\n";
  for (const auto& line : lines) text += line + "\n";
  return write_atomic(dir.fd.get(), name, text, 0600);
}

void remove_file(const Directory& dir, const std::string& name) { (void)::unlinkat(dir.fd.get(), name.c_str(), 0); }

void remove_directory(const record::Roots& roots, Directory& dir) {
  auto networks = record::open_dir(roots.host, "networks", false);
  // Reservations are made under the lock that we hold: what is empty now stays so. Whoever waits for the lock sees that it is gone.
  if (networks && ::unlinkat(dir.fd.get(), "addresses", AT_REMOVEDIR) == 0) (void)remove_tree(networks->get(), dir.name);
}

bool owner_dead(const record::Roots& roots, int containers, const std::string& target) {
  if (!record::owner_alive(AT_FDCWD, target)) return true;
  const std::string id = target.substr(target.rfind('/') + 1);
  // Of other instances only the record tells: where their running state is nobody here knows.
  if (containers < 0 || !record::valid_id(id) || target != record::record_path(roots, id)) return false;
  auto lock = record::try_container_lock(containers, id);
  if (!lock) return false;
  auto state = record::read_state(roots, id);
  return state && !record::active(*state) && state->monitor_pid == 0;
}

}  // namespace secure::network
