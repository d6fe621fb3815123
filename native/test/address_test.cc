// SPDX-License-Identifier: Apache-2.0
#include "address.h"

#include <sys/socket.h>

#include "check.h"

using namespace secure;

namespace {

net::Address address(std::string_view text) {
  auto parsed = net::parse_address(text);
  return parsed ? *parsed : net::Address{};
}
net::Prefix prefix(std::string_view text) {
  auto parsed = net::parse_prefix(text);
  return parsed ? *parsed : net::Prefix{};
}

}  // namespace

TEST(address_reads_and_prints) {
  for (const char* text : {"0.0.0.0", "10.203.0.1", "255.255.255.255", "::", "::1", "fd7c:5ec0:e01::1", "2001:db8::ff00:42:8329"}) {
    auto parsed = net::parse_address(text);
    REQUIRE(parsed.ok());
    CHECK_EQ(parsed->text(), text);
  }
  CHECK_EQ(address("10.203.0.1").view(), std::string_view("\x0a\xcb\x00\x01", 4));
  CHECK_EQ(address("FD00:0:0:0:0:0:0:A").text(), "fd00::a");
  CHECK_EQ(net::Address{}.text(), "");
  CHECK_EQ(net::Address{}.size(), 0U);
}

TEST(address_refuses_other_notations) {
  using namespace std::string_view_literals;
  for (std::string_view text :
       {""sv, " 10.0.0.1"sv, "10.0.0.1 "sv, "10.0.0.1\n"sv, "10.0.0.1\0"sv, "10.0.0.1\0.2"sv, "10.0.0"sv, "10.1"sv, "1"sv, "010.0.0.1"sv,
        "0x0a.0.0.1"sv, "10.0.0.256"sv, "10.0.0.-1"sv, "10.0.0.1.2"sv, "10.0.0.1/8"sv, "[::1]"sv, "fe80::1%eth0"sv, ":::"sv, "1::2::3"sv,
        "12345::"sv, "localhost"sv, "::ffff:127.0.0.1"sv, "::ffff:7f00:1"sv, "::127.0.0.1"sv, "::7f00:1"sv, "64:ff9b::10.0.0.1"sv}) {
    auto parsed = net::parse_address(text);
    CHECK(!parsed.ok());
    if (!parsed.ok()) CHECK_EQ(parsed.error().code, "ADDRESS_INVALID");
  }
  auto huge = net::parse_address(std::string(1U << 20, '1'));
  REQUIRE(!huge.ok());
  CHECK(huge.error().message.size() < 200);
  // What was given cannot write to the terminal.
  CHECK(net::parse_address("\x1b[2J").error().message.find('\x1b') == std::string::npos);
}

TEST(address_kinds) {
  CHECK(address("127.255.0.9").loopback() && address("::1").loopback());
  CHECK(!address("128.0.0.1").loopback() && !address("::2").loopback() && !address("1::1").loopback() && !net::Address{}.loopback());
  CHECK(address("0.0.0.0").unspecified() && address("::").unspecified());
  CHECK(!address("0.0.0.1").unspecified() && !net::Address{}.unspecified());
}

TEST(prefix_reads_and_prints) {
  for (const char* text : {"10.203.0.0/16", "0.0.0.0/0", "10.0.0.1/32", "10.128.0.0/9", "fd7c:5ec0:e01::/64", "::/0", "::1/128"}) {
    auto parsed = net::parse_prefix(text);
    REQUIRE(parsed.ok());
    CHECK_EQ(parsed->text(), text);
  }
  for (const char* text : {"10.0.0.0", "10.0.0.0/", "/8", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/8/8",
                           "10.0.0.0/255.0.0.0", "::/129", "10.0.0.0/4294967304"})
    CHECK(!net::parse_prefix(text).ok());
  auto set = net::parse_prefix("10.203.7.1/16");
  REQUIRE(!set.ok());
  CHECK_EQ(set.error().hint, "write 10.203.0.0/16");
  CHECK_EQ(net::parse_prefix("10.129.0.0/9").error().hint, "write 10.128.0.0/9");
}

TEST(prefix_contains_and_overlaps) {
  const auto subnet = prefix("10.128.0.0/9");
  CHECK(subnet.contains(address("10.128.0.0")) && subnet.contains(address("10.255.255.255")));
  CHECK(!subnet.contains(address("10.127.255.255")) && !subnet.contains(address("11.128.0.0")));
  CHECK(!subnet.contains(address("::")) && !subnet.contains(net::Address{}));
  CHECK(!prefix("::/0").contains(address("10.0.0.1")) && prefix("0.0.0.0/0").contains(address("10.0.0.1")));
  CHECK(prefix("::1/128").contains(address("::1")) && !prefix("::1/128").contains(address("::2")));
  CHECK(subnet.overlaps(prefix("10.0.0.0/8")) && prefix("10.0.0.0/8").overlaps(subnet) && subnet.overlaps(subnet));
  CHECK(!subnet.overlaps(prefix("10.0.0.0/9")) && !subnet.overlaps(prefix("::/0")) && !subnet.overlaps(net::Prefix{}));
}

TEST(prefix_counts_hosts) {
  CHECK_EQ(prefix("10.203.0.0/16").host(1).text(), "10.203.0.1");
  CHECK_EQ(prefix("10.203.0.0/16").host(65535).text(), "10.203.255.255");
  CHECK_EQ(prefix("fd00::/64").host(UINT32_MAX).text(), "fd00::ffff:ffff");
  CHECK_EQ(prefix("fd00::fff0/124").host(15).text(), "fd00::ffff");
  // Outside of the prefix and past the last address of all: none.
  CHECK_EQ(prefix("10.203.0.0/16").host(65536).text(), "");
  CHECK_EQ(prefix("255.255.255.0/24").host(256).text(), "");
  CHECK_EQ(prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124").host(16).text(), "");
  CHECK_EQ(net::Prefix{}.host(1).text(), "");
  CHECK_EQ(prefix("10.203.0.0/16").hosts(), 65533U);
  CHECK_EQ(prefix("10.203.0.0/29").hosts(), 5U);
  CHECK_EQ(prefix("10.203.0.0/30").hosts(), 1U);
  CHECK_EQ(prefix("10.203.0.0/31").hosts(), 0U);
  CHECK_EQ(prefix("10.203.0.0/32").hosts(), 0U);
  CHECK_EQ(prefix("0.0.0.0/0").hosts(), UINT32_MAX - 2);
  CHECK_EQ(prefix("fd00::/64").hosts(), UINT32_MAX - 1);
  CHECK_EQ(prefix("fd00::/112").hosts(), 65534U);
  CHECK_EQ(prefix("fd00::/128").hosts(), 0U);
  CHECK_EQ(net::Prefix{}.hosts(), 0U);
}
