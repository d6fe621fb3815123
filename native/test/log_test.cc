// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "check.h"
#include "child.h"
#include "json.h"

namespace {

struct TempDir {
  char path[32] = "/tmp/secure-log-XXXXXX";
  TempDir() { (void)!::mkdtemp(path); }
  ~TempDir() {
    (void)::unlink(file().c_str());
    (void)::unlink((file() + ".1").c_str());
    (void)::rmdir(path);
  }
  [[nodiscard]] std::string file() const { return std::string(path) + "/log"; }
};

std::vector<std::string> texts(const std::string& path) {
  std::vector<std::string> out;
  auto all = secure::read_file(AT_FDCWD, path, 64U << 20);
  if (!all) return out;
  std::string_view rest = *all;
  while (!rest.empty()) {
    std::size_t end = rest.find('\n');
    auto doc = secure::json::parse(rest.substr(0, end), "log line");
    out.push_back(doc ? std::string((*doc)["stream"].GetString()) + ":" + (*doc)["log"].GetString() : "not json");
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

TEST(log_joins_partial_writes_into_lines) {
  TempDir dir;
  auto log = secure::log::Writer::open({dir.file()});
  log->write("stdout", "one\ntw");
  log->write("stderr", "err\n");
  log->write("stdout", "o\nlast");
  log->flush();
  auto lines = texts(dir.file());
  CHECK_EQ(lines.size(), 4U);
  if (lines.size() != 4) return;
  CHECK_EQ(lines[0], "stdout:one\n");
  CHECK_EQ(lines[1], "stderr:err\n");
  CHECK_EQ(lines[2], "stdout:two\n");
  CHECK_EQ(lines[3], "stdout:last");
}

TEST(log_stays_valid_json_whatever_is_written) {
  TempDir dir;
  auto log = secure::log::Writer::open({dir.file()});
  log->write("stdout", std::string_view("\xff\xfe\0\x1b[31m\xe2\x82\n", 11));
  log->flush();
  auto lines = texts(dir.file());
  CHECK_EQ(lines.size(), 1U);
  CHECK(!lines.empty() && lines[0] != "not json");
}

TEST(log_does_not_tear_a_character_at_the_line_limit) {
  TempDir dir;
  auto log = secure::log::Writer::open({dir.file()});
  log->write("stdout", std::string((16U << 10) - 1, 'a') + "\xe2\x82\xac" + "b\n");
  log->flush();
  auto lines = texts(dir.file());
  CHECK_EQ(lines.size(), 2U);
  CHECK(lines.size() == 2 && lines[1] == "stdout:\xe2\x82\xac" "b\n");
}

TEST(log_is_bounded_on_disk) {
  TempDir dir;
  auto log = secure::log::Writer::open({dir.file(), secure::log::Format::json, 65536, 2});
  std::string line(1000, 'x');
  line += "\n";
  for (int i = 0; i < 1000; ++i) log->write("stdout", line);
  struct stat now {}, old {};
  CHECK(::stat(dir.file().c_str(), &now) == 0 && now.st_size <= 65536);
  CHECK(::stat((dir.file() + ".1").c_str(), &old) == 0 && old.st_size <= 65536);
}

TEST(log_does_not_follow_a_link) {
  TempDir dir;
  CHECK(::symlink("/tmp/secure-log-victim", dir.file().c_str()) == 0);
  CHECK(!secure::log::Writer::open({dir.file()}).ok());
}

TEST(log_keeps_as_many_files_as_asked) {
  TempDir dir;
  const auto numbered = [&](int n) { return n == 0 ? dir.file() : dir.file() + "." + std::to_string(n); };
  for (unsigned files : {1U, 3U}) {
    auto log = secure::log::Writer::open({dir.file(), secure::log::Format::local, 65536, files});
    for (int i = 0; i < 400; ++i) log->write("stdout", std::string(999, static_cast<char>('a' + i % 26)) + "\n");
    for (int n = 0; n < 5; ++n) {
      struct stat st {};
      const bool there = ::stat(numbered(n).c_str(), &st) == 0;
      CHECK_EQ(there, n < static_cast<int>(files));
      CHECK(st.st_size <= 65536);
      (void)::unlink(numbered(n).c_str());
    }
  }
}

TEST(log_local_stores_bytes_as_they_came) {
  TempDir dir;
  auto log = secure::log::Writer::open({dir.file(), secure::log::Format::local, 65536, 2});
  const std::string line("\xff\0o 1\n", 6);
  log->write("stderr", line);
  log->write("stdout", "partial");
  log->flush();
  auto all = secure::read_file(AT_FDCWD, dir.file(), 65536);
  CHECK(all && all->starts_with("e 20"));
  CHECK(all && all->find("Z 6\n" + line + "\no ") != std::string::npos);
  CHECK(all && all->ends_with("Z 7\npartial\n"));
}

// Half an entry would make the reader misunderstand what follows.
TEST(log_on_a_full_disk_loses_whole_entries) {
  CHECK_EQ(check::in_child([] {
             if (::unshare(CLONE_NEWNS) < 0 || ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) return 77;
             TempDir dir;
             if (::mount("tmpfs", dir.path, "tmpfs", 0, "size=40k") < 0) return 77;
             auto log = secure::log::Writer::open({dir.file()});
             for (int i = 0; i < 200; ++i) log->write("stdout", std::string(700, 'x') + "\n");
             const auto before = texts(dir.file());
             bool whole = !before.empty() && before.size() < 200;
             for (const auto& text : before) whole = whole && text.size() == 708;
             if (::mount("", dir.path, nullptr, MS_REMOUNT, "size=400k") < 0) return 77;
             log->write("stdout", "there is room\n");
             const auto after = texts(dir.file());
             whole = whole && after.size() == before.size() + 1 && after.back() == "stdout:there is room\n";
             (void)::umount(dir.path);
             return whole ? 0 : 1;
           }),
           0);
}
