// SPDX-License-Identifier: Apache-2.0
#include "fd.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>

#include "check.h"

using namespace secure;

namespace {

// A directory that is gone when the test ends, however deep it became.
struct Scratch {
  std::string path;
  Fd fd;
  Scratch() {
    char name[] = "/tmp/secure-fd-test-XXXXXX";
    if (::mkdtemp(name) != nullptr) path = name;
    fd = Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { 
    Fd tmp(::open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC));
    CHECK(remove_tree(tmp.get(), path.substr(sizeof "/tmp")).ok());
  }
  [[nodiscard]] int at() const { return fd.get(); }
  void write(const char* name, std::string_view text) const {
    Fd file(::openat(at(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    CHECK(write_all(file.get(), text, name).ok());
  }
  [[nodiscard]] bool exists(const char* name) const { return ::faccessat(at(), name, F_OK, AT_SYMLINK_NOFOLLOW) == 0; }
  [[nodiscard]] std::string content(const char* name) const {
    auto text = read_file(at(), name, 1 << 20);
    return text ? *text : text.error().code;
  }
};

int open_count() {
  int count = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  while (dir != nullptr && ::readdir(dir) != nullptr) ++count;
  if (dir != nullptr) ::closedir(dir);
  return count;
}

}  // namespace

TEST(fd_closes_once_and_moves) {
  const int before = open_count();
  {
    Fd a(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Fd b(std::move(a));
    CHECK(!a.valid());  // NOLINT: the moved-from state is what is tested
    CHECK(b.valid());
    Fd c(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    c = std::move(b);
    c = std::move(*&c);
    CHECK(c.valid());
  }
  CHECK_EQ(open_count(), before);
}

TEST(opened_descriptors_are_close_on_exec) {
  Fd fd(sys_openat2(AT_FDCWD, "/dev/null", O_RDONLY, 0, 0));
  CHECK_EQ(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(open_nofollow_refuses_links_everywhere) {
  Scratch s;
  REQUIRE(::mkdirat(s.at(), "d", 0700) == 0);
  s.write("d/f", "x");
  REQUIRE(::symlinkat("d", s.at(), "link") == 0);
  REQUIRE(::symlinkat("f", s.at(), "d/last") == 0);
  CHECK(open_nofollow(s.at(), "d/f", O_RDONLY).ok());
  for (const char* path : {"link/f", "link/", "link/.", "d/last"}) {
    auto fd = open_nofollow(s.at(), path, O_RDONLY);
    CHECK(!fd.ok());
    if (!fd.ok()) CHECK_EQ(fd.error().err, ELOOP);
  }
  CHECK_EQ(open_nofollow(s.at(), "none", O_RDONLY).error().code, "NOT_FOUND");
}

TEST(read_file_is_bounded) {
  Scratch s;
  s.write("f", "12345");
  CHECK_EQ(*read_file(s.at(), "f", 5), "12345");
  CHECK_EQ(read_file(s.at(), "f", 4).error().code, "TOO_LARGE");
  // Endless and growing files end at the limit as well.
  CHECK_EQ(read_file(AT_FDCWD, "/dev/zero", 100000).error().code, "TOO_LARGE");
  REQUIRE(::mkfifoat(s.at(), "fifo", 0600) == 0);
  CHECK(read_file(s.at(), "fifo", 10).ok());  // nobody writes: empty, and does not wait
}

TEST(write_atomic_replaces_and_leaves_nothing_else) {
  Scratch s;
  REQUIRE(write_atomic(s.at(), "f", "one", 0600).ok());
  REQUIRE(write_atomic(s.at(), "f", "two", 0640).ok());
  CHECK_EQ(s.content("f"), "two");
  struct stat info{};
  REQUIRE(::fstatat(s.at(), "f", &info, 0) == 0);
  CHECK_EQ(info.st_mode & 07777U, 0640U);
  CHECK(::unlinkat(s.at(), "f", 0) == 0);
  CHECK(::rmdir(s.path.c_str()) == 0);  // empty: no temporary file stayed
}

// A link at the target is replaced, not written through.
TEST(write_atomic_does_not_follow_the_target) {
  Scratch s;
  s.write("victim", "safe");
  REQUIRE(::symlinkat("victim", s.at(), "f") == 0);
  REQUIRE(write_atomic(s.at(), "f", "new", 0600).ok());
  CHECK_EQ(s.content("victim"), "safe");
  CHECK_EQ(s.content("f"), "new");
}

TEST(write_atomic_reports_and_cleans_up) {
  Scratch s;
  REQUIRE(::mkdirat(s.at(), "f", 0700) == 0);
  CHECK_EQ(write_atomic(s.at(), "f", "x", 0600).error().code, "WRITE_FAILED");  // a directory is in the way
  REQUIRE(::unlinkat(s.at(), "f", AT_REMOVEDIR) == 0);
  CHECK(::rmdir(s.path.c_str()) == 0);
}

TEST(write_file_once_does_not_create) {
  Scratch s;
  CHECK(!write_file_once(s.at(), "none", "x", Stage::cgroup).ok());
  CHECK(!s.exists("none"));
}

TEST(make_dirs_makes_and_reuses) {
  Scratch s;
  REQUIRE(make_dirs(s.at(), "a/b/c", 0700).ok());
  auto again = make_dirs(s.at(), "a//b/./c/", 0700);
  REQUIRE(again.ok());
  struct stat info{};
  REQUIRE(::fstat(again->get(), &info) == 0);
  CHECK_EQ(info.st_mode & 07777U, 0700U);
}

// CVE-2024-45310 class: a directory swapped for a link would make directories elsewhere.
TEST(make_dirs_does_not_go_through_links) {
  Scratch s;
  REQUIRE(::mkdirat(s.at(), "victim", 0700) == 0);
  REQUIRE(::symlinkat("victim", s.at(), "link") == 0);
  CHECK(!make_dirs(s.at(), "link/new", 0700).ok());
  CHECK(!s.exists("victim/new"));
}

TEST(make_dirs_refuses_to_climb) {
  Scratch s;
  REQUIRE(::mkdirat(s.at(), "a", 0700) == 0);
  auto a = open_nofollow(s.at(), "a", O_PATH | O_DIRECTORY);
  REQUIRE(a.ok());
  CHECK(!make_dirs(a->get(), "../outside", 0700).ok());
  CHECK(!s.exists("outside"));
}

TEST(remove_tree_of_nothing_succeeds) {
  Scratch s;
  CHECK(remove_tree(s.at(), "none").ok());
}

// CVE-2024-23652 class: what a link points to survives, whether it is the tree itself or inside it.
TEST(remove_tree_does_not_follow_links) {
  Scratch s;
  REQUIRE(make_dirs(s.at(), "victim/kept", 0700).ok());
  REQUIRE(make_dirs(s.at(), "tree/sub", 0700).ok());
  REQUIRE(::symlinkat("../../victim", s.at(), "tree/sub/link") == 0);
  REQUIRE(::symlinkat("victim", s.at(), "link") == 0);
  REQUIRE(::mkfifoat(s.at(), "tree/fifo", 0600) == 0);
  CHECK(remove_tree(s.at(), "tree").ok());
  CHECK(!s.exists("tree"));
  CHECK(remove_tree(s.at(), "link").ok());
  CHECK(!s.exists("link"));
  CHECK(s.exists("victim/kept"));
}

TEST(remove_tree_stays_beneath) {
  Scratch s;
  REQUIRE(make_dirs(s.at(), "a/b", 0700).ok());
  REQUIRE(make_dirs(s.at(), "victim", 0700).ok());
  auto a = open_nofollow(s.at(), "a", O_RDONLY | O_DIRECTORY);
  REQUIRE(a.ok());
  CHECK(!remove_tree(a->get(), "../victim").ok());
  CHECK(!remove_tree(a->get(), s.path + "/victim").ok());
  CHECK(s.exists("victim"));
}

// The link is in front of the last component, which unlinkat(2) alone would follow.
TEST(remove_tree_does_not_follow_a_link_on_the_way) {
  Scratch s;
  REQUIRE(make_dirs(s.at(), "victim/dir", 0700).ok());
  s.write("victim/file", "kept");
  REQUIRE(::symlinkat("victim", s.at(), "link") == 0);
  CHECK(!remove_tree(s.at(), "link/file").ok());
  CHECK(!remove_tree(s.at(), "link/dir").ok());
  CHECK(s.exists("victim/file"));
  CHECK(s.exists("victim/dir"));
  CHECK(remove_tree(s.at(), "victim/dir").ok());
  CHECK(!s.exists("victim/dir"));
  CHECK(remove_tree(s.at(), "none/dir").ok());
}

TEST(remove_tree_of_many) {
  Scratch s;
  REQUIRE(::mkdirat(s.at(), "wide", 0700) == 0);
  for (int i = 0; i < 300; ++i) {
    const std::string name = "wide/" + std::to_string(i);
    REQUIRE(make_dirs(s.at(), name + "/sub", 0700).ok());
    s.write((name + "/file").c_str(), "x");
    s.write((name + "/sub/file").c_str(), "x");
  }
  CHECK(remove_tree(s.at(), "wide").ok());
  CHECK(!s.exists("wide"));
}

// A container may nest directories deeper than a process may have descriptors or stack; its removal must not fail.
TEST(remove_tree_copes_with_depth) {
  Scratch s;
  constexpr int kDepth = 2000;
  REQUIRE(::mkdirat(s.at(), "deep", 0700) == 0);
  Fd at(::openat(s.at(), "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < kDepth; ++i) {
    REQUIRE(::mkdirat(at.get(), "d", 0700) == 0);
    at = Fd(::openat(at.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  at.reset();
  const int before = open_count();
  auto removed = remove_tree(s.at(), "deep");
  CHECK_EQ(removed.ok() ? "" : removed.error().text(), "");
  CHECK(!s.exists("deep"));
  CHECK_EQ(open_count(), before);
}

TEST(write_all_waits_where_the_descriptor_is_non_blocking) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  Fd in(ends[0]), out(ends[1]);
  // Many times what a pipe holds.
  const std::string data(1U << 20, 'x');
  const pid_t reader = ::fork();
  if (reader == 0) {
    out.reset();
    char buffer[65536];
    for (std::size_t had = 0;;) {
      const ssize_t n = ::read(in.get(), buffer, sizeof buffer);
      if (n > 0) had += static_cast<std::size_t>(n);
      if (n == 0) ::_exit(had == data.size() ? 0 : 1);
      if (n < 0) (void)::usleep(1000);
    }
  }
  in.reset();
  CHECK(write_all(out.get(), data, "the pipe").ok());
  out.reset();
  int status = -1;
  CHECK_EQ(::waitpid(reader, &status, 0), reader);
  CHECK_EQ(status, 0);
}

TEST(close_all_but_closes_for_good) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int first = ::fcntl(0, F_DUPFD, 100), kept = ::fcntl(0, F_DUPFD, 200), last = ::fcntl(0, F_DUPFD, 300);
    const int keep[] = {kept, -1, 1};
    const bool closed = close_all_but(keep).ok() && ::fcntl(first, F_GETFD) < 0 && ::fcntl(last, F_GETFD) < 0;
    ::_exit(closed && ::fcntl(kept, F_GETFD) >= 0 && ::fcntl(2, F_GETFD) >= 0 ? 0 : 1);
  }
  int status = -1;
  CHECK_EQ(::waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}
