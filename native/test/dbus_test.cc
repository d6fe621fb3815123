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

namespace {

std::string said(auto&& add) {
  dbus::Writer out;
  systemd::Properties p(out);
  auto status = add(p);
  return status ? out.data : "refused: " + status.error().message;
}

std::string property(const std::string& name, const std::string& value) {
  return said([&](auto& p) { return systemd::add_annotations(p, {{"org.systemd.property." + name, value}}); });
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(systemd_properties_of_annotations) {
  auto same = [](auto&& add) {
    return said([&](auto& p) {
      add(p);
      return Status(Ok{});
    });
  };
  CHECK_EQ(property("CollectMode", "'inactive-or-failed'"), same([](auto& p) { p.text("CollectMode", "inactive-or-failed"); }));
  CHECK_EQ(property("Documentation", R"("it\'s \"so\"")"), same([](auto& p) { p.text("Documentation", "it's \"so\""); }));
  CHECK_EQ(property("SendSIGHUP", "true"), same([](auto& p) { p.flag("SendSIGHUP", true); }));
  CHECK_EQ(property("TimeoutStopUSec", "uint64 123456789"), same([](auto& p) { p.number("TimeoutStopUSec", 123456789); }));
  // What the manual calls TimeoutStopSec.
  for (const char* value : {"5", "uint64 5", "byte 5", "int16 5"})
    CHECK_EQ(property("TimeoutStopSec", value), same([](auto& p) { p.number("TimeoutStopUSec", 5'000'000); }));
  CHECK_EQ(property("KillSignal", "9"), same([](auto& p) { p.integer("KillSignal", 'i', 4, 9); }));
  CHECK_EQ(property("Nice", "int32 -2"), same([](auto& p) { p.integer("Nice", 'i', 4, 0xfffffffe); }));
  CHECK_EQ(property("After", "['a.service', \"b.service\" ]"), same([](auto& p) { p.texts("After", {"a.service", "b.service"}); }));
  CHECK_EQ(property("After", "@as []"), same([](auto& p) { p.texts("After", {}); }));
  CHECK_EQ(said([](auto& p) { return systemd::add_annotations(p, {{"org.systemd", "x"}, {"io.other", "'y'"}}); }), "");
  // None of these may reach systemd as something else.
  for (const char* bad : {"", "'", "'a", "a", "'a' 'b'", "'\\n'", "[", "[]", "['a'", "['a' 'b']", "['a',]", "[1]", "uint32", "uint32 -1", "byte 256", "int16 32768", "2147483648",
                          "uint64 18446744073709551616", "1.5", "(1, 2)", "{'a': 1}"})
    CHECK(has(property("Anything", bad), "refused: "));
  for (const char* name : {"", "ab", "a b", "Time-out", "Slice", "Delegate", "PIDs", "DevicePolicy", "DeviceAllow"}) CHECK(has(property(name, "'x'"), "refused: "));
  for (const char* value : {"'5'", "true", "int32 -5", "uint64 18446744073709551615"}) CHECK(has(property("TimeoutStopSec", value), "refused: "));
}

TEST(systemd_device_rules) {
  auto of = [](const std::vector<spec::DeviceRule>& rules) {
    return said([&](auto& p) { return systemd::add_devices(p, rules); });
  };
  // Without a rule: what the specification gives every container, and nothing else.
  std::string text = of({});
  CHECK(has(text, "strict") && has(text, "/dev/char/1:3") && has(text, "char-136") && !has(text, "block"));
  text = of({{false, 'a', {}, {}, "rwm"}, {true, 'b', 8, 1, "r"}, {true, 'b', 9, {}, "rw"}, {true, 'c', {}, {}, "m"}});
  CHECK(has(text, "/dev/block/8:1") && has(text, "block-9") && has(text, "char-*"));
  // What systemd has no words for is left to the filter of the group.
  for (const auto& rules : {std::vector<spec::DeviceRule>{{true, 'a', {}, {}, "rwm"}}, {{true, 'a', {}, {}, "rwm"}, {false, 'b', 8, 0, "rwm"}}, {{true, 'c', {}, 5, "rw"}}}) {
    text = of(rules);
    CHECK(has(text, "auto") && !has(text, "strict") && !has(text, "/dev/"));
  }
}

TEST(systemd_properties_of_files) {
  auto of = [](const char* file, const char* value) {
    return said([&](auto& p) {
      spec::Resources r;
      r.unified.emplace_back(file, value);
      return systemd::add_limits(p, true, r);
    });
  };
  auto number = [](const char* name, std::uint64_t value) {
    return said([&](auto& p) {
      p.number(name, value);
      return Status(Ok{});
    });
  };
  CHECK_EQ(of("cpu.weight", "1234"), number("CPUWeight", 1234));
  CHECK_EQ(of("memory.high", "16M"), number("MemoryHigh", 16U << 20));
  CHECK_EQ(of("memory.max", "max"), number("MemoryMax", UINT64_MAX));
  CHECK_EQ(of("pids.max", "7"), number("TasksMax", 7));
  CHECK_EQ(of("cpu.max", "max"), number("CPUQuotaPerSecUSec", UINT64_MAX));
  CHECK_EQ(of("cpu.max", "50000"), number("CPUQuotaPerSecUSec", 500'000));
  CHECK(has(of("cpu.max", "50000 200000"), "CPUQuotaPeriodUSec"));
  CHECK(has(of("cpuset.cpus", "0-1"), "AllowedCPUs"));
  // systemd is not told what the kernel will refuse, or what it has no property for.
  for (const char* value : {"", "x", "1 2 3", "50000 0", "-1"}) CHECK_EQ(of("cpu.max", value), "");
  for (const char* value : {"", "k", "20000000000g", "1x"}) CHECK_EQ(of("memory.high", value), "");
  CHECK_EQ(of("memory.oom.group", "1"), "");
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
