// SPDX-License-Identifier: Apache-2.0
// Who has a port, for the error alone: best effort, and nothing depends on it.
#include <cstdio>


#include "address.h"
#include "network_dir.h"
#include "ports.h"

namespace secure::ports {

namespace {

constexpr std::size_t kMaxTable = 64U << 20;

bool same_place(const spec::PublishedPort& a, const spec::PublishedPort& b) {
  if (a.protocol != b.protocol || a.host_port != b.host_port) return false;
  auto left = net::parse_address(a.host_address), right = net::parse_address(b.host_address);
  return left && right && left->family == right->family && (*left == *right || left->unspecified() || right->unspecified());
}

// Of any instance on this host that is attached to a bridge of this network namespace: the reservation of its address is there as long
// as its sockets are.
std::string container(const record::Roots& roots, const spec::PublishedPort& port) {
  auto networks = record::open_dir(roots.host, "networks", false);
  for (const auto& name : network::directories(roots)) {
    if (!name.ends_with("@" + network::namespace_suffix())) continue;
    auto addresses = open_nofollow(networks->get(), name + "/addresses", O_RDONLY | O_DIRECTORY);
    if (!addresses) continue;
    for (const auto& entry : record::entries(addresses->get())) {
      const std::string record = record::link_target(addresses->get(), entry);
      const std::size_t slash = record.rfind('/');
      if (slash == std::string::npos) continue;
      Fd containers(::open(record.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      auto config = containers.valid() ? record::read_config(containers.get(), record.substr(slash + 1)) : Result<record::Config>(Error{});
      if (!config || !config->network) continue;
      for (const auto& published : config->network->ports)
        if (same_place(published, port)) return "container " + config->name;
    }
  }
  return {};
}

// One line of /proc/net/tcp and the like: "sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode".
std::string inode_of(std::string_view line, const std::string& port) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) break;
    line.remove_prefix(start);
    words.push_back(line.substr(0, line.find(' ')));
    line.remove_prefix(words.back().size());
  }
  return words.size() > 9 && words[1].ends_with(port) ? std::string(words[9]) : std::string();
}

std::vector<std::string> inodes(const spec::PublishedPort& port) {
  char hex[8];
  (void)std::snprintf(hex, sizeof hex, ":%04X", static_cast<unsigned>(port.host_port));
  std::vector<std::string> out;
  // A socket of IPv6 may hold the port of IPv4 too.
  for (const char* suffix : {"", "6"}) {
    auto text = read_file(AT_FDCWD, "/proc/net/" + port.protocol + suffix, kMaxTable);
    if (!text) continue;
    for (std::size_t at = 0, end; (end = text->find('\n', at)) != std::string::npos; at = end + 1)
      if (auto inode = inode_of(std::string_view(*text).substr(at, end - at), hex); !inode.empty() && inode != "0")
        out.push_back("socket:[" + inode + "]");
  }
  return out;
}

bool has_socket(const std::string& pid, const std::vector<std::string>& sockets) {
  auto fds = open_nofollow(AT_FDCWD, "/proc/" + pid + "/fd", O_RDONLY | O_DIRECTORY);
  if (!fds) return false;
  for (const auto& fd : record::entries(fds->get())) {
    const std::string target = record::link_target(fds->get(), fd);
    for (const auto& socket : sockets)
      if (target == socket) return true;
  }
  return false;
}

std::string process(const std::vector<std::string>& sockets) {
  auto proc = open_nofollow(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
  if (!proc || sockets.empty()) return {};
  for (const auto& pid : record::entries(proc->get())) {
    if (pid.find_first_not_of("0123456789") != std::string::npos || !has_socket(pid, sockets)) continue;
    auto name = read_file(proc->get(), pid + "/comm", 64);
    return "process " + pid + (name && !name->empty() ? " (" + name->substr(0, name->size() - 1) + ")" : "");
  }
  return {};
}

}  // namespace

std::string holder(const record::Roots& roots, const spec::PublishedPort& port) {
  const std::string ours = container(roots, port);
  return ours.empty() ? process(inodes(port)) : ours;
}

}  // namespace secure::ports
