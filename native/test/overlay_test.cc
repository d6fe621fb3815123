// SPDX-License-Identifier: Apache-2.0
// Both ways to a root file system give the same: layers mapped, shared files untouched, writes in the upper one.
#include "overlay.h"

#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "userns.h"

namespace {

constexpr unsigned kFirst = 2000000000;

// Two layers, an upper and a work directory, and a user namespace that maps 0 to kFirst.
struct Fixture {
  char path[40] = "/var/tmp/secure-overlay-XXXXXX";
  secure::Fd userns;
  secure::overlay::Layers layers;

  Fixture() {
    CHECK(::mkdtemp(path) != nullptr);
    std::string base = path;
    for (const char* name : {"/low", "/high", "/upper", "/work"}) CHECK_EQ(::mkdir((base + name).c_str(), 0755), 0);
    write(base + "/low/shared", "low");
    write(base + "/low/hidden", "low");
    write(base + "/high/hidden", "high");
    CHECK_EQ(::chown((base + "/upper").c_str(), kFirst, kFirst), 0);
    layers = {{base + "/low", base + "/high"}, base + "/upper", base + "/work", ""};
    pid_t child = ::fork();
    if (child == 0) {
      if (::unshare(CLONE_NEWUSER) < 0) ::_exit(1);
      ::raise(SIGSTOP);
      ::_exit(0);
    }
    int status = 0;
    (void)::waitpid(child, &status, WUNTRACED);
    CHECK(WIFSTOPPED(status));
    std::vector<secure::spec::IdMap> map{{0, kFirst, 65536}};
    CHECK(secure::userns::write_maps(child, map, map).ok());
    if (auto fd = secure::userns::open(child)) userns = std::move(*fd);
    (void)::kill(child, SIGKILL);
    (void)::waitpid(child, nullptr, 0);
  }
  ~Fixture() {
    std::string name = std::string(path).substr(9);
    secure::Fd parent(::open("/var/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    CHECK(secure::remove_tree(parent.get(), name).ok());
  }
  static void write(const std::string& file, std::string_view text) {
    secure::Fd fd(::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    CHECK(secure::write_all(fd.get(), text, file).ok());
  }
};

std::string content(int root, const char* name) {
  auto text = secure::read_file(root, name, 100);
  return text ? *text : text.error().text();
}

void check_stack(const secure::Result<secure::Fd>& mount, const Fixture& f) {
  CHECK(mount.ok());
  if (!mount) {
    CHECK_EQ(mount.error().text(), "");
    return;
  }
  int root = mount->get();
  struct stat st {};
  CHECK_EQ(content(root, "shared"), "low");
  CHECK_EQ(content(root, "hidden"), "high");
  CHECK(::fstatat(root, "shared", &st, 0) == 0 && st.st_uid == kFirst);
  CHECK(::fstat(root, &st) == 0 && st.st_uid == kFirst);
  secure::Fd file(::openat(root, "shared", O_WRONLY | O_TRUNC | O_CLOEXEC));
  CHECK(file.valid() && ::write(file.get(), "new", 3) == 3);
  CHECK_EQ(content(root, "shared"), "new");
  CHECK_EQ(content(AT_FDCWD, (f.layers.lower[0] + "/shared").c_str()), "low");
  CHECK(::stat((f.layers.lower[0] + "/shared").c_str(), &st) == 0 && st.st_uid == 0);
}

bool kernel_has_it(int major, int minor) {
  utsname name{};
  int have_major = 0, have_minor = 0;
  if (::uname(&name) < 0 || std::sscanf(name.release, "%d.%d", &have_major, &have_minor) != 2) return false;
  return have_major > major || (have_major == major && have_minor >= minor);
}

}  // namespace

TEST(overlay_by_descriptor) {
  Fixture f;
  auto mount = secure::overlay::create_by_descriptor(f.layers, f.userns.get());
  if (!kernel_has_it(6, 13)) {
    // So that create() knows to go the other way.
    CHECK(!mount.ok());
    return;
  }
  check_stack(mount, f);
}

TEST(overlay_by_path_for_older_kernels) {
  Fixture f;
  check_stack(secure::overlay::create_by_path(f.layers, f.userns.get()), f);
}

TEST(overlay_refuses_a_link_in_a_layer_path) {
  Fixture f;
  std::string link = std::string(f.path) + "/link";
  CHECK_EQ(::symlink(f.layers.lower[0].c_str(), link.c_str()), 0);
  f.layers.lower[0] = link;
  CHECK(!secure::overlay::create(f.layers, f.userns.get()).ok());
}
