// SPDX-License-Identifier: Apache-2.0
#include "slots.h"

#include "check.h"

namespace {

using secure::slots::fill;

secure::slots::Values values() {
  return {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "web", "/secure/x", "/u", "/w", "/l", "2026-01-01T00:00:00Z", "10.203.0.5", "fd7c:5ec0:e01::5", "/rec", "c1,c2", {49152}, 1879048192U};
}

std::string filled(const std::string& text, const std::vector<secure::spec::Slot>& slots) {
  auto doc = secure::json::parse(text, "test");
  if (!doc) return doc.error().message;
  auto status = fill(*doc, slots, values());
  return status ? secure::json::dump(*doc) : status.error().code;
}

}  // namespace

TEST(slots_fill_only_what_is_listed) {
  CHECK_EQ(filled(R"({"env":["A=${id}","HOSTNAME="],"n":0})",
                  {{"/env/1", "id-short", "HOSTNAME=", ""}, {"/n", "range-start", "", ""}}),
           R"({"env":["A=${id}","HOSTNAME=0123456789ab"],"n":1879048192})");
}

TEST(slots_label_with_the_containers_categories) {
  CHECK_EQ(filled(R"({"label":""})", {{"/label", "mcs", "system_u:system_r:container_t:s0:", ""}}),
           R"({"label":"system_u:system_r:container_t:s0:c1,c2"})");
}

TEST(slots_refuse_what_does_not_fit) {
  CHECK_EQ(filled(R"({"a":""})", {{"/b", "id", "", ""}}), "PLAN_INVALID");
  CHECK_EQ(filled(R"({"a":{}})", {{"/a", "id", "", ""}}), "PLAN_INVALID");
  CHECK_EQ(filled(R"({"a":""})", {{"/a", "range-start", "", ""}}), "PLAN_INVALID");
  CHECK_EQ(filled(R"({"a":1})", {{"/a", "id", "", ""}}), "PLAN_INVALID");
  CHECK_EQ(filled(R"({"a":""})", {{"/a", "secret", "", ""}}), "PLAN_INVALID");
  CHECK_EQ(filled(R"({"a":""})", {{"a~", "id", "", ""}}), "PLAN_INVALID");
}

TEST(slots_of_networks) {
  CHECK_EQ(filled(R"({"a":"","b":null,"c":["","x"],"n":0})",
                  {{"/a", "address4", "", ""}, {"/b", "address6", "[", "]"}, {"/c/0", "record-dir", "", "/hosts"}, {"/n", "host-port", "", ""}}),
           R"({"a":"10.203.0.5","b":"[fd7c:5ec0:e01::5]","c":["/rec/hosts","x"],"n":49152})");
  // Each port has one place, and a container without IPv6 no such address.
  CHECK_EQ(filled(R"({"n":0,"m":0})", {{"/n", "host-port", "", ""}, {"/m", "host-port", "", ""}}), "PLAN_INVALID");
  CHECK_EQ(filled(R"({"n":""})", {{"/n", "host-port", "", ""}}), "PLAN_INVALID");
  CHECK_EQ(filled(R"({"n":0})", {{"/n", "host-port", "1", ""}}), "PLAN_INVALID");
  auto doc = secure::json::parse(R"({"a":""})", "test");
  REQUIRE(doc.ok());
  auto none = values();
  none.address6.clear();
  CHECK_EQ(fill(*doc, {{"/a", "address6", "", ""}}, none).error().code, "PLAN_INVALID");
}
