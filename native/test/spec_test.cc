// SPDX-License-Identifier: Apache-2.0
#include "spec.h"

#include "check.h"

namespace {

using secure::spec::parse;

// The smallest config that is accepted, with `extra` inside "linux" and `process` inside "process".
std::string config(const std::string& process = "", const std::string& linux_part = "", const std::string& top = "") {
  return R"({"ociVersion":"1.3.0","root":{"path":"rootfs"},"process":{"args":["/bin/true"])" + process +
         R"(},"linux":{"namespaces":[{"type":"mount"},{"type":"network"},{"type":"ipc"}])" + linux_part + "}" + top + "}";
}

std::string problem(const std::string& text) {
  auto spec = parse(text);
  return spec ? "" : spec.error().message;
}

#define REFUSED(text, where)                                    \
  do {                                                          \
    std::string why_ = problem(text);                           \
    CHECK_EQ(why_.substr(0, std::string(where).size()), where); \
  } while (0)

}  // namespace

TEST(spec_reads_a_minimal_config) {
  auto spec = parse(config());
  CHECK(spec.ok());
  if (!spec) return;
  CHECK_EQ(spec->process.args.size(), 1U);
  CHECK_EQ(spec->process.cwd, "/");
  CHECK(!spec->secure.has_value());
}

TEST(spec_names_the_field_that_is_wrong) {
  REFUSED("{}", "/ociVersion");
  REFUSED(config(R"(,"user":{"uid":-1})"), "/process/user/uid");
  REFUSED(config(R"(,"user":{"uid":4294967296})"), "/process/user/uid");
  // (uid_t)-1 means "leave it" to setresuid(2), which would leave root.
  REFUSED(config(R"(,"user":{"uid":4294967295})"), "/process/user/uid");
  REFUSED(config(R"(,"user":{"uid":"0"})"), "/process/user/uid");
  REFUSED(config(R"(,"user":{"uid":1.5})"), "/process/user/uid");
  REFUSED(config(R"(,"user":{"gid":4294967295})"), "/process/user/gid");
  REFUSED(config(R"(,"user":{"additionalGids":[1,4294967295]})"), "/process/user/additionalGids/1");
  REFUSED(config(R"(,"cwd":"tmp")"), "/process/cwd");
  REFUSED(config(R"(,"rlimits":[{"type":"RLIMIT_NOFILE","soft":2,"hard":1}])"), "/process/rlimits/0");
  REFUSED(config(R"(,"rlimits":[{"type":"NOFILE","soft":1,"hard":1}])"), "/process/rlimits/0/type");
  REFUSED(config(R"(,"oomScoreAdj":1001)"), "/process/oomScoreAdj");
  REFUSED(config("", R"(,"uidMappings":[{"containerID":0,"hostID":4294967295,"size":2}])"), "/linux/uidMappings/0");
  REFUSED(config("", R"(,"uidMappings":[{"containerID":0,"hostID":1,"size":0}])"), "/linux/uidMappings/0/size");
  REFUSED(config("", R"(,"maskedPaths":["proc/kcore"])"), "/linux/maskedPaths/0");
  REFUSED(config("", R"(,"devices":[{"path":"/dev/x","type":"q","major":1,"minor":1}])"), "/linux/devices/0/type");
}

TEST(spec_refuses_a_nul_inside_a_string) {
  REFUSED(config(R"(,"env":["A=\u0000B"])"), "/process/env/0");
}

TEST(spec_refuses_what_this_version_cannot_do) {
  REFUSED(R"({"ociVersion":"1.3.0","root":{"path":"r"},"process":{"args":["a"]},"linux":{"namespaces":[{"type":"pid","path":"proc/1/ns/pid"}]}})",
          "/linux/namespaces/0/path");
  REFUSED(R"({"ociVersion":"1.3.0","root":{"path":"r"},"process":{"args":["a"]},"linux":{"namespaces":[{"type":"pid"},{"type":"pid"}]}})",
          "/linux/namespaces/1/type");
}

TEST(spec_does_not_take_in_silence_what_it_would_not_do) {
  REFUSED(config("", "", R"(,"hooks":{"poststop":[{"path":"bin/true"}]})"), "/hooks/poststop/0/path");
  REFUSED(config("", "", R"(,"hooks":{"poststop":[{"args":["true"]}]})"), "/hooks/poststop/0/path");
  REFUSED(config("", "", R"(,"hooks":{"prestart":[{"path":"/bin/true","timeout":0}]})"), "/hooks/prestart/0/timeout");
  REFUSED(config("", "", R"(,"hooks":{"prestart":[{"path":"/bin/true","timeout":-1}]})"), "/hooks/prestart/0/timeout");
  CHECK_EQ(problem(config("", "", R"(,"hooks":{"prestart":[]})")), "");
  CHECK_EQ(problem(config("", "", R"(,"hooks":{"poststart":[{"path":"/bin/true","timeout":1}]})")), "");
  REFUSED(config("", R"(,"rootfsPropagation":"public")"), "/linux/rootfsPropagation");
  CHECK_EQ(problem(config("", R"(,"rootfsPropagation":"rprivate")")), "");
}

TEST(spec_takes_a_relative_mount_destination_as_below_the_root) {
  auto spec = parse(config("", "", R"(,"mounts":[{"destination":"data","type":"tmpfs"}])"));
  CHECK(spec.ok() && spec->mounts[0].destination == "/data");
}

TEST(spec_refuses_layers_that_are_overlay_syntax) {
  std::string secure = R"(,"secure":{"schemaVersion":1,"stateRoot":"/s","runRoot":"/r","layers":[{"path":"/a:/b"}],"monitor":{}})";
  REFUSED(config("", "", secure), "/secure/layers/0/path");
  REFUSED(config("", "", R"(,"secure":{"schemaVersion":2,"stateRoot":"/s","runRoot":"/r","layers":[{"path":"/a"}]})"), "/secure/schemaVersion");
}
