// SPDX-License-Identifier: Apache-2.0
// spec: a config.json to start from.
#include <unistd.h>

#include "args.h"
#include "commands.h"
#include "fd.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "json.h"

namespace secure::runtime {

namespace {

constexpr const char* kTemplate = R"({
"ociVersion":"1.3.0",
"process":{"terminal":true,"user":{"uid":0,"gid":0},"args":["sh"],
"env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","TERM=xterm"],"cwd":"/",
"capabilities":{"bounding":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"],"effective":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"],
"permitted":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]},
"rlimits":[{"type":"RLIMIT_NOFILE","hard":1024,"soft":1024}],"noNewPrivileges":true},
"root":{"path":"rootfs","readonly":true},
"hostname":"secure",
"mounts":[
{"destination":"/proc","type":"proc","source":"proc"},
{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]},
{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]},
{"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","noexec","nodev","mode=1777","size=65536k"]},
{"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid","noexec","nodev"]},
{"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","noexec","nodev","ro"]},
{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev","relatime","ro"]}],
"linux":{"resources":{"devices":[{"allow":false,"access":"rwm"}]},
"namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"cgroup"}],
"maskedPaths":["/proc/acpi","/proc/asound","/proc/interrupts","/proc/kcore","/proc/keys","/proc/latency_stats","/proc/timer_list","/proc/timer_stats",
"/proc/sched_debug","/proc/scsi","/sys/firmware","/sys/devices/virtual/powercap"],
"readonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]}})";

// Without root: a user namespace that maps the caller to root, and what such a one cannot have left out.
void make_rootless(rapidjson::Document& doc) {
  auto& a = doc.GetAllocator();
  auto& linux_ = doc["linux"];
  auto& namespaces = linux_["namespaces"];
  for (auto it = namespaces.Begin(); it != namespaces.End();) it = std::string_view((*it)["type"].GetString()) == "network" ? namespaces.Erase(it) : it + 1;
  rapidjson::Value user(rapidjson::kObjectType);
  user.AddMember("type", "user", a);
  namespaces.PushBack(user, a);
  auto map = [&](const char* key, unsigned id) {
    rapidjson::Value one(rapidjson::kObjectType), list(rapidjson::kArrayType);
    one.AddMember("containerID", 0, a).AddMember("hostID", id, a).AddMember("size", 1, a);
    list.PushBack(one, a);
    linux_.AddMember(rapidjson::StringRef(key), list, a);
  };
  map("uidMappings", ::geteuid());
  map("gidMappings", ::getegid());
  linux_.RemoveMember("resources");
  for (auto& mount : doc["mounts"].GetArray()) {
    const std::string_view at = mount["destination"].GetString();
    if (at == "/sys") {
      mount["type"] = "none";
      mount["source"] = "/sys";
      mount["options"].PushBack("rbind", a);
    } else if (at == "/dev/pts") {
      auto& options = mount["options"];
      options.Erase(options.End() - 1);  // gid=5 is not mapped
    }
  }
}

}  // namespace

int cmd_spec(int argc, char** argv) {
  std::string bundle = ".";
  bool rootless = false;
  Args args(argc, argv, "secure-runtime spec [--bundle DIR] [--rootless]");
  args.text("bundle", 'b', bundle).flag("rootless", '\0', rootless);
  if (auto s = args.parse(0, 0); !s) return report(s.error());
  rapidjson::Document doc;
  doc.Parse(kTemplate);
  if (rootless) make_rootless(doc);
  rapidjson::StringBuffer text;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(text);
  writer.SetIndent('\t', 1);
  doc.Accept(writer);
  const std::string path = bundle + "/config.json";
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!file.valid())
    return report(fail(Stage::config, errno == EEXIST ? "CONFIG_EXISTS" : "WRITE_FAILED", errno, errno == EEXIST ? "File " + path + " exists" : "make " + path,
                       errno == EEXIST ? "remove it first" : ""));
  auto status = write_all(file.get(), std::string(text.GetString(), text.GetSize()) + "\n", path);
  return status ? 0 : report(status.error());
}

}  // namespace secure::runtime
