// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include "check.h"

using namespace secure;

TEST(parses_an_object) {
  auto doc = json::parse(R"({"a":1})", "test");
  REQUIRE(doc.ok());
  CHECK_EQ(json::dump(*doc), R"({"a":1})");
}
