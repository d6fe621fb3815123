// SPDX-License-Identifier: Apache-2.0
#include "check.h"
#include "tar_builder.h"
#include "tar_header.h"
#include "tar_pax.h"
#include "tar_reader.h"

using namespace secure;
using namespace tar_builder;

namespace {

struct Read {
  std::vector<tar::Entry> entries;
  std::vector<std::string> contents;
  std::string code;  // of the error; empty: read to the end
};

Read read_all(const std::string& archive, std::size_t piece = 65536) {
  MemorySource source(archive, piece);
  tar::Reader reader(source);
  Read out;
  auto run = [&]() -> Status {
    for (;;) {
      SECURE_LET(entry, reader.next());
      if (!entry) return reader.finish();
      out.entries.push_back(*entry);
      std::string content;
      for (;;) {
        SECURE_LET(data, reader.data());
        if (data.empty()) break;
        content.append(data.begin(), data.end());
      }
      out.contents.push_back(std::move(content));
    }
  };
  if (auto status = run(); !status) out.code = status.error().code;
  return out;
}

std::string code_of(const std::string& members) { return read_all(members + end()).code; }

std::string with(std::string block, std::size_t at, const std::string& bytes, bool sum = true) {
  block.replace(at, bytes.size(), bytes);
  if (sum) seal(block);
  return block;
}

std::string number_code(const std::string& field) {
  auto bytes = std::span(reinterpret_cast<const std::uint8_t*>(field.data()), field.size());
  auto value = tar::parse_number(bytes, "test");
  return value ? std::to_string(*value) : value.error().code;
}

}  // namespace

