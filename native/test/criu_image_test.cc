// SPDX-License-Identifier: Apache-2.0
// Directories of checkpoints, and the program: whoever else could have written there is not believed.
#include <sys/stat.h>

#include "check.h"
#include "criu_image.h"
#include "criu_program.h"

namespace {

using namespace secure;

struct Place {
  Place() { CHECK(::mkdtemp(path) != nullptr); }
  ~Place() {
    Fd top(::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    (void)remove_tree(top.get(), path + 5);
  }
  [[nodiscard]] std::string at(const std::string& name) const { return std::string(path) + "/" + name; }
  void make(const std::string& name, mode_t mode = 0700) const {
    CHECK(::mkdir(at(name).c_str(), mode) == 0 && ::chmod(at(name).c_str(), mode) == 0);
  }
  void write(const std::string& name, const std::string& text = "x", mode_t mode = 0600) const {
    Fd file(::open(at(name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    CHECK(write_all(file.get(), text, name).ok() && ::fchmod(file.get(), mode) == 0);
  }
  char path[32] = "/tmp/secure-criu-XXXXXX";
};

std::string code_of(const std::string& path, bool create = false) {
  auto opened = criu::open_images(path, create, "--image-path");
  return opened ? "" : opened.error().code;
}

}  // namespace

TEST(criu_images_are_where_only_the_caller_writes) {
  Place place;
  CHECK_EQ(code_of(place.at("a/b"), true), "");
  struct stat st {};
  CHECK(::stat(place.at("a/b").c_str(), &st) == 0 && (st.st_mode & 07777) == 0700);
  CHECK_EQ(code_of(place.at("missing")), "IMAGES_MISSING");
  CHECK_EQ(code_of(""), "USAGE");
  place.make("open", 0777);
  place.make("open/in");
  place.make("sticky", 01777);
  place.make("sticky/in");
  CHECK_EQ(code_of(place.at("open")), "IMAGES_UNSAFE");
  CHECK_EQ(code_of(place.at("open/in")), "IMAGES_UNSAFE");
  CHECK_EQ(code_of(place.at("sticky/in")), "");
  place.write("file");
  CHECK_EQ(code_of(place.at("file")), "IMAGES_MISSING");
  if (::geteuid() != 0) SKIP("needs root to give files away");
  place.make("theirs");
  CHECK(::chown(place.at("theirs").c_str(), 12345, 12345) == 0);
  CHECK_EQ(code_of(place.at("theirs")), "IMAGES_UNSAFE");
}

TEST(criu_images_follow_only_trusted_links) {
  Place place;
  place.make("real");
  CHECK(::symlink("real", place.at("mine").c_str()) == 0 && ::symlink(place.at("mine").c_str(), place.at("absolute").c_str()) == 0 && ::symlink("loop", place.at("loop").c_str()) == 0);
  CHECK_EQ(code_of(place.at("mine")), "");
  CHECK_EQ(code_of(place.at("absolute/.")), "");
  CHECK_EQ(code_of(place.at("mine/../real")), "");
  CHECK_EQ(code_of(place.at("loop")), "IMAGES_MISSING");
  if (::geteuid() != 0) SKIP("needs root to give links away");
  // In a sticky directory, as /tmp is.
  place.make("sticky", 01777);
  CHECK(::symlink("../real", place.at("sticky/theirs").c_str()) == 0 && ::lchown(place.at("sticky/theirs").c_str(), 12345, 12345) == 0);
  CHECK_EQ(code_of(place.at("sticky/theirs")), "IMAGES_UNSAFE");
}

TEST(criu_images_are_plain_files_of_the_callers) {
  Place place;
  place.make("a");
  place.make("b");
  place.write("a/core-1.img");
  auto images = criu::open_images(place.at("a"), false, "--image-path");
  REQUIRE(images.ok());
  CHECK(criu::check_images(images->get()).ok());
  CHECK(::symlink("../b", place.at("a/parent").c_str()) == 0);
  place.write("b/pages-1.img");
  CHECK(criu::check_images(images->get()).ok());
  // Also those of the parent.
  CHECK(::chmod(place.at("b/pages-1.img").c_str(), 0666) == 0);
  CHECK_EQ(criu::check_images(images->get()).error().code, "IMAGES_UNSAFE");
  CHECK(::unlink(place.at("b/pages-1.img").c_str()) == 0 && criu::check_images(images->get()).ok());
  CHECK(::symlink("../a", place.at("b/parent").c_str()) == 0);
  CHECK_EQ(criu::check_images(images->get()).error().code, "IMAGES_UNSAFE");  // for ever
  CHECK(::unlink(place.at("b/parent").c_str()) == 0 && ::symlink("/etc/shadow", place.at("a/pages-2.img").c_str()) == 0);
  CHECK_EQ(criu::check_images(images->get()).error().code, "IMAGES_UNSAFE");
}

TEST(criu_parent_is_relative_and_there) {
  Place place;
  place.make("a");
  place.make("b");
  auto images = criu::open_images(place.at("a"), false, "--image-path");
  REQUIRE(images.ok());
  CHECK(criu::open_parent(images->get(), "../b").ok());
  auto absolute = criu::open_parent(images->get(), place.at("b")), missing = criu::open_parent(images->get(), "./c");
  CHECK(!absolute.ok() && absolute.error().message.find("--parent-path") != std::string::npos);
  CHECK(!missing.ok() && missing.error().message.find("--parent-path") != std::string::npos);
}

TEST(criu_descriptors_and_complaints) {
  Place place;
  place.make("a");
  auto images = criu::open_images(place.at("a"), false, "--image-path");
  REQUIRE(images.ok());
  CHECK(criu::write_descriptors(images->get(), {"", "pipe:[7]", "file[17:3a]"}).ok());
  auto names = criu::read_descriptors(images->get());
  REQUIRE(names.ok());
  CHECK(names->size() == 3 && (*names)[1] == "pipe:[7]");
  CHECK_EQ(criu::read_record(images->get()).error().code, "IMAGES_MISSING");
  place.write("a/dump.log", "(00.1) fine\n(00.2) Error (criu/x.c:1): no\twonder\n(00.3) Error (criu/x.c:2): FAILED\n");
  CHECK_EQ(criu::complaints(images->get(), "dump.log"), "(criu/x.c:1): no wonder; (criu/x.c:2): FAILED");
  CHECK_EQ(criu::complaints(images->get(), "none.log"), "");
}

TEST(criu_program_is_roots_alone) {
  Place place;
  place.write("criu", "x", 0755);
  auto code = [&] {
    Fd file(::open(place.at("criu").c_str(), O_PATH | O_CLOEXEC));
    auto status = criu::check_program(file.get(), "criu");
    return status ? std::string() : status.error().code;
  };
  CHECK_EQ(code(), ::geteuid() == 0 ? "" : "CRIU_UNSAFE");
  CHECK(::chmod(place.at("criu").c_str(), 0775) == 0);
  CHECK_EQ(code(), "CRIU_UNSAFE");
  Fd directory(::open(place.path, O_PATH | O_CLOEXEC));
  CHECK_EQ(criu::check_program(directory.get(), "criu").error().code, "CRIU_UNSAFE");
  if (::geteuid() != 0) SKIP("needs root to give files away");
  CHECK(::chmod(place.at("criu").c_str(), 0755) == 0 && ::chown(place.at("criu").c_str(), 12345, 0) == 0);
  CHECK_EQ(code(), "CRIU_UNSAFE");
}
