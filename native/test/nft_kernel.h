// SPDX-License-Identifier: Apache-2.0
// A network namespace for one test, which ends with it, and the programs nft, iptables and ip in it.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "check.h"
#include "fd.h"
#include "nft_table.h"

namespace check {

inline secure::Fd this_netns() { return secure::Fd(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)); }

// The (single-threaded) test is in a new network namespace while this lives.
class Netns {
 public:
  Netns() : before_(this_netns()) {
    ok_ = before_.valid() && ::unshare(CLONE_NEWNET) == 0;
    inside_ = this_netns();
  }
  ~Netns() { enter(before_.get()); }
  Netns(const Netns&) = delete;
  Netns& operator=(const Netns&) = delete;
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] int fd() const { return inside_.get(); }
  // As `ip link ... netns` takes it.
  [[nodiscard]] std::string path() const { return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd()); }
  // Go there and come back.
  template <typename Body>
  auto inside(Body body) const {
    secure::Fd back = this_netns();
    enter(inside_.get());
    auto result = body();
    enter(back.get());
    return result;
  }
  static void enter(int fd) {
    // The tests that follow must never run in the wrong place.
    if (fd >= 0 && ::setns(fd, CLONE_NEWNET) < 0) std::abort();
  }

 private:
  secure::Fd before_, inside_;
  bool ok_ = false;
};

struct Ran {
  int code = -1;
  std::string out;  // with stderr
};

// A shell command in the namespace that the test is in now.
inline Ran run(const std::string& command) {
  Ran out;
  std::FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "re");
  if (pipe == nullptr) return out;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.out.append(buffer, n);
  const int status = ::pclose(pipe);
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return out;
}

inline bool can_make_netns() { return ::geteuid() == 0 && run("command -v nft iptables ip").code == 0; }

inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
inline std::size_t occurrences(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) n++;
  return n;
}

inline secure::net::Address address(const std::string& text) {
  auto parsed = secure::net::parse_address(text);
  return parsed ? *parsed : secure::net::Address{};
}

inline secure::nft::Table test_table(const std::string& bridge = "secn0") {
  return {bridge, *secure::net::parse_prefix("10.203.0.0/16"), *secure::net::parse_prefix("fd7c:5ec0:e01::/64")};
}

}  // namespace check

// In each test: a namespace `netns` and in it a socket `nfnl`.
#define NFT_TEST()                                                                       \
  if (!check::can_make_netns()) SKIP("needs root, nft, iptables and ip");                \
  check::Netns netns;                                                                    \
  REQUIRE(netns.ok());                                                                   \
  auto nfnl_opened = secure::netlink::Socket::open(NETLINK_NETFILTER);                   \
  REQUIRE(nfnl_opened.ok());                                                             \
  [[maybe_unused]] secure::netlink::Socket& nfnl = *nfnl_opened

// A Status or Result that must be a success; its error is in the output otherwise.
#define CHECK_DONE(expr)                                                                                     \
  do {                                                                                                       \
    auto check_done_ = (expr);                                                                               \
    if (!check_done_) check::failed(__FILE__, __LINE__, check_done_.error().code + ": " + check_done_.error().text()); \
  } while (false)
