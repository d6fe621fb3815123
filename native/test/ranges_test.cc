// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "check.h"
#include "record_fixture.h"

using namespace secure;
using fixture::Store;

TEST(ranges_subid_lines) {
  auto ranges = record::parse_subids(
      "root:100000:65536\n\n:::\nx:1\nx:-5:3\nx:5:-3\nx: 5:3\n# comment\nx:4294967296:1\nwrap:4294967290:18446744073709551615\n"
      "x:99999999999999999999:1\nlast:7:8");
  REQUIRE(ranges.size() == 3);
  CHECK_EQ(ranges[0].first, 100000);
  CHECK_EQ(ranges[0].count, 65536);
  // Not wrapped around to a small end.
  CHECK_EQ(ranges[1].count, 6);
  CHECK_EQ(ranges[2].first, 7);
}

TEST(ranges_are_distinct_and_freed) {
  Store store;
  std::set<std::uint32_t> seen;
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) {
    ids.push_back(record::new_id());
    auto reserved = record::reserve(store.roots, ids.back(), "");
    REQUIRE(reserved.ok());
    auto first = record::allocate_range(store.roots, ids.back());
    REQUIRE(first.ok());
    CHECK(*first >= record::kRangeFirst && *first <= record::kRangeEnd - record::kRangeSize);
    CHECK_EQ((*first - record::kRangeFirst) % record::kRangeSize, 0);
    CHECK(seen.insert(*first).second);
    store.write_config(ids.back(), reserved->name, i % 2 == 0 ? *first : 0, false);
  }
  CHECK_EQ(store.dir("host/ranges").size(), 50);
  // With its range in the config and, after a crash before that, without.
  for (const auto& id : ids) CHECK(record::remove(store.roots, id, false).ok());
  CHECK(store.empty());
}

TEST(ranges_need_a_record) {
  Store store;
  CHECK_EQ(record::allocate_range(store.roots, record::new_id()).error().err, ENOENT);
  REQUIRE(record::reserve(store.roots, record::new_id(), "").ok());
  CHECK_EQ(record::allocate_range(store.roots, record::new_id()).error().code, "NO_SUCH_CONTAINER");
  CHECK_EQ(record::allocate_range(store.roots, "..").error().code, "NO_SUCH_CONTAINER");
}

// Two instances with their own roots share the host's directory, and nothing else.
TEST(ranges_of_other_instances) {
  Store a, b;
  b.roots.host = a.roots.host;
  std::string id = record::new_id();
  REQUIRE(record::reserve(a.roots, id, "").ok());
  CHECK_EQ(record::reserve(b.roots, id, "").error().code, "ID_TAKEN");
  CHECK(b.dir("state/containers").empty());

  // All but one taken by A, in its own records: B gets that one and then none.
  std::string other = record::new_id();
  REQUIRE(record::reserve(b.roots, other, "").ok());
  REQUIRE(record::allocate_range(a.roots, id).ok());
  const std::uint32_t spare = record::kRangeFirst + 7 * record::kRangeSize;
  for (std::uint32_t first = record::kRangeFirst; first + record::kRangeSize <= record::kRangeEnd; first += record::kRangeSize)
    if (first != spare)
      (void)!::symlink(record::record_path(a.roots, id).c_str(), (a.top + "/host/ranges/" + std::to_string(first)).c_str());
  (void)::unlink((a.top + "/host/ranges/" + std::to_string(spare)).c_str());
  auto got = record::allocate_range(b.roots, other);
  REQUIRE(got.ok());
  CHECK_EQ(*got, spare);
  std::string third = record::new_id();
  REQUIRE(record::reserve(b.roots, third, "").ok());
  CHECK_EQ(record::allocate_range(b.roots, third).error().code, "RANGE_EXHAUSTED");
  CHECK_EQ(b.dir("state/ranges").size(), 1);
  // B's garbage collection leaves A's ranges alone; with A's record gone they are garbage to anybody.
  (void)record::gc(b.roots);
  CHECK(a.dir("host/ranges").size() > 4000);
  CHECK(record::remove(a.roots, id, false).ok());
  (void)record::gc(b.roots);
  CHECK(a.dir("host/ranges").empty());
}

TEST(ranges_race) {
  Store store;
  constexpr int kWorkers = 4, kEach = 25;
  pid_t workers[kWorkers];
  for (auto& worker : workers) {
    worker = ::fork();
    if (worker != 0) continue;
    for (int i = 0; i < kEach; ++i) {
      std::string id = record::new_id();
      if (!record::reserve(store.roots, id, "").ok() || !record::allocate_range(store.roots, id).ok()) ::_exit(1);
    }
    ::_exit(0);
  }
  for (pid_t worker : workers) {
    int status = 1;
    ::waitpid(worker, &status, 0);
    CHECK_EQ(status, 0);
  }
  CHECK_EQ(store.dir("state/ranges").size(), kWorkers * kEach);
  CHECK_EQ(store.dir("host/ranges").size(), kWorkers * kEach);
}
