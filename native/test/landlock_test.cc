// SPDX-License-Identifier: Apache-2.0
#include "landlock.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "check.h"
#include "child.h"
#include "landlock_abi.h"

namespace landlock = secure::landlock;
using secure::spec::Landlock;

namespace {

const std::vector<std::string> kAllFs{"execute",   "write_file", "read_file", "read_dir",   "remove_dir", "remove_file",
                                      "make_char", "make_dir",   "make_reg",  "make_sock",  "make_fifo",  "make_block",
                                      "make_sym",  "refer"};

// A directory of its own per test with `in/` and `out/`, removed at the end.
struct Scratch {
  std::string path;
  Scratch() {
    char name[] = "/tmp/landlock-test-XXXXXX";
    path = ::mkdtemp(name);
    (void)::mkdir((path + "/in").c_str(), 0755);
    (void)::mkdir((path + "/out").c_str(), 0755);
  }
  ~Scratch() {
    secure::Fd parent(::open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!secure::remove_tree(parent.get(), path.substr(5)).ok()) check::failed(__FILE__, __LINE__, "scratch left behind");
  }
};

Landlock read_everywhere_write_in(const std::string& directory) {
  Landlock config;
  config.min_abi = 2;
  config.handled_access_fs = kAllFs;
  config.path_beneath.push_back({{"/"}, {"execute", "read_file", "read_dir"}, false});
  config.path_beneath.push_back({{directory}, {"write_file", "make_reg", "remove_file"}, false});
  return config;
}

int confine(const Landlock& config) {
  auto ruleset = landlock::build(config);
  if (!ruleset.ok()) return 101;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return 102;
  return landlock::enforce(*ruleset).ok() ? 0 : 103;
}

int create(const std::string& path) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

std::string code(const secure::Result<landlock::Prepared>& result) { return result.ok() ? "" : result.error().code; }

}  // namespace

TEST(landlock_confines_writes) {
  if (landlock::abi() < 2) SKIP("no Landlock");
  Scratch dir;
  CHECK_EQ(check::in_child([&] { return create(dir.path + "/out/free"); }), 0);
  CHECK_EQ(check::in_child([&] {
             if (int c = confine(read_everywhere_write_in(dir.path + "/in"))) return c;
             if (create(dir.path + "/in/file") != 0) return 1;
             if (create(dir.path + "/out/file") != EACCES) return 2;
             // A symlink from the allowed directory leads nowhere new; a rename across is a refer that no rule gives.
             if (::symlink("x", (dir.path + "/in/link").c_str()) == 0) return 3;
             if (::rename((dir.path + "/in/file").c_str(), (dir.path + "/out/file").c_str()) == 0) return 4;
             return ::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 5;
           }),
           0);
}

TEST(landlock_stays_over_execve) {
  if (landlock::abi() < 2) SKIP("no Landlock");
  Scratch dir;
  CHECK_EQ(check::in_child([&] {
             if (int c = confine(read_everywhere_write_in(dir.path + "/in"))) return c;
             const std::string script = "echo x > " + dir.path + "/in/a && ! echo x > " + dir.path + "/out/a";
             if (::freopen("/dev/null", "r", stderr) == nullptr) return 104;
             ::execl("/bin/sh", "sh", "-c", script.c_str(), static_cast<char*>(nullptr));
             return 105;
           }),
           0);
}

TEST(landlock_file_rule_drops_directory_rights) {
  if (landlock::abi() < 2) SKIP("no Landlock");
  Scratch dir;
  const std::string file = dir.path + "/in/file";
  CHECK_EQ(create(file), 0);
  Landlock config = read_everywhere_write_in(dir.path + "/in");
  config.path_beneath[1] = {{file}, {"write_file", "make_reg", "read_dir"}, false};
  config.path_beneath.push_back({{file}, {"read_dir"}, false});  // nothing left of it: skipped, not an error
  CHECK_EQ(check::in_child([&] {
             if (int c = confine(config)) return c;
             if (create(file) != 0) return 1;
             return create(dir.path + "/in/other") == EACCES ? 0 : 2;
           }),
           0);
}

TEST(landlock_missing_paths) {
  if (landlock::abi() < 2) SKIP("no Landlock");
  Scratch dir;
  Landlock config = read_everywhere_write_in(dir.path + "/absent");
  auto required = landlock::build(config);
  REQUIRE(!required.ok());
  CHECK_EQ(required.error().code, "LANDLOCK_PATH");
  CHECK(required.error().message.find("/absent") != std::string::npos);
  config.path_beneath[1].optional = true;
  CHECK(landlock::build(config).ok());
  // Optional excuses absence only: a loop of symlinks could hide a path that is there.
  CHECK_EQ(::symlink("loop", (dir.path + "/loop").c_str()), 0);
  config.path_beneath[1].parent = {dir.path + "/loop"};
  CHECK(!landlock::build(config).ok());
}

