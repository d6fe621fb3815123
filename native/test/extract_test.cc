// SPDX-License-Identifier: Apache-2.0
// Through the real thing: three processes, confined, into a directory of its own.
#include "extract_job.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "check.h"
#include "extract_path.h"
#include "tar_builder.h"

using namespace secure;
using namespace tar_builder;

namespace {

// T/root is filled; T/victim and T/victim_dir beside it must stay as they are.
struct Place {
  std::string dir;
  Fd root;

  Place() {
    char name[] = "/tmp/secure-extract-XXXXXX";
    if (::mkdtemp(name) == nullptr) return;
    dir = name;
    ::mkdir((dir + "/root").c_str(), 0755);
    ::mkdir((dir + "/victim_dir").c_str(), 0755);
    Fd victim(::open((dir + "/victim").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    (void)write_all(victim.get(), "untouched", "victim");
    root = Fd(::open((dir + "/root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    root.reset();
    Fd tmp(::open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC));
    (void)remove_tree(tmp.get(), dir.substr(5));
  }

  [[nodiscard]] struct stat at(const std::string& name) const {
    struct stat st {};
    if (::fstatat(root.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) st.st_mode = 0;
    return st;
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    auto content = read_file(root.get(), name, 1 << 20);
    return content ? *content : content.error().code;
  }
  [[nodiscard]] std::string xattr(const std::string& name, const char* key) const {
    Fd fd(::openat(root.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    char value[256];
    ssize_t n = ::fgetxattr(fd.get(), key, value, sizeof value);
    return n < 0 ? "errno " + std::to_string(errno) : std::string(value, static_cast<std::size_t>(n));
  }
  [[nodiscard]] bool outside_untouched() const {
    auto victim = read_file(AT_FDCWD, dir + "/victim", 100);
    struct stat file {}, folder_st {};
    ::stat((dir + "/victim").c_str(), &file);
    ::stat((dir + "/victim_dir").c_str(), &folder_st);
    return victim.ok() && *victim == "untouched" && file.st_nlink == 1 && (file.st_mode & 07777) == 0600 &&
           folder_st.st_nlink == 2;
  }
};

struct Outcome {
  std::string code, message;
  extract::Report report;
};

Outcome unpack(const Place& place, const std::string& archive, extract::Job job = {}) {
  Fd layer(::memfd_create("layer", MFD_CLOEXEC));
  (void)write_all(layer.get(), archive, "layer");
  ::lseek(layer.get(), 0, SEEK_SET);
  job.layer = layer.get();
  job.target = place.root.get();
  auto result = extract::run(job);
  if (!result) return {result.error().code, result.error().text(), {}};
  return {"", "", std::move(*result)};
}

// Unpack into a fresh place; the code of the error. Whatever it is, nothing outside has changed.
std::string code_of(const std::string& members, const extract::Job& job = {}) {
  Place place;
  Outcome out = unpack(place, members + end(), job);
  CHECK(place.outside_untouched());
  return out.code;
}

bool root_rights() { return ::geteuid() == 0; }

#define NEEDS_ROOT() \
  if (!root_rights()) SKIP("needs root")

}  // namespace

TEST(paths) {
  auto path = [](const std::string& raw) {
    auto p = extract::parse_path(raw, 128);
    return p ? p->parent + "|" + p->name + "|" + std::to_string(static_cast<int>(p->kind)) : p.error().code;
  };
  CHECK_EQ(path("./a//b/./c/"), std::string("a/b|c|0"));
  CHECK_EQ(path("./"), std::string("||0"));
  CHECK_EQ(path("/"), std::string("||0"));
  CHECK_EQ(path("a/.wh.b"), std::string("a|b|1"));
  CHECK_EQ(path("a/.wh..wh..opq"), std::string("a||2"));
  CHECK_EQ(path("..."), std::string("|...|0"));
  for (const char* escape : {"..", "../a", "a/..", "a/../b", "/etc/passwd", "//a", "/..", "./../a", ".wh..",
      ".wh...", "a/.wh..."})
    CHECK_EQ(path(escape), std::string("PATH_ESCAPE"));
  for (const char* invalid : {"", ".wh.", ".wh.a/b", "a/.wh..wh..opq/b", ".wh..wh.plnk", ".wh..wh..wh.a"})
    CHECK_EQ(path(invalid), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(path(std::string("a\0b", 3)), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(path(std::string(256, 'n')), std::string("LIMIT_EXCEEDED"));
  CHECK_EQ(path(std::string(255, 'n')), "|" + std::string(255, 'n') + "|0");
  std::string deep;
  for (int i = 0; i < 129; i++) deep += "d/";
  CHECK_EQ(path(deep), std::string("LIMIT_EXCEEDED"));
  std::string longest;
  while (longest.size() < 4096) longest += std::string(99, 'x') + "/";
  CHECK_EQ(path(longest), std::string("LIMIT_EXCEEDED"));
}

TEST(makes_what_the_archive_says) {
  NEEDS_ROOT();
  Place p;
  Outcome out = unpack(p, folder("./", 0711) + folder("d/", 01777) +
                              member({.name = "d/f", .content = "text", .link = {}, .mode = 04755, .uid = 1000,
                                  .gid = 70}) +
                              soft_link("d/s", "/etc/passwd") + hard_link("h", "d/f") +
                              member({.name = "p", .flag = '6', .content = {}, .link = {}, .mode = 0600, .uid = 5}) +
                              file("implicit/x/y") + end());
  CHECK_EQ(out.message, std::string());
  CHECK_EQ(out.report.entries, 9U);
  CHECK_EQ(p.at(".").st_mode & 07777, 0711U);
  CHECK_EQ(p.at("d").st_mode & 07777, 01777U);
  CHECK_EQ(p.at("d").st_mtim.tv_sec, 1'700'000'000);
  struct stat f = p.at("d/f");
  CHECK_EQ(f.st_mode & 07777, 04755U);
  CHECK_EQ(f.st_uid, 1000U);
  CHECK_EQ(f.st_gid, 70U);
  CHECK_EQ(f.st_mtim.tv_sec, 1'700'000'000);
  CHECK_EQ(f.st_nlink, 2U);
  CHECK_EQ(p.at("h").st_ino, f.st_ino);
  CHECK_EQ(p.text("d/f"), std::string("text"));
  CHECK(S_ISLNK(p.at("d/s").st_mode));
  CHECK(S_ISFIFO(p.at("p").st_mode));
  CHECK_EQ(p.at("p").st_uid, 5U);
  CHECK_EQ(p.at("implicit/x").st_mode & 07777, 0755U);
  REQUIRE(out.report.setid.size() == 1);
  CHECK_EQ(out.report.setid[0], std::string("d/f"));
}

TEST(escapes_by_name) {
  NEEDS_ROOT();
  for (const char* name : {"../victim", "/victim", "a/../../victim", "./../victim", "..", "a/.."})
    CHECK_EQ(code_of(file(name)), std::string("PATH_ESCAPE"));
  CHECK_EQ(code_of(pax(record("path", "../victim")) + file("innocent")), std::string("PATH_ESCAPE"));
  CHECK_EQ(code_of(member({.name = "L", .flag = 'L', .content = std::string("../victim\0", 10), .link = {}}) +
      file("innocent")),
           std::string("PATH_ESCAPE"));
  CHECK_EQ(code_of(folder("../victim_dir/new")), std::string("PATH_ESCAPE"));
  CHECK_EQ(code_of(file("../.wh.victim")), std::string("PATH_ESCAPE"));
  CHECK_EQ(code_of(file("../victim_dir/.wh..wh..opq")), std::string("PATH_ESCAPE"));
  CHECK_EQ(code_of(file(".wh...", "")), std::string("PATH_ESCAPE"));
}

TEST(escapes_by_symlink) {
  NEEDS_ROOT();
  for (const char* target : {"..", "../victim_dir", "/tmp", ".", "/proc/self/root/tmp"}) {
    const std::string link = soft_link("l", target);
    CHECK_EQ(code_of(link + file("l/f")), std::string("PATH_ESCAPE"));
    CHECK_EQ(code_of(link + folder("l/d")), std::string("PATH_ESCAPE"));
    CHECK_EQ(code_of(link + file("l/a/b/c")), std::string("PATH_ESCAPE"));
    CHECK_EQ(code_of(link + soft_link("l/s", "x")), std::string("PATH_ESCAPE"));
    CHECK_EQ(code_of(link + file("l/.wh.victim", "")), std::string("PATH_ESCAPE"));
    CHECK_EQ(code_of(link + file("l/.wh..wh..opq", "")), std::string("PATH_ESCAPE"));
    CHECK_EQ(code_of(link + hard_link("h", "l/victim")), std::string("PATH_ESCAPE"));
    // A directory that was in use is replaced by the link: no cached descriptor may lead on.
    CHECK_EQ(code_of(folder("l") + file("l/one") + link + file("l/two")), std::string("PATH_ESCAPE"));
    CHECK_EQ(code_of(folder("l/m") + file("l/m/one") + link + file("l/m/two")), std::string("PATH_ESCAPE"));
  }
}

TEST(a_symlink_is_replaced_and_never_followed) {
  NEEDS_ROOT();
  Place p;
  Outcome out = unpack(p, soft_link("f", "../victim") + file("f", "mine") + soft_link("d", "../victim_dir") +
      folder("d", 0700) +
                              file("d/x") + end());
  CHECK_EQ(out.message, std::string());
  CHECK_EQ(p.text("f"), std::string("mine"));
  CHECK(S_ISDIR(p.at("d").st_mode));
  CHECK(p.outside_untouched());
}

TEST(hard_links) {
  NEEDS_ROOT();
  CHECK_EQ(code_of(hard_link("h", "../victim")), std::string("PATH_ESCAPE"));
  CHECK_EQ(code_of(hard_link("h", "/tmp/victim")), std::string("PATH_ESCAPE"));
  CHECK_EQ(code_of(hard_link("h", "missing")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(hard_link("h", "no/such/directory")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(folder("d") + hard_link("h", "d")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(file("f") + hard_link("f", "./f")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(file("d/f") + hard_link("d", "d/f")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(file(".wh.w", "") + hard_link("h", "w")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(file("f") + hard_link("h", ".wh.f")), std::string("ARCHIVE_INVALID"));
  // A link to a link links the link: writing to it afterwards replaces it.
  Place p;
  CHECK_EQ(unpack(p, soft_link("s", "../victim") + hard_link("h", "s") + file("h", "mine") + end()).message,
      std::string());
  CHECK_EQ(p.text("h"), std::string("mine"));
  CHECK(p.outside_untouched());
}

TEST(whiteouts) {
  NEEDS_ROOT();
  Place p;
  Outcome out = unpack(p, file("a/.wh.gone", "") + folder("o") + file("o/.wh..wh..opq", "") + file("o/new") +
                              file(".wh.again", "") + folder("again") + file("again/f") + folder("late") +
                                  file(".wh.late", "") +
                              file(".wh.twice", "") + file(".wh.twice", "") + file("kept") + file(".wh.kept", "") +
                              file(".wh.parent", "") + file("parent/child") + end());
  CHECK_EQ(out.message, std::string());
  CHECK(S_ISCHR(p.at("a/gone").st_mode));
  CHECK(p.at("a/gone").st_rdev == makedev(0, 0));
  CHECK_EQ(p.xattr("o", "trusted.overlay.opaque"), std::string("y"));
  // Removed below and made anew here: what is below must not show through.
  CHECK_EQ(p.xattr("again", "trusted.overlay.opaque"), std::string("y"));
  CHECK_EQ(p.xattr("late", "trusted.overlay.opaque"), std::string("y"));
  CHECK_EQ(p.xattr("parent", "trusted.overlay.opaque"), std::string("y"));
  CHECK_EQ(p.xattr("a", "trusted.overlay.opaque"), "errno " + std::to_string(ENODATA));
  CHECK(S_ISREG(p.at("kept").st_mode));
  CHECK(!out.report.opaque_root);
  Place q;
  CHECK(unpack(q, file(".wh..wh..opq", "") + end()).report.opaque_root);
  CHECK_EQ(code_of(folder(".wh.d")), std::string("ARCHIVE_INVALID"));
}

TEST(devices) {
  NEEDS_ROOT();
  std::string null = header({.name = "null", .flag = '3', .content = {}, .link = {}, .mode = 0666});
  null.replace(329, 8, octal(1, 8));
  null.replace(337, 8, octal(3, 8));
  seal(null);
  // 0:0 would be a whiteout that no scanner of the archive sees as one.
  const std::string zero = member({.name = "zero", .flag = '3', .content = {}, .link = {}});
  Place p;
  Outcome out = unpack(p, null + zero + end());
  CHECK_EQ(out.report.devices.size(), 2U);
  CHECK_EQ(p.at("null").st_mode, 0U);
  CHECK_EQ(p.at("zero").st_mode, 0U);
  extract::Job strict;
  strict.options.devices = extract::Devices::error;
  CHECK_EQ(code_of(null, strict), std::string("DEVICE_REFUSED"));
}

TEST(extended_attributes) {
  NEEDS_ROOT();
  const std::string capability("\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  auto attribute = [](const std::string& name, const std::string& value) { return record("SCHILY.xattr." + name,
      value); };
  Place p;
  Outcome out = unpack(p, pax(attribute("security.capability", capability) + attribute("user.note", "hi") +
                              attribute("trusted.overlay.opaque", "y") + attribute("user.overlay.redirect", "/etc") +
                              attribute("security.selinux", "x") + attribute("system.posix_acl_access", "x")) +
                              member({.name = "f", .content = "x", .link = {}, .mode = 0755, .uid = 7}) +
                              pax(attribute("trusted.overlay.opaque", "y")) + folder("d") + end());
  CHECK_EQ(out.message, std::string());
  CHECK_EQ(p.xattr("f", "security.capability"), capability);
  CHECK_EQ(p.xattr("f", "user.note"), std::string("hi"));
  for (const char* dropped : {"trusted.overlay.opaque", "user.overlay.redirect", "security.selinux"})
    CHECK_EQ(p.xattr("f", dropped), "errno " + std::to_string(ENODATA));
  CHECK_EQ(p.xattr("d", "trusted.overlay.opaque"), "errno " + std::to_string(ENODATA));
  REQUIRE(out.report.file_capabilities.size() == 1);
  CHECK_EQ(code_of(pax(attribute("security.capability", "junk")) + file("f")), std::string("ARCHIVE_INVALID"));
}

TEST(later_members_win) {
  NEEDS_ROOT();
  Place p;
  Outcome out = unpack(p, file("x", "old") + file("x", "new") + folder("d/e") + file("d/e/f") + file("d", "flat") +
                              file("y", "1") + soft_link("y", "x") + folder("k", 0700) + file("k/f") + folder("k",
                                  0755) + end());
  CHECK_EQ(out.message, std::string());
  CHECK_EQ(p.text("x"), std::string("new"));
  CHECK_EQ(p.text("d"), std::string("flat"));
  CHECK(S_ISLNK(p.at("y").st_mode));
  CHECK_EQ(p.text("k/f"), std::string("x"));
  CHECK_EQ(p.at("k").st_mode & 07777, 0755U);
  CHECK_EQ(code_of(file("f") + file("f/below")), std::string("ARCHIVE_INVALID"));
}

TEST(sparse_files) {
  NEEDS_ROOT();
  const std::string keys = record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") +
                           record("GNU.sparse.name", "s") + record("GNU.sparse.realsize", "10485760");
  Place p;
  CHECK_EQ(unpack(p, pax(keys) + file("x", padded("1\n10485755\n5\n") + "abcde") + end()).message, std::string());
  CHECK_EQ(p.at("s").st_size, 10485760);
  CHECK(p.at("s").st_blocks < 64);
  char tail[5];
  Fd fd(::openat(p.root.get(), "s", O_RDONLY | O_CLOEXEC));
  CHECK_EQ(::pread(fd.get(), tail, 5, 10485755), 5);
  CHECK_EQ(std::string(tail, 5), std::string("abcde"));
  // Holes count: one gigabyte in one kilobyte of archive.
  extract::Job job;
  job.options.limits.max_bytes = 1 << 20;
  CHECK_EQ(code_of(pax(keys) + file("x", padded("1\n10485755\n5\n") + "abcde"), job), std::string("LIMIT_EXCEEDED"));
}

TEST(limits) {
  NEEDS_ROOT();
  extract::Job job;
  job.options.limits.max_entries = 3;
  CHECK_EQ(code_of(file("a") + file("b") + file("c"), job), std::string());
  CHECK_EQ(code_of(file("a/b/c/d"), job), std::string("LIMIT_EXCEEDED"));  // directories that are not named count
  CHECK_EQ(code_of(file("a") + file("a") + file("a") + file("a"), job), std::string("LIMIT_EXCEEDED"));
  job = {};
  job.options.limits.max_depth = 2;
  CHECK_EQ(code_of(file("a/b"), job), std::string());
  CHECK_EQ(code_of(file("a/b/c"), job), std::string("LIMIT_EXCEEDED"));
  job = {};
  job.options.limits.max_bytes = 100'000;
  CHECK_EQ(code_of(file("a", std::string(120'000, 'x')), job), std::string("LIMIT_EXCEEDED"));
  std::string notes;
  for (int i = 0; i < 10001; i++) notes += member({.name = "f", .content = {}, .link = {}, .mode = 04755});
  CHECK_EQ(code_of(notes), std::string("LIMIT_EXCEEDED"));
}

TEST(diff_id) {
  NEEDS_ROOT();
  extract::Job job;
  // printf of 1024 zero bytes: the empty layer of every engine.
  job.diff_id = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
  CHECK_EQ(code_of("", job), std::string());
  CHECK_EQ(code_of(file("f"), job), std::string("DIGEST_MISMATCH"));
}

TEST(truncated_layers) {
  NEEDS_ROOT();
  const std::string whole = folder("d") + file("d/f", std::string(1200, 'x')) + soft_link("s", "d") + end();
  for (std::size_t at = 0; at < whole.size(); at += 512) {
    Place p;
    CHECK_EQ(unpack(p, whole.substr(0, at)).code, std::string("ARCHIVE_TRUNCATED"));
  }
}

TEST(full_disk) {
  NEEDS_ROOT();
  Place p;
  const std::string mount = p.dir + "/small";
  ::mkdir(mount.c_str(), 0755);
  if (::mount("tmpfs", mount.c_str(), "tmpfs", 0, "size=256k,nr_inodes=64") < 0) SKIP("cannot mount a tmpfs");
  {
    Place target;
    target.root = Fd(::open(mount.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    CHECK_EQ(unpack(target, file("big", std::string(1 << 20, 'x')) + end()).code, std::string("NO_SPACE"));
    std::string many;
    for (int i = 0; i < 100; i++) many += file("f" + std::to_string(i), "");
    CHECK_EQ(unpack(target, many + end()).code, std::string("NO_SPACE"));
  }
  CHECK_EQ(::umount2(mount.c_str(), MNT_DETACH), 0);
}
