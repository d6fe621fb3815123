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
  CHECK_EQ(p->propagation, static_cast<unsigned long>(MS_SLAVE));
  CHECK(p->propagation_recursive);
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

TEST(decimal_takes_digits_only) {
  using secure::number::decimal;
  CHECK_EQ(decimal("0", 10).value_or(99), 0U);
  CHECK_EQ(decimal("4294967294", 4294967294U).value_or(0), 4294967294U);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "01", "1e3", "4294967295", "18446744073709551616", "99999999999999999999999"})
    CHECK(!decimal(bad, 4294967294U).has_value());
}