// A magic link would name a file by descriptor, outside the container's own tree.
TEST(landlock_refuses_magic_links) {
  if (landlock::abi() < 2) SKIP("no Landlock");
  auto result = landlock::build(read_everywhere_write_in("/proc/self/cwd"));
  REQUIRE(!result.ok());
  CHECK_EQ(result.error().err, ELOOP);
}

TEST(landlock_ports) {
  if (landlock::abi() < 4) SKIP("Landlock ABI below 4");
  Landlock config;
  config.min_abi = 4;
  config.handled_access_net = {"bind_tcp", "connect_tcp"};
  config.net_port.push_back({{34567}, {"bind_tcp"}});
  auto bind_to = [](std::uint16_t port) {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 ? 0 : errno;
  };
  CHECK_EQ(check::in_child([&] { return bind_to(34568); }), 0);
  CHECK_EQ(check::in_child([&] {
             if (int c = confine(config)) return c;
             if (bind_to(34568) != EACCES) return 1;
             return bind_to(34567);
           }),
           0);
}

TEST(landlock_signal_scope) {
  if (landlock::abi() < 6) SKIP("Landlock ABI below 6");
  Landlock config;
  config.scoped = {"signal"};
  CHECK_EQ(check::in_child([] { return ::kill(::getppid(), 0); }), 0);
  CHECK_EQ(check::in_child([&] {
             if (int c = confine(config)) return c;
             return ::kill(::getppid(), 0) == 0 ? 1 : errno == EPERM ? 0 : 2;
           }),
           0);
}

// Old kernels by injection: what each ABI lacks is refused by name instead of being left out.
TEST(landlock_fails_closed_on_older_kernels) {
  Landlock config = read_everywhere_write_in("/tmp");
  CHECK_EQ(code(landlock::prepare(config, 0)), "LANDLOCK_ABI");
  CHECK_EQ(code(landlock::prepare(config, 1)), "LANDLOCK_ABI");
  CHECK_EQ(code(landlock::prepare(config, 2)), "");
  config.min_abi = 0;
  CHECK_EQ(code(landlock::prepare(config, 1)), "LANDLOCK_ABI");  // refer
  for (const auto& right : landlock::kernel::kFs) {
    Landlock one;
    one.handled_access_fs = {std::string(right.name)};
    CHECK_EQ(code(landlock::prepare(one, right.abi)), "");
    CHECK_EQ(code(landlock::prepare(one, right.abi - 1)), "LANDLOCK_ABI");
  }
  Landlock scope;
  scope.scoped = {"signal"};
  CHECK_EQ(code(landlock::prepare(scope, 5)), "LANDLOCK_ABI");
}

TEST(landlock_rejects_nonsense) {
  const Landlock good = read_everywhere_write_in("/tmp");
  auto with = [&](auto change) {
    Landlock config = good;
    change(config);
    return code(landlock::prepare(config, 7));
  };
  CHECK_EQ(with([](Landlock& c) { c.handled_access_fs.push_back("writefile"); }), "LANDLOCK_INVALID");
  CHECK_EQ(with([](Landlock& c) { c.path_beneath[0].parent = {"relative"}; }), "LANDLOCK_INVALID");
  CHECK_EQ(with([](Landlock& c) { c.path_beneath[0].parent = {""}; }), "LANDLOCK_INVALID");
  CHECK_EQ(with([](Landlock& c) { c.path_beneath[0].allowed_access = {"truncate"}; }), "LANDLOCK_INVALID");
  CHECK_EQ(with([](Landlock& c) {
             c.handled_access_net = {"bind_tcp"};
             c.net_port.push_back({{65536}, {"bind_tcp"}});
           }),
           "LANDLOCK_INVALID");
  CHECK_EQ(code(landlock::prepare(Landlock{}, 7)), "LANDLOCK_INVALID");
}

TEST(landlock_needs_no_new_privs) {
  if (landlock::abi() < 1) SKIP("no Landlock");
  if (::geteuid() != 0) SKIP("not root");
  CHECK_EQ(check::in_child([] {
             auto ruleset = landlock::build(read_everywhere_write_in("/tmp"));
             if (!ruleset.ok() || ::setresuid(65534, 65534, 65534) < 0) return 9;
             auto status = landlock::enforce(*ruleset);
             return !status.ok() && status.error().err == EPERM ? 0 : 1;
           }),
           0);
}
