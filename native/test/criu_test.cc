// SPDX-License-Identifier: Apache-2.0
// What is said to CRIU and heard from it, and what of a container is its own.
#include <sched.h>
#include <sys/mount.h>

#include <random>

#include "check.h"
#include "criu_lost.h"
#include "criu_message.h"
#include "criu_mounts.h"
#include "criu_proof.h"
#include "protobuf.h"

namespace {

using namespace secure;

std::string config(const std::string& linux_part = "", const std::string& top = "", const std::string& process = "") {
  return R"({"ociVersion":"1.3.0","root":{"path":"rootfs"},"process":{"args":["/bin/true"])" + process +
         R"(},"linux":{"namespaces":[{"type":"mount"},{"type":"pid"},{"type":"cgroup"}])" + linux_part + "}" + top + "}";
}

spec::Spec parsed(const std::string& text) {
  auto out = spec::parse(text);
  CHECK(out.ok());
  if (!out) return {};
  return std::move(*out);
}

std::string loses(const std::string& text) {
  auto status = criu::check_nothing_lost(parsed(text), "checkpoint");
  return status ? "" : status.error().code + " " + status.error().message;
}

// The fields of a message by number; a text in brackets.
std::string shape(std::string_view bytes) {
  std::string out;
  protobuf::Reader reader(bytes);
  while (auto field = reader.next())
    out += std::to_string(field->number) + "=" + (field->is_text ? "[" + std::string(field->text) + "]" : std::to_string(field->value)) + " ";
  return reader.ok() ? out : "broken";
}

// Message `number` inside of another.
std::string_view inside(std::string_view bytes, unsigned number) {
  protobuf::Reader reader(bytes);
  while (auto field = reader.next())
    if (field->number == number) return field->text;
  return {};
}

const char* const kMounts =
    "32 33 259:0 /b/rootfs / rw - ext4 /dev/root rw\n"
    "45 32 0:28 / /proc rw,nosuid - proc proc rw\n"
    "46 32 0:29 / /dev rw,nosuid - tmpfs tmpfs rw\n"
    "49 46 0:31 / /dev/pts rw - devpts devpts rw\n"
    "50 46 0:31 /0 /dev/console rw - devpts devpts rw\n";

Result<criu::Sorted> sort(const std::string& mountinfo, const spec::Spec& spec, bool by_criu = false) {
  return criu::sort_mounts(mountinfo, spec, [](const std::string& destination) { return destination == "/link" ? "/real" : destination; }, by_criu);
}

}  // namespace

TEST(criu_protobuf_writes_what_the_encoding_says) {
  protobuf::Writer w;
  w.number(1, 150).text(2, "testing").number(3, -1).flag(4, false).flag(5, true).some(6, "");
  CHECK_EQ(w.bytes(), std::string("\x08\x96\x01\x12\x07testing\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x28\x01", 25));
  CHECK_EQ(shape(w.bytes()), "1=150 2=[testing] 3=-1 5=1 ");
}

TEST(criu_protobuf_reads_back_what_it_writes) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    const auto number = static_cast<unsigned>(random() % ((1U << 29) - 1) + 1);
    const auto value = static_cast<std::int64_t>(random() >> (random() % 64));
    const std::string text(random() % 300, 'x');
    protobuf::Writer w;
    w.number(number, value).text(number, text);
    protobuf::Reader reader(w.bytes());
    const auto first = reader.next(), second = reader.next();
    CHECK(first && second && !reader.next() && reader.ok());
    if (!first || !second) return;
    CHECK(first->number == number && first->value == value && second->number == number && second->text == text);
  }
}

