// SPDX-License-Identifier: Apache-2.0
#include "mount_options.h"

#include <sys/mount.h>

#include "check.h"
#include "number.h"

namespace {
auto parse(const std::vector<std::string>& options) { return secure::mount_options::parse(options); }
}  // namespace

TEST(mount_options_later_ones_win) {
  auto p = parse({"ro", "nosuid", "rw"});
  CHECK(p.ok());
  CHECK_EQ(p->attributes.set, static_cast<std::uint64_t>(MOUNT_ATTR_NOSUID));
  CHECK((p->attributes.clear & MOUNT_ATTR_RDONLY) != 0);
  auto q = parse({"rw", "ro"});
  CHECK((q->attributes.set & MOUNT_ATTR_RDONLY) != 0 && (q->attributes.clear & MOUNT_ATTR_RDONLY) == 0);
}

TEST(mount_options_access_times_are_one_group) {
  auto p = parse({"noatime", "strictatime"});
  CHECK_EQ(p->attributes.set, static_cast<std::uint64_t>(MOUNT_ATTR_STRICTATIME));
  CHECK_EQ(p->attributes.clear & MOUNT_ATTR__ATIME, static_cast<std::uint64_t>(MOUNT_ATTR__ATIME));
}

TEST(mount_options_recursive_forms_are_kept_apart) {
  auto p = parse({"rbind", "rro", "rslave", "idmap"});
  CHECK(p->bind && p->recursive_bind && p->idmap);
  CHECK_EQ(p->attributes.set, 0U);
  CHECK_EQ(p->recursive_attributes.set, static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY));
  CHECK_EQ(p->propagation.type, static_cast<unsigned long>(MS_SLAVE));
  CHECK(p->propagation.recursive);
}

TEST(mount_options_know_a_destination_that_is_not_followed) {
  auto p = parse({"bind", "dest-nofollow"});
  CHECK(p->bind && p->dest_nofollow);
  CHECK(p->fs.empty());
  CHECK(!parse({"bind"})->dest_nofollow);
}

TEST(mount_options_pass_the_rest_to_the_file_system) {
  auto p = parse({"size=64k", "newinstance", "defaults"});
  CHECK_EQ(p->fs.size(), 2U);
  CHECK_EQ(p->fs[0].first, "size");
  CHECK_EQ(p->fs[0].second, "64k");
  CHECK(!parse({"=x"}).ok());
}

TEST(mount_options_are_split_at_commas_as_the_kernel_does) {
  auto p = parse({"ro,noexec", "context=\"a:b:c0,c1\",size=1k", "lowerdir=/a\\,b"});
  CHECK((p->attributes.set & MOUNT_ATTR_NOEXEC) != 0 && p->readonly());
  REQUIRE(p->fs.size() == 3U);
  CHECK_EQ(p->fs[0].second, "a:b:c0,c1");
  CHECK_EQ(p->fs[1].first, "size");
  CHECK_EQ(p->fs[2].second, "/a,b");
}

TEST(mount_options_of_access_times_take_back_only_themselves) {
  CHECK_EQ(parse({"noatime", "nostrictatime"})->attributes.set, static_cast<std::uint64_t>(MOUNT_ATTR_NOATIME));
  CHECK_EQ(parse({"noatime", "norelatime"})->attributes.set, static_cast<std::uint64_t>(MOUNT_ATTR_NOATIME));
  CHECK_EQ(parse({"strictatime", "nostrictatime"})->attributes.set, static_cast<std::uint64_t>(MOUNT_ATTR_RELATIME));
  CHECK_EQ(parse({"norelatime"})->attributes.clear, 0U);
  CHECK_EQ(parse({"rnoatime", "ratime"})->recursive_attributes.clear, static_cast<std::uint64_t>(MOUNT_ATTR__ATIME));
}

TEST(mount_options_that_are_the_superblocks_go_to_a_new_file_system_only) {
  auto p = parse({"sync", "lazytime", "async", "dirsync", "silent", "rsync"});
  REQUIRE(p->super.size() == 3U);
  CHECK_EQ(p->super[0].first, "lazytime");
  CHECK_EQ(p->super[1].first, "dirsync");
  CHECK_EQ(p->super[2].first, "sync");
  CHECK(p->fs.empty());
}

TEST(mount_options_of_crun_map_ranges_of_ids) {
  using secure::mount_options::parse_ranges;
  const std::vector<secure::spec::IdMap> own{{0, 100000, 10}, {10, 5000, 10}};
  auto p = parse({"idmap=uids=0-1-10#10-11-10;gids=@3-12-5"});
  CHECK(p->idmap && !p->recursive_idmap);
  auto r = parse_ranges(p->idmap_ranges, own, own);
  REQUIRE(r.ok() && r->uids.size() == 2U && r->gids.size() == 1U);
  CHECK_EQ(r->uids[1].host, 11U);
  CHECK_EQ(r->gids[0].container, 3U);
  CHECK_EQ(r->gids[0].host, 5002U);
  for (const char* bad : {"uids=0-0-1", "gids=0-0-1", "uids=;gids=", "uids=0-0-0;gids=0-0-1", "uids=0-0;gids=0-0-1", "uids=0-0-1-1;gids=0-0-1",
                          "uids=-1-0-1;gids=0-0-1", "uids=0x0-0-1;gids=0-0-1", "uids=4294967295-0-1;gids=0-0-1", "uids=@0-8-5;gids=0-0-1",
                          "uids=@0-20-1;gids=0-0-1", "uids=0-0-1;uids=0-0-1;gids=0-0-1", "foo=0-0-1;uids=0-0-1;gids=0-0-1", "uids=0-0-1;gids=0-0-1;x"})
    CHECK(!parse_ranges(bad, own, own).ok());
}

TEST(decimal_takes_digits_only) {
  using secure::number::decimal;
  CHECK_EQ(decimal("0", 10).value_or(99), 0U);
  CHECK_EQ(decimal("4294967294", 4294967294U).value_or(0), 4294967294U);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "01", "1e3", "4294967295", "18446744073709551616", "99999999999999999999999"})
    CHECK(!decimal(bad, 4294967294U).has_value());
}
