// SPDX-License-Identifier: Apache-2.0
// Containers on a bridge without the containers: a record, a process with a network namespace, an attachment.
#pragma once

#include <poll.h>

#include <memory>
#include <set>

#include "network.h"
#include "nft_kernel.h"
#include "record_fixture.h"

namespace fixture {

inline secure::spec::Network plan(const std::string& bridge = "secn0") {
  secure::spec::Network out;
  out.bridge = bridge;
  out.subnet4 = "10.203.0.0/16";
  out.subnet6 = "fd7c:5ec0:e01::/64";
  return out;
}

inline std::string device(const std::string& id) { return "sec" + id.substr(0, 12); }

inline std::string sysctl(const std::string& path) {
  auto text = secure::read_file(AT_FDCWD, "/proc/sys/net/" + path, 4096);
  return text ? text->substr(0, text->find('\n')) : text.error().code;
}

// One container: reserved, and attached by steps. Its record is locked, which is what makes it alive, until die().
class Member {
 public:
  explicit Member(Store& store) : store_(store), id(secure::record::new_id()) {
    auto reserved = secure::record::reserve(store.roots, id, "");
    if (!reserved || ::pipe2(pipe_, O_CLOEXEC) < 0) std::abort();
    lock_ = std::move(reserved->lock);
    pid = ::fork();
    if (pid == 0) {
      const int end = ::dup2(pipe_[1], 3);
      ::close_range(4, ~0U, 0);  // a lock lives as long as any descriptor of it
      if (::unshare(CLONE_NEWNET) < 0 || ::write(end, "x", 1) != 1) ::_exit(1);
      for (;;) (void)::poll(nullptr, 0, -1);
    }
    char byte;
    if (::read(pipe_[0], &byte, 1) != 1) std::abort();
  }
  ~Member() { die(); }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  bool reserve(const secure::spec::Network& planned) {
    auto got = secure::network::reserve(store_.roots, id, planned);
    if (!got) return keep(got.error());
    network = planned;
    network.address4 = got->address4;
    network.address6 = got->address6;
    return true;
  }
  bool attach_reserved() {
    auto done = secure::network::attach(store_.roots, id, network, pid);
    return done ? true : keep(done.error());
  }
  bool attach(const secure::spec::Network& planned) {
    const bool done = reserve(planned) && attach_reserved();
    if (!done) std::printf("#   %s: %s\n", error.code.c_str(), error.text().c_str());
    std::fflush(stdout);  // of a child that ends with _exit(2)
    return done;
  }
  secure::Status detach() { return secure::network::detach(store_.roots, id, network); }

  // Output of a command in its network namespace.
  std::string inside(const std::string& command) {
    return check::run("nsenter --net=/proc/" + std::to_string(pid) + "/ns/net sh -c '" + command + "'").out;
  }

  // As a container whose monitor was killed with it.
  void die() {
    if (pid > 0) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      ::close(pipe_[0]);
      ::close(pipe_[1]);
    }
    pid = 0;
    lock_.reset();
  }

 private:
  bool keep(secure::Error& what) {
    error = std::move(what);
    return false;
  }
  Store& store_;
  secure::Fd lock_;
  int pipe_[2] = {-1, -1};

 public:
  std::string id;
  pid_t pid = 0;
  secure::spec::Network network;
  secure::Error error;
};

// What there is beside loopback, and switched on: "" when all is as at the beginning.
inline std::string left(const Store& store) {
  std::string out = check::run("ip -o link | grep -v ': lo:'; nft list ruleset").out;
  for (const auto& name : store.dir("host/networks")) out += "networks/" + name + " ";
  for (const char* path : {"ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/lo/forwarding"})
    if (sysctl(path) != "0") out += std::string(path) + " ";
  return out;
}

}  // namespace fixture

using fixture::device;
using fixture::left;
using fixture::Member;
using fixture::plan;
using fixture::sysctl;

#define NETWORK_TEST()                                                    \
  if (!check::can_make_netns()) SKIP("needs root, nft, iptables and ip"); \
  check::Netns netns;                                                     \
  REQUIRE(netns.ok());                                                    \
  REQUIRE(check::run("ip link set lo up").code == 0);                     \
  fixture::Store store