TEST(criu_protobuf_never_looks_beyond_its_bytes) {
  using namespace std::string_view_literals;
  // No value; a varint that does not end, and one too long; a length beyond the end, also one that wraps around; groups; field 0.
  for (std::string_view bytes : {"\x08"sv, "\x08\xff"sv, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv, "\x12\x05test"sv,
                                 "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv, "\x0b"sv, "\x00\x01"sv, "\x0d\x01\x02"sv, "\x09\x01"sv})
    CHECK_EQ(shape(bytes), "broken");
  CHECK_EQ(shape("\x0d\x01\x00\x00\x00\x11\x02\x00\x00\x00\x00\x00\x00\x00"sv), "1=1 2=2 ");
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random() % 24, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    (void)shape(bytes);
    (void)criu::decode(bytes);
  }
}

TEST(criu_request_of_a_dump) {
  criu::Request r;
  r.type = criu::Type::dump;
  r.images_fd = 5;
  r.pid = 77;
  r.log_file = "dump.log";
  r.leave_running = r.notify = true;
  r.ext_mounts = {{"/data", "/data"}};
  r.skip_mounts = {"/dev/console"};
  r.external = {"net[1]:extRootNetNS"};
  r.network_lock = criu::NetworkLock::nftables;
  const std::string bytes = criu::encode(r);
  CHECK_EQ(shape(bytes).substr(0, 4), "1=1 ");
  const auto options = inside(bytes, 2);
  CHECK_EQ(shape(options), "1=5 2=77 3=1 9=4 10=[dump.log] 12=1 23=[\x0a\x05/data\x12\x05/data] 24=0 31=[/dev/console] 34=0 37=[net[1]:extRootNetNS] 64=2 ");
}

TEST(criu_request_of_a_restore) {
  criu::Request r;
  r.type = criu::Type::restore;
  r.images_fd = 5;
  r.work_fd = 6;
  r.root = "/r";
  r.rst_sibling = true;
  r.cgroups = criu::CgroupMode::soft;
  r.cgroup_roots = {{"", "/g"}};
  r.inherit = {{"pipe:[9]", 1}};
  r.join_namespaces = {{"ipc", "/proc/self/fd/9"}};
  const auto bytes = criu::encode(r);
  const auto options = inside(bytes, 2);
  CHECK_EQ(shape(options), "1=5 9=4 13=[/r] 17=6 24=1 25=[\x12\x02/g] 26=1 27=[\x0a\x08pipe:[9]\x10\x01] 34=3 39=[\x0a\x03ipc\x12\x0f/proc/self/fd/9] ");
  CHECK_EQ(shape(criu::encode_notified()), "1=6 3=1 ");
}

TEST(criu_answers_are_read) {
  protobuf::Writer notify, features, version, w;
  notify.text(1, "setup-namespaces").number(2, 42);
  features.number(1, 1).number(2, 0);
  version.number(1, 3).number(2, 17).number(4, 1);
  w.number(1, 6).number(2, 1).message(5, notify).number(7, 13).message(8, features).text(9, "why").message(10, version).number(99, 1);
  auto r = criu::decode(w.bytes());
  REQUIRE(r.ok());
  CHECK(r->type == criu::Type::notify && r->success && r->script == "setup-namespaces" && r->pid == 42 && r->error == 13);
  CHECK(r->mem_track && !r->lazy_pages && r->message == "why" && r->major == 3 && r->minor == 17 && r->sublevel == 1);
  protobuf::Writer no_success, broken;
  CHECK_EQ(criu::decode(no_success.number(1, 1).bytes()).error().code, "CRIU_PROTOCOL");
  CHECK_EQ(criu::decode(broken.number(1, 6).number(2, 1).text(5, "\x0a\x7f").bytes()).error().code, "CRIU_PROTOCOL");
  CHECK_EQ(criu::decode("").error().code, "CRIU_PROTOCOL");
}

TEST(criu_loses_what_lives_in_the_process) {
  CHECK_EQ(loses(config()), "");
  CHECK(loses(config("", R"(,"annotations":{"run.secure.refuse-exec-gain":"true"})")).starts_with("CHECKPOINT_LOSES cannot checkpoint the container: the refusal of executable memory"));
  CHECK(loses(config("", R"(,"annotations":{"run.secure.speculation":"store-bypass"})")).find("speculation control") != std::string::npos);
  CHECK(loses(config("", R"(,"annotations":{"run.secure.landlock":"{\"handledAccessFs\":[\"write_file\"]}"})")).find("Landlock") != std::string::npos);
  CHECK(loses(config(R"(,"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/x","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_NOTIFY"}]})")).find("/linux/seccomp/listenerPath") !=
        std::string::npos);
  CHECK(loses(config(R"(,"intelRdt":{"closID":"x"})")).find("/linux/intelRdt") != std::string::npos);
  CHECK(loses(config(R"(,"memoryPolicy":{"mode":"MPOL_LOCAL"})")).find("/linux/memoryPolicy") != std::string::npos);
  CHECK(loses(config("", "", R"(,"ioPriority":{"class":"IOPRIO_CLASS_IDLE","priority":0})")).find("/process/ioPriority") != std::string::npos);
  CHECK(loses(config("", R"(,"mounts":[{"destination":"/d","source":"/s","options":["bind","idmap"]}])")).find("/mounts/0") != std::string::npos);
}

TEST(criu_mounts_are_the_containers_or_the_hosts) {
  const auto spec = parsed(config(R"(,"maskedPaths":["/proc/kcore","/proc/acpi"],"readonlyPaths":["/etc"])",
                                  R"(,"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/link","type":"bind","source":"src","options":["rbind"]},
                                      {"destination":"/real/own","type":"tmpfs","source":"tmpfs"}])"));
  auto sorted = sort(std::string(kMounts) +
                         "51 32 8:1 /x /real rw - ext4 /dev/sda rw\n"
                         "52 51 8:2 / /real/sub rw - xfs /dev/sdb rw\n"
                         "53 51 0:40 / /real/own rw - tmpfs tmpfs rw\n"
                         "54 45 0:5 /null /proc/kcore ro - devtmpfs devtmpfs rw\n"
                         "55 45 0:41 / /proc/acpi ro - tmpfs tmpfs rw\n"
                         "56 32 259:0 /b/rootfs/etc /etc ro - ext4 /dev/root rw\n",
                     spec);
  REQUIRE(sorted.ok());
  std::string text;
  for (const auto& mount : sorted->mounts) text += mount.point + "<" + mount.of + ">" + mount.rest + " ";
  CHECK_EQ(text, "/real</link> /real/sub</link>/sub /proc/kcore</dev/null> ");
  CHECK(sorted->skip.size() == 1 && sorted->skip[0] == "/dev/console" && !sorted->masters);
  auto found = criu::sources(sorted->mounts, spec, "/b", {});
  REQUIRE(found.ok());
  CHECK(found->size() == 3 && (*found)[0].second == "/b/src" && (*found)[1].second == "/b/src/sub" && (*found)[2].second == "/dev/null");
}

TEST(criu_mounts_that_nobody_can_bring_back_are_refused) {
  const auto spec = parsed(config());
  for (const char* line : {"51 32 0:50 / /mnt rw - fuse.sshfs host rw\n", "51 32 8:2 / /mnt rw - ext4 /dev/sdb rw\n", "51 32 8:2 /sub /mnt rw - ext4 /dev/sdb rw\n"}) {
    auto sorted = sort(std::string(kMounts) + line, spec);
    CHECK(!sorted.ok() && sorted.error().code == "CHECKPOINT_MOUNT" && sorted.error().message.find("/mnt") != std::string::npos);
  }
  auto mapped = sort(std::string(kMounts) + "51 32 8:2 / /mnt rw,idmapped - ext4 /dev/sdb rw\n", spec);
  CHECK(!mapped.ok() && mapped.error().code == "CHECKPOINT_LOSES");
}

TEST(criu_mounts_of_cgroups_are_made_anew) {
  const std::string mounts = R"(,"mounts":[{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup"},{"destination":"/sys/fs/cgroup/x","type":"bind","source":"/x","options":["bind"]}])";
  const auto own = parsed(config("", mounts));
  const auto shared = parsed(R"({"ociVersion":"1.3.0","root":{"path":"rootfs"},"process":{"args":["/bin/true"]},"linux":{"namespaces":[{"type":"mount"}]})" + mounts.substr(0, mounts.find("},{")) + "}]}");
  const std::string lines = std::string(kMounts) +
                            "51 32 0:60 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
                            "52 51 0:61 /g /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct\n"
                            "53 51 8:1 /x /sys/fs/cgroup/x rw - ext4 /dev/sda rw\n";
  auto anew = sort(lines, own);
  REQUIRE(anew.ok());
  CHECK(anew->mounts.empty() && anew->skip.size() == 4);
  CHECK(criu::sources(anew->mounts, own, "/b", {}).ok());
  // CRIU keeps what has a namespace of its own; without one they are the host's.
  auto kept = sort(lines, own, true), hosts = sort(lines.substr(0, lines.find("53 51")), shared, true);
  REQUIRE(kept.ok() && hosts.ok());
  CHECK(kept->mounts.size() == 1 && kept->mounts[0].point == "/sys/fs/cgroup/x");
  REQUIRE(hosts->mounts.size() == 1);
  CHECK(hosts->mounts[0].kind == criu::Mount::Kind::cgroup && hosts->mounts[0].of == "cpu,cpuacct");
  cgroup::Group group;
  group.path = "/new";
  group.layout.hierarchies = {{"/sys/fs/cgroup/cpu,cpuacct", {"cpu", "cpuacct"}, false}};
  auto found = criu::sources(hosts->mounts, shared, "/b", group);
  REQUIRE(found.ok());
  CHECK_EQ((*found)[0].second, "/sys/fs/cgroup/cpu,cpuacct/new");
}

