// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "check.h"
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
  auto log = secure::log::Writer::open(dir.file(), 1 << 20);
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
  auto log = secure::log::Writer::open(dir.file(), 1 << 20);
  log->write("stdout", std::string_view("\xff\xfe\0\x1b[31m\xe2\x82\n", 11));
  log->flush();
  auto lines = texts(dir.file());
  CHECK_EQ(lines.size(), 1U);
  CHECK(!lines.empty() && lines[0] != "not json");
}

TEST(log_does_not_tear_a_character_at_the_line_limit) {
  TempDir dir;
  auto log = secure::log::Writer::open(dir.file(), 1 << 20);
  log->write("stdout", std::string((16U << 10) - 1, 'a') + "\xe2\x82\xac" + "b\n");
  log->flush();
  auto lines = texts(dir.file());
  CHECK_EQ(lines.size(), 2U);
  CHECK(lines.size() == 2 && lines[1] == "stdout:\xe2\x82\xac" "b\n");
}

TEST(log_is_bounded_on_disk) {
  TempDir dir;
  auto log = secure::log::Writer::open(dir.file(), 65536);
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
  CHECK(!secure::log::Writer::open(dir.file(), 65536).ok());
}
