// SPDX-License-Identifier: Apache-2.0
#include "sealed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "check.h"

namespace {

std::string directory() {
  char name[] = "/tmp/sealed-XXXXXX";
  return ::mkdtemp(name) == nullptr ? "" : name;
}

}  // namespace

TEST(sealed_copy_is_the_file_and_nobody_changes_it) {
  const std::string at = directory();
  REQUIRE(!at.empty());
  const std::string file = at + "/program";
  const std::string text(300'000, 'x');
  secure::Fd made(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700));
  REQUIRE(made.valid() && secure::write_all(made.get(), text, "it").ok());
  // By a link too: an installation may be one.
  const std::string link = at + "/link";
  REQUIRE(::symlink("program", link.c_str()) == 0);
  for (const std::string& path : {file, link}) {
    auto copy = secure::sealed::copy(path, "");
    REQUIRE(copy.ok());
    struct stat st {};
    REQUIRE(::fstat(copy->get(), &st) == 0);
    CHECK_EQ(static_cast<std::size_t>(st.st_size), text.size());
    CHECK_EQ(st.st_mode & 07777U, 0555U);
    CHECK((::fcntl(copy->get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(::pwrite(copy->get(), "y", 1, 0) < 0 && errno == EPERM);
    CHECK(::ftruncate(copy->get(), 0) < 0 && errno == EPERM);
    CHECK(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, copy->get(), 0) == MAP_FAILED);
    CHECK(::fcntl(copy->get(), F_ADD_SEALS, F_SEAL_WRITE) < 0);
    char first = 0;
    CHECK(::pread(copy->get(), &first, 1, static_cast<off_t>(text.size()) - 1) == 1 && first == 'x');
    // What comes to the file later is not in it.
    CHECK(::pwrite(made.get(), "z", 1, 0) == 1);
    CHECK(::pread(copy->get(), &first, 1, 0) == 1 && (first == 'x' || path == link));
  }
  (void)::unlink(link.c_str());
  (void)::unlink(file.c_str());
  CHECK_EQ(::rmdir(at.c_str()), 0);
}

TEST(sealed_copy_of_no_program_is_an_error) {
  for (const char* path : {"/nowhere/program", "/", "/dev/null", "/proc/self/status"}) {
    auto copy = secure::sealed::copy(path, "");
    CHECK(!copy.ok());
    if (!copy.ok()) CHECK_EQ(copy.error().code, std::string("PROGRAM_UNREADABLE"));
  }
}