TEST(criu_tasks_descend_from_the_first) {
  const criu::Parents parents{{10, 1}, {11, 10}, {12, 11}, {20, 1}, {30, 31}, {31, 30}};
  CHECK(criu::descends(10, 10, parents) && criu::descends(12, 10, parents));
  CHECK(!criu::descends(20, 10, parents) && !criu::descends(30, 10, parents) && !criu::descends(99, 10, parents));
}

TEST(criu_mounts_keep_what_they_forbid) {
  const std::string before = "1 0 8:1 / / ro,nodev - ext4 x rw\n2 1 0:5 /null /proc/kcore ro,nosuid,noexec - devtmpfs x rw\n3 1 0:6 / /tmp rw - tmpfs x rw\n";
  const auto noted = criu::restrictions(before);
  CHECK(criu::lacking(noted, before).empty());
  auto less = criu::lacking(noted, "1 0 8:1 / / ro,nodev - ext4 x rw\n2 1 0:5 /null /proc/kcore rw,nosuid - devtmpfs x rw\n3 1 0:6 / /tmp ro - tmpfs x rw\n");
  REQUIRE(less.size() == 1);
  CHECK_EQ(less[0].point + " " + less[0].words, "/proc/kcore ro,noexec");
  CHECK(less[0].attributes == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC));
  // One that is gone forbids nothing; of two on one point the last is seen.
  CHECK_EQ(criu::lacking(noted, "").size(), 2U);
  CHECK_EQ(criu::lacking(noted, before + "4 2 0:5 /null /proc/kcore rw,nosuid,noexec - devtmpfs x rw\n").size(), 1U);
}

