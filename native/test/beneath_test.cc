// SPDX-License-Identifier: Apache-2.0
#include "beneath.h"

#include <sys/stat.h>

#include <cstdlib>

#include "check.h"

using namespace secure;

namespace {

struct Root {
  std::string path;
  Fd fd;
  Root() {
    char name[] = "/tmp/secure-beneath-XXXXXX";
    if (::mkdtemp(name) != nullptr) path = name;
    fd = Fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    (void)make_dirs(fd.get(), "etc", 0700);
    Fd file(::openat(fd.get(), "etc/passwd", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    CHECK(write_all(file.get(), "inside", "passwd").ok());
  }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  ~Root() { 
    Fd tmp(::open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC));
    CHECK(remove_tree(tmp.get(), path.substr(sizeof "/tmp")).ok());
  }
  void link(const char* target, const char* name) const { CHECK(::symlinkat(target, fd.get(), name) == 0); }
  [[nodiscard]] int error(const char* name, beneath::Options options = {}) const {
    auto file = beneath::open(fd.get(), name, O_RDONLY, 0, options);
    return file ? 0 : file.error().err;
  }
  // Content, or "absent", or the error's code.
  [[nodiscard]] std::string read(const char* name, beneath::Options options = {}, std::size_t limit = 100) const {
    auto text = beneath::read(fd.get(), name, limit, options);
    if (!text) return text.error().code;
    return text->value_or("absent");
  }
};

}  // namespace

TEST(opens_inside) {
  Root root;
  CHECK_EQ(root.error("etc/passwd"), 0);
  CHECK_EQ(root.error("etc/../etc/passwd"), 0);
}

TEST(refuses_to_leave) {
  Root root;
  root.link("/etc/passwd", "absolute");
  root.link("../../../etc/passwd", "climbing");
  CHECK_EQ(root.error("../etc/passwd"), EXDEV);
  CHECK_EQ(root.error("/etc/passwd"), EXDEV);
  CHECK_EQ(root.error("absolute"), EXDEV);
  CHECK_EQ(root.error("climbing"), EXDEV);
}

TEST(in_root_resolves_as_chroot_does) {
  Root root;
  root.link("/etc/passwd", "absolute");
  root.link("../../../etc/passwd", "climbing");
  const beneath::Options options{.no_symlinks = false, .in_root = true};
  for (const char* name : {"/etc/passwd", "../etc/passwd", "absolute", "climbing"})
    CHECK_EQ(root.read(name, options), "inside");
}

TEST(no_symlinks_refuses_each_component) {
  Root root;
  root.link("etc", "dir");
  root.link("passwd", "etc/link");
  const beneath::Options options{.no_symlinks = true, .in_root = false};
  for (const char* name : {"dir/passwd", "dir/", "dir/.", "etc/link"}) CHECK_EQ(root.error(name, options), ELOOP);
  CHECK_EQ(root.read("dir/passwd"), "inside");  // without the option it is fine
}

// A link to /proc/self/root or to an open descriptor is another way to the host (CVE-2024-21626 class).
TEST(refuses_magic_links) {
  Fd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  auto file = beneath::open(proc.get(), "self/root/etc/passwd", O_RDONLY, 0, {});
  REQUIRE(!file.ok());
  CHECK_EQ(file.error().err, ELOOP);
}

TEST(rejects_nul_and_the_working_directory) {
  Root root;
  auto nul = beneath::open(root.fd.get(), std::string("etc/passwd\0.txt", 15), O_RDONLY, 0, {});
  CHECK_EQ(nul.error().err, EINVAL);
  CHECK_EQ(beneath::open(AT_FDCWD, "tmp", O_RDONLY, 0, {}).error().err, EBADF);
}

TEST(creates_inside_only) {
  Root root;
  root.link("/tmp/secure-beneath-created", "dangling");
  CHECK(beneath::open(root.fd.get(), "new", O_WRONLY | O_CREAT | O_EXCL, 0600, {}).ok());
  CHECK(!beneath::open(root.fd.get(), "dangling", O_WRONLY | O_CREAT, 0600, {}).ok());
  CHECK(::access("/tmp/secure-beneath-created", F_OK) != 0);
  // A mode without O_CREAT is no error for callers that always give one.
  CHECK(beneath::open(root.fd.get(), "new", O_RDONLY, 0600, {}).ok());
}

TEST(reads_regular_files_only) {
  Root root;
  REQUIRE(::mkfifoat(root.fd.get(), "fifo", 0600) == 0);
  CHECK_EQ(root.read("etc/passwd"), "inside");
  CHECK_EQ(root.read("none"), "absent");
  CHECK_EQ(root.read("etc/passwd/none"), "absent");
  CHECK_EQ(root.read("etc"), "NOT_REGULAR");
  CHECK_EQ(root.read("fifo"), "NOT_REGULAR");  // and does not wait for a writer
  CHECK_EQ(root.read("etc/passwd", {}, 5), "TOO_LARGE");
  CHECK_EQ(root.read("etc/passwd", {}, 6), "inside");
}

// CVE-2024-9676: /etc/passwd of an image is a link to a device or FIFO of the host.
TEST(read_does_not_reach_devices) {
  Root root;
  root.link("/dev/zero", "etc/group");
  CHECK_EQ(root.read("etc/group"), "OPEN_FAILED");
  CHECK_EQ(root.read("etc/group", {.no_symlinks = false, .in_root = true}), "absent");
  Fd dev(::open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC));
  auto zero = beneath::read(dev.get(), "zero", 10, {});
  REQUIRE(!zero.ok());
  CHECK_EQ(zero.error().code, "NOT_REGULAR");
}
