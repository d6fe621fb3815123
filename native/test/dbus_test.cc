// SPDX-License-Identifier: Apache-2.0
// What is said to systemd, to the byte.
#include "dbus.h"

#include "check.h"
#include "systemd.h"
#include "systemd_properties.h"

using namespace secure;

TEST(dbus_values_are_aligned) {
  dbus::Writer out;
  out.byte(1);
  out.u32(2);
  const auto array = out.begin_array(8);
  out.u64(3);
  out.end_array(array);
  out.string("ab");
  out.signature("s");
  CHECK_EQ(out.data, std::string("\1\0\0\0\2\0\0\0\10\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\2\0\0\0ab\0\1s\0", 34));
  // The padding before the first element of an empty array is there, and does not count.
  dbus::Writer empty;
  empty.end_array(empty.begin_array(8));
  CHECK_EQ(empty.data, std::string("\0\0\0\0\0\0\0\0", 8));
}

TEST(dbus_messages_survive_the_way) {
  dbus::Message message;
  message.path = "/org/freedesktop/systemd1";
  message.interface = "org.freedesktop.systemd1.Manager";
  message.member = "StopUnit";
  message.destination = "org.freedesktop.systemd1";
  message.signature = "ss";
  message.serial = 7;
  message.answers = 9;
  dbus::Writer body;
  body.string("a.scope");
  body.string("replace");
  message.body = body.data;
  const std::string bytes = dbus::encode(message);
  CHECK_EQ(dbus::length(bytes), bytes.size());
  auto back = dbus::decode(bytes);
  REQUIRE(back.ok());
  CHECK(back->path == message.path && back->member == "StopUnit" && back->answers == 9 && back->serial == 7 && back->body == message.body);
  // Whatever is cut off or changed is refused or read, and never crashes.
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    (void)dbus::decode(std::string_view(bytes).substr(0, i));
    for (char value : {'\0', '\1', '\x7f', '\xff'}) {
      std::string changed = bytes;
      changed[i] = value;
      (void)dbus::decode(changed);
    }
  }
  std::string huge = bytes;
  huge[7] = '\x7f';
  CHECK_EQ(dbus::length(huge), 0);
}

TEST(dbus_reads_no_further_than_there_is) {
  dbus::Reader in(std::string_view("\xff\xff\xff\x7f", 4));
  CHECK_EQ(in.string(), "");
  CHECK(!in.ok());
  CHECK_EQ(in.u32(), 0);
}

TEST(dbus_without_a_bus) {
  for (const char* address : {"unix:path=/nowhere/bus", "tcp:host=localhost", "", "unix:abstract=secure-no-such-bus;unix:path=/nowhere", "unix:path="}) {
    auto bus = dbus::Connection::open(address, false);
    CHECK(!bus.ok() && bus.error().code == "BUS_UNREACHABLE");
  }
}

TEST(systemd_units_of_paths) {
  CHECK_EQ(systemd::parse("a.slice:docker:12", "x")->name, "docker-12.scope");
  CHECK_EQ(systemd::parse("a.slice:docker:12", "x")->slice, "a.slice");
  CHECK_EQ(systemd::parse(":crio:12", "x")->name, "crio-12.scope");
  CHECK_EQ(systemd::parse("a.slice::12", "x")->name, "12.scope");
  CHECK_EQ(systemd::parse("", "x")->name, "secure-x.scope");
  for (const char* bad : {"/a/b", "a.slice:b", "a.slice:b:", "a:b:c", "../a.slice:b:c", "a.slice:b:c/d", "a.slice:b:c:d", "a.slice:b:c d"})
    CHECK(!systemd::parse(bad, "x").ok() && systemd::parse(bad, "x").error().code == "CGROUP_PATH_INVALID");
}

TEST(systemd_values_of_limits) {
  CHECK_EQ(*systemd::mask("0-2,9"), std::string("\7\2", 2));
  CHECK(!systemd::mask("2-1").ok() && !systemd::mask("a").ok() && !systemd::mask("0-99999").ok());
  CHECK_EQ(systemd::quota_per_second(-1, 100000), UINT64_MAX);
  CHECK_EQ(systemd::quota_per_second(50000, 100000), 500000);
  CHECK_EQ(systemd::quota_per_second(5000, 1000000), 10000);
  spec::Resources r;
  r.memory_swap = 5;
  dbus::Writer out;
  systemd::Properties p(out);
  CHECK(!systemd::add_limits(p, true, r).ok());  // a limit on memory and swap alone says nothing of swap
  r.memory_limit = 3;
  CHECK(systemd::add_limits(p, true, r).ok());
  CHECK(out.data.find("MemorySwapMax") != std::string::npos && out.data.find("MemoryMax") != std::string::npos);
}