TEST(numbers) {
  CHECK_EQ(number_code("0000644\0"), std::string("420"));
  CHECK_EQ(number_code("  644 \0 "), std::string("420"));
  CHECK_EQ(number_code(std::string(8, '\0')), std::string("0"));
  CHECK_EQ(number_code("00000778"), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(number_code("-1      "), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(number_code("12 34   "), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(number_code("777777777777777777777"), std::string("9223372036854775807"));
  CHECK_EQ(number_code("1000000000000000000000"), std::string("ARCHIVE_INVALID"));
  // Base-256: two's complement behind a marker bit.
  CHECK_EQ(number_code(std::string("\x80\0\0\0\0\0\x01\0", 8)), std::string("256"));
  CHECK_EQ(number_code("\xff\xff\xff\xff\xff\xff\xff\xfe"), std::string("-2"));
  CHECK_EQ(number_code(std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12)),
      std::string("9223372036854775807"));
  CHECK_EQ(number_code(std::string("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12)), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(number_code(std::string("\x80\0\0\x01\0\0\0\0\0\0\0\0", 12)), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(number_code(std::string("\xff\xff\xff\xfe\0\0\0\0\0\0\0\0", 12)), std::string("ARCHIVE_INVALID"));
}

TEST(reads_members_of_every_type) {
  const std::string archive = folder("d/") + file("d/f", std::string(1000, 'a')) + soft_link("d/s", "../../etc") +
                              hard_link("d/h", "d/f") + member({.name = "p", .flag = '6', .content = {}, .link = {}}) +
                              file("empty", "") + end();
  for (std::size_t piece : {std::size_t{1}, std::size_t{511}, std::size_t{65536}}) {
    Read r = read_all(archive, piece);
    CHECK_EQ(r.code, std::string());
    REQUIRE(r.entries.size() == 6);
    CHECK(r.entries[0].type == tar::Type::directory);
    CHECK_EQ(r.contents[1], std::string(1000, 'a'));
    CHECK_EQ(r.entries[2].link, std::string("../../etc"));
    CHECK(r.entries[3].type == tar::Type::hard_link);
    CHECK(r.entries[4].type == tar::Type::fifo);
    CHECK_EQ(r.entries[5].path, std::string("empty"));
  }
}

TEST(skips_content_that_nobody_reads) {
  MemorySource source(file("a", std::string(300000, 'x')) + file("b") + end());
  tar::Reader reader(source);
  auto a = reader.next();
  REQUIRE(a.ok() && a->has_value());
  auto b = reader.next();
  REQUIRE(b.ok() && b->has_value());
  CHECK_EQ((*b)->path, std::string("b"));
}

TEST(truncation_at_every_block_is_an_error) {
  const std::string archive = pax(record("path", "long/name")) + file("a", std::string(1500, 'x')) + folder("d") +
      end();
  for (std::size_t at = 0; at < archive.size(); at += 512)
    CHECK_EQ(read_all(archive.substr(0, at)).code, std::string("ARCHIVE_TRUNCATED"));
  for (std::size_t at = 1; at < archive.size(); at += 97)
    CHECK_EQ(read_all(archive.substr(0, at)).code, std::string("ARCHIVE_TRUNCATED"));
  CHECK_EQ(read_all(archive).code, std::string());
}

TEST(headers_that_are_refused) {
  const std::string good = header({.name = "f", .content = {}, .link = {}});
  CHECK_EQ(code_of(good), std::string());
  CHECK_EQ(code_of(with(good, 0, "g", false)), std::string("ARCHIVE_INVALID"));          // checksum
  CHECK_EQ(code_of(with(good, 0, std::string(1, '\0'))), std::string("ARCHIVE_INVALID"));  // no name
  CHECK_EQ(code_of(with(good, 156, "Z")), std::string("ARCHIVE_INVALID"));               // type
  CHECK_EQ(code_of(with(good, 156, "M")), std::string("ARCHIVE_INVALID"));               // multi-volume
  const std::string minus(12, '\xff');
  CHECK_EQ(code_of(with(good, 124, minus)), std::string("ARCHIVE_INVALID"));             // size -1
  CHECK_EQ(code_of(with(good, 108, minus.substr(0, 8))), std::string("ARCHIVE_INVALID"));  // uid -1
  // (uid_t)-1 would leave the owner alone.
  CHECK_EQ(code_of(with(good, 108, std::string("\x80\0\0\0\xff\xff\xff\xff", 8))), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(with(good, 116, std::string("\x80\0\0\x01\0\0\0\0", 8))), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(file("name/")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(member({.name = "d", .flag = '5', .content = "smuggled", .link = {}})),
      std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(member({.name = "h", .flag = '1', .content = "smuggled", .link = "f"})),
      std::string("ARCHIVE_INVALID"));
  // lone zero block
  CHECK_EQ(read_all(good + std::string(512, '\0') + good + end()).code, std::string("ARCHIVE_INVALID"));
  // hidden members
  CHECK_EQ(read_all(good + end() + good).code, std::string("ARCHIVE_INVALID"));                         
  // record padding
  CHECK_EQ(read_all(good + end() + std::string(9000, '\0')).code, std::string());                       
}

TEST(huge_sizes_do_not_overflow) {
  const std::string good = header({.name = "f", .content = {}, .link = {}});
  const std::string max("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12);
  CHECK_EQ(code_of(with(good, 124, max)), std::string("ARCHIVE_TRUNCATED"));
  CHECK_EQ(code_of(pax(record("size", "9223372036854775807")) + good), std::string("ARCHIVE_TRUNCATED"));
  CHECK_EQ(code_of(pax(record("size", "9223372036854775808")) + good), std::string("ARCHIVE_INVALID"));
  // A pax header of a gigabyte is refused by its size, not by reading it.
  CHECK_EQ(code_of(with(header({.name = "x", .flag = 'x', .content = {}, .link = {}}), 124, octal(1U << 30, 12))),
           std::string("LIMIT_EXCEEDED"));
}

TEST(prefix_belongs_to_posix_only) {
  const std::string good = header({.name = "f", .content = {}, .link = {}});
  Read posix = read_all(with(good, 345, "dir") + end());
  REQUIRE(posix.entries.size() == 1);
  CHECK_EQ(posix.entries[0].path, std::string("dir/f"));
  // GNU keeps times and a sparse map there.
  Read gnu = read_all(with(with(good, 345, "dir"), 257, std::string("ustar  \0", 8)) + end());
  REQUIRE(gnu.entries.size() == 1);
  CHECK_EQ(gnu.entries[0].path, std::string("f"));
}

TEST(pax_overrides) {
  Read r = read_all(pax(record("path", "p/q") + record("uid", "70000") + record("gid", "5") + record("mtime", "-1.25") +
                        record("SCHILY.xattr.user.a", std::string("1\0" "2", 3)) + record("comment", "=")) +
                    file("f") + file("g") + end());
  CHECK_EQ(r.code, std::string());
  REQUIRE(r.entries.size() == 2);
  CHECK_EQ(r.entries[0].path, std::string("p/q"));
  CHECK_EQ(r.entries[0].uid, 70000U);
  CHECK_EQ(r.entries[0].mtime, -2);
  CHECK_EQ(r.entries[0].mtime_nsec, 750'000'000U);
  REQUIRE(r.entries[0].xattrs.size() == 1);
  CHECK_EQ(r.entries[0].xattrs[0].second.size(), 3U);
  // For one member only.
  CHECK_EQ(r.entries[1].path, std::string("g"));
  CHECK(r.entries[1].xattrs.empty());
  Read repeated = read_all(pax(record("path", "a") + record("path", "b")) + file("f") + end());
  REQUIRE(repeated.entries.size() == 1);
  CHECK_EQ(repeated.entries[0].path, std::string("b"));
}

TEST(pax_records_that_are_refused) {
  for (const std::string& bad :
       {std::string("12 path=a\n"), std::string("7 path=a\n"), std::string("0 a=b\n"), std::string("path=a\n"),
        std::string("9 path=ab"), std::string("-6 a=b\n"), std::string("99999999999999999999 a=b\n"),
        std::string(" 6 a=b\n"), std::string("5 =b\n"), std::string("5 ab\n"), record("path", std::string("a\0b", 3)),
        record("linkpath", std::string("a\0b", 3)), record(std::string("k\0", 2), "v"), record("size", "-1"),
        record("size", "1x"), record("uid", "4294967295"), record("gid", "99999999999"), record("mtime", "1.2.3"),
        record("mtime", "--1"), record("GNU.sparse.offset", "0")})
    CHECK_EQ(code_of(pax(bad) + file("f")), std::string("ARCHIVE_INVALID"));
  std::string many;
  for (int i = 0; i < 300; i++) many += record("SCHILY.xattr.user." + std::to_string(i), "v");
  CHECK_EQ(code_of(pax(many) + file("f")), std::string("LIMIT_EXCEEDED"));
}

TEST(extensions_that_readers_disagree_on) {
  CHECK_EQ(code_of(pax(record("comment", "git commit"), 'g') + file("f")), std::string());
  CHECK_EQ(code_of(pax(record("path", "evil"), 'g') + file("f")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(pax(record("SCHILY.xattr.user.a", "1"), 'g') + file("f")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(pax(record("path", "a")) + pax(record("path", "b")) + file("f")), std::string("ARCHIVE_INVALID"));
  const std::string name = member({.name = "././@LongLink", .flag = 'L', .content = std::string("long\0", 5),
      .link = {}});
  CHECK_EQ(code_of(name + pax(record("path", "a")) + file("f")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(name + name + file("f")), std::string("ARCHIVE_INVALID"));
  CHECK_EQ(code_of(name), std::string("ARCHIVE_INVALID"));  // of no member
  CHECK_EQ(code_of(pax(record("path", "a"))), std::string("ARCHIVE_INVALID"));
  const std::string split = member({.name = "l", .flag = 'L', .content = std::string("a\0b\0", 4), .link = {}});
  CHECK_EQ(code_of(split + file("f")), std::string("ARCHIVE_INVALID"));
}

TEST(gnu_long_names) {
  const std::string name(300, 'n'), target(200, 't');
  Read r = read_all(member({.name = "././@LongLink", .flag = 'K', .content = target + '\0', .link = {}}) +
                    member({.name = "././@LongLink", .flag = 'L', .content = name + '\0', .link = {}}) +
                        soft_link("n", "t") + end());
  CHECK_EQ(r.code, std::string());
  REQUIRE(r.entries.size() == 1);
  CHECK_EQ(r.entries[0].path, name);
  CHECK_EQ(r.entries[0].link, target);
}

TEST(sparse_pax_1_0) {
  const std::string map = padded("2\n0\n3\n100\n2\n");
  const std::string keys = record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") +
                           record("GNU.sparse.name", "s") + record("GNU.sparse.realsize", "200");
  Read r = read_all(pax(keys) + file("GNUSparseFile.0/s", map + "abcde") + end());
  CHECK_EQ(r.code, std::string());
  REQUIRE(r.entries.size() == 1);
  CHECK_EQ(r.entries[0].path, std::string("s"));
  CHECK_EQ(r.entries[0].size, 200U);
  REQUIRE(r.entries[0].segments.size() == 2);
  CHECK_EQ(r.entries[0].segments[1].offset, 100U);
  CHECK_EQ(r.contents[0], std::string("abcde"));
  for (const char* bad : {"2\n0\n3\n2\n2\n", "1\n198\n5\n", "1\n0\n4\n", "99999999\n", "1\n-1\n5\n", "x\n",
                          "1\n18446744073709551615\n5\n", "1\n0\n123456789012345678901\n", "1"})
    CHECK(!code_of(pax(keys) + file("s", padded(bad) + "abcde")).empty());
  CHECK_EQ(code_of(pax(keys) + file("s", "1\n0\n5\n")), std::string("ARCHIVE_INVALID"));  // map longer than the member
}

TEST(sparse_old_gnu) {
  std::string block = header({.name = "s", .flag = 'S', .content = "abcde", .link = {}});
  block.replace(257, 8, std::string("ustar  \0", 8));
  block.replace(386, 24, octal(0, 12) + octal(3, 12));
  block[482] = 1;
  block.replace(483, 12, octal(5000, 12));
  seal(block);
  std::string more(512, '\0');
  more.replace(0, 24, octal(4096, 12) + octal(2, 12));
  Read r = read_all(block + more + padded("abcde") + end());
  CHECK_EQ(r.code, std::string());
  REQUIRE(r.entries.size() == 1);
  CHECK_EQ(r.entries[0].size, 5000U);
  CHECK_EQ(r.contents[0], std::string("abcde"));
  more[504] = 1;
  std::string empty(512, '\0');
  empty[504] = 1;
  CHECK_EQ(code_of(block + more + empty + empty + padded("abcde")), std::string("ARCHIVE_INVALID"));
}

TEST(names_in_messages_are_harmless) {
  CHECK_EQ(tar::quoted("a\x1b[31m\n'\\\xff"), std::string("'a\\x1b[31m\\x0a\\x27\\x5c\\xff'"));
  CHECK(tar::quoted(std::string(100000, 'a')).size() < 220);
}
