// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include "check.h"

using namespace secure;

namespace {

std::string nested(int depth) { return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']'); }

// The error that reading `text` with `read` leaves, or "".
template <typename Read>
std::string problem(const char* text, Read read) {
  auto doc = json::parse(text, "test");
  if (!doc) return doc.error().message;
  json::Sink sink;
  read(json::Node(&*doc, &sink, ""));
  return sink.error ? sink.error->message : "";
}

}  // namespace

TEST(round_trips_every_type) {
  const std::string text = R"({"a":[1,-2,18446744073709551615,true,null,"x"]})";
  auto doc = json::parse(text, "test");
  REQUIRE(doc.ok());
  CHECK_EQ(json::dump(*doc), text);
}

TEST(rejects_text_that_is_not_one_json_value) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1,}", "1 2", "{}x", "// c\n{}", "NaN", "'a'", "\"\xff\""}) {
    auto doc = json::parse(text, "test");
    CHECK(!doc.ok());
    if (!doc.ok()) CHECK_EQ(doc.error().code, "CONFIG_INVALID");
  }
}

// A parser that recurses would be crashed by a bundle; the bound is exact, so that nobody relies on less.
TEST(bounds_depth) {
  CHECK(json::parse(nested(64), "test").ok());
  CHECK(!json::parse(nested(65), "test").ok());
  CHECK(!json::parse(std::string(1 << 20, '['), "test").ok());
  CHECK(!json::parse(std::string(1 << 20, '{'), "test").ok());
}

// Brackets in strings are text, and a quote behind a backslash does not end one.
TEST(does_not_count_brackets_in_strings) {
  const std::string open(200, '[');
  CHECK(json::parse("\"" + open + "\"", "test").ok());
  CHECK(json::parse("[\"\\\"" + open + "\"]", "test").ok());
  CHECK(!json::parse("[\"\\\\\"," + nested(65) + "]", "test").ok());
}

// RapidJSON would take the first two and write what it then refuses to read.
TEST(rejects_half_of_a_surrogate_pair) {
  for (const char* text : {R"(["\udc00"])", R"({"a\uDFFFb":1})", R"(["\ud800"])", R"(["\ud800\ud800"])", R"(["\ud800\udc00\udc00"])"})
    CHECK(!json::parse(text, "test").ok());
  for (const char* text : {R"(["\ud83d\ude00"])", R"(["\\udc00"])", R"(["\u00dc"])", R"(["\ud7ff\ue000"])"}) {
    auto doc = json::parse(text, "test");
    REQUIRE(doc.ok());
    CHECK(json::parse(json::dump(*doc), "again").ok());
  }
}

TEST(bounds_size) {
  const std::string text = "\"" + std::string((16U << 20) - 2, 'a') + "\"";
  CHECK(json::parse(text, "test").ok());
  CHECK(!json::parse(text + " ", "test").ok());
}

TEST(names_the_field_of_a_wrong_type) {
  auto at = [](auto&& read) { return problem(R"({"a":{"b":[1,"x",{}]}})", read); };
  CHECK_EQ(at([](const json::Node& n) { (void)n["a"]["b"].items()[1].integer(0, 9, 0); }),
           "/a/b/1 must be an integer from 0 to 9");
  CHECK_EQ(at([](const json::Node& n) { (void)n["a"].str(); }), "/a must be a string");
  CHECK_EQ(at([](const json::Node& n) { (void)n["a"]["b"].members(); }), "/a/b must be an object");
  CHECK_EQ(at([](const json::Node& n) { (void)n["a"].items(); }), "/a must be an array");
  CHECK_EQ(at([](const json::Node& n) { (void)n["a"]["b"]["c"].str(); }), "/a/b must be an object");
  CHECK_EQ(at([](const json::Node& n) { (void)n["a"].boolean(); }), "/a must be true or false");
}

TEST(keeps_the_first_error) {
  CHECK_EQ(problem(R"({"a":1,"b":2})",
                   [](const json::Node& n) {
                     (void)n["a"].str();
                     (void)n["b"].str();
                   }),
           "/a must be a string");
}

TEST(absent_and_null_give_the_default) {
  auto doc = json::parse(R"({"n":null})", "test");
  REQUIRE(doc.ok());
  json::Sink sink;
  const json::Node root(&*doc, &sink, "");
  for (const char* key : {"n", "absent"}) {
    CHECK_EQ(root[key].str("d"), "d");
    CHECK_EQ(root[key].boolean(true), true);
    CHECK_EQ(root[key].integer(0, 9, 7), 7);
    CHECK_EQ(root[key].u64(8), 8U);
    CHECK(root[key].items().empty());
    CHECK(!root[key]["deeper"]["still"].present());
  }
  CHECK(!sink.error.has_value());
}

// 4294967296 would become uid 0, 1e0 and 1.0 are no integers, -1 as uid means "unchanged" to the kernel.
TEST(integers_are_exact_and_in_range) {
  for (const char* text : {R"({"u":4294967296})", R"({"u":-1})", R"({"u":1.5})", R"({"u":1e0})", R"({"u":1.0})",
                           R"({"u":"1"})", R"({"u":true})", R"({"u":18446744073709551616})"})
    CHECK(problem(text, [](const json::Node& n) { (void)n["u"].u32(); }) != "");
  CHECK_EQ(problem(R"({"u":4294967295})", [](const json::Node& n) { CHECK_EQ(n["u"].u32(), 4294967295U); }), "");
  CHECK_EQ(problem(R"({"u":18446744073709551615})",
                   [](const json::Node& n) { CHECK_EQ(n["u"].u64(), 18446744073709551615ULL); }),
           "");
  CHECK_EQ(problem(R"({"u":-9223372036854775808})",
                   [](const json::Node& n) { CHECK_EQ(n["u"].integer(INT64_MIN, 0, 0), INT64_MIN); }),
           "");
}

// "/etc/passwd\0.txt" would pass a check of its suffix and reach the kernel without it.
TEST(rejects_nul_in_strings) {
  CHECK(problem("{\"p\":\"/etc/passwd\u0000.txt\"}", [](const json::Node& n) { (void)n["p"].str(); }) != "");
  CHECK(problem("{\"p\":[\"a\",\"b\u0000\"]}", [](const json::Node& n) { (void)n["p"].strings(); }) != "");
}