TEST(criu_sources_come_from_the_config_alone) {
  const auto with = parsed(config("", R"(,"mounts":[{"destination":"/d","type":"bind","source":"/s","options":["bind"]}])")), without = parsed(config());
  const std::vector<criu::Mount> one{{"/d", "/d", "", criu::Mount::Kind::bind}};
  auto gone = criu::sources(one, without, "/b", {});
  CHECK(!gone.ok() && gone.error().code == "CONFIG_CHANGED");
  auto added = criu::sources({}, with, "/b", {});
  CHECK(!added.ok() && added.error().code == "CONFIG_CHANGED");
  // Images cannot name a file of the host.
  auto device = criu::sources({{"/x", "/dev/sda", "", criu::Mount::Kind::device}}, without, "/b", {});
  CHECK(!device.ok() && device.error().code == "CONFIG_CHANGED");
}

TEST(criu_record_is_read_back) {
  criu::Record record;
  record.mounts = {{"/d", "/e", "/f", criu::Mount::Kind::bind}, {"/sys/fs/cgroup/pids", "pids", "", criu::Mount::Kind::cgroup}};
  record.cgroups_by_criu = record.no_new_privs = true;
  record.absent = {"memory"};
  record.network_lock = criu::NetworkLock::nftables;
  record.pid = 77;
  record.restrictions = {{"/", "ro"}};
  record.tasks = {{1, "Uid=0;"}};
  auto again = criu::parse_record(criu::to_text(record));
  REQUIRE(again.ok());
  CHECK_EQ(criu::to_text(*again), criu::to_text(record));
  for (const char* text : {"", "{}", R"({"version":2})", R"({"version":1,"mounts":[{"kind":"bind","point":"d"}]})", R"({"version":1,"mounts":[{"kind":"bind","point":"/d","rest":"/../x"}]})",
                           R"({"version":1,"mounts":[{"kind":"what","point":"/d"}]})", R"({"version":1,"tasks":[{"pid":-1}]})"})
    CHECK(!criu::parse_record(text).ok());
}

TEST(criu_tasks_are_compared_by_what_they_may_do) {
  const std::string status = "Name:\tx\nState:\tS (sleeping)\nNSpid:\t77\t1\nUid:\t0\t0\t0\t0\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";
  auto one = criu::task_of(status, criu::depth_of(status));
  REQUIRE(one.has_value());
  CHECK(one->pid == 1 && criu::fact(*one, "NoNewPrivs") == "1" && criu::fact(*one, "Uid") == "0 0 0 0");
  CHECK(!criu::task_of(status, 1).has_value());
  CHECK(!criu::task_of("State:\tZ (zombie)\nNSpid:\t7\n", 0).has_value());
  criu::Task weaker = *one, other = *one;
  weaker.facts.replace(weaker.facts.find("NoNewPrivs=1"), 12, "NoNewPrivs=0");
  other.pid = 2;
  CHECK_EQ(criu::difference({*one}, {other, *one}), "");
  CHECK_EQ(criu::difference({*one}, {weaker}), "process 1 of the container had NoNewPrivs 1, and has 0");
  CHECK_EQ(criu::difference({*one, other}, {*one}), "process 2 of the container is not there");
  criu::Record record;
  record.tasks = {*one, weaker};
  CHECK(!criu::check_tasks(record, 317).ok() && criu::check_tasks(record, 319).ok());
  record.no_new_privs = true;
  record.tasks = {*one};
  CHECK(criu::check_tasks(record, 317).ok());
  record.tasks[0].facts.replace(record.tasks[0].facts.find("CapAmb=0000000000000000"), 23, "CapAmb=0000000000000400");
  CHECK(!criu::check_tasks(record, 400).ok() && criu::check_tasks(record, 401).ok());
}
