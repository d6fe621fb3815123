// SPDX-License-Identifier: Apache-2.0
// Every reader on every node: no input may crash them, and what is printed parses to the same again. Not so fractions,
// which no field takes: they may lose their last digit, and the largest ones then no longer fit a double.
#include <cstdint>
#include <cstdlib>

#include "json.h"

using namespace secure;

namespace {

void visit(const json::Node& node) {
  (void)node.str();
  (void)node.boolean();
  (void)node.integer(-1, 1, 0);
  (void)node.u64();
  (void)node.u32();
  (void)node.strings();
  for (const auto& item : node.items()) visit(item);
  for (const auto& [key, member] : node.members()) {
    // By key: the first of equal keys, so the walk itself uses the member.
    (void)node[key].present();
    visit(member);
  }
}

bool has_fraction(const rapidjson::Value& value) {
  if (value.IsDouble()) return true;
  if (value.IsArray())
    for (const auto& item : value.GetArray())
      if (has_fraction(item)) return true;
  if (value.IsObject())
    for (const auto& member : value.GetObject())
      if (has_fraction(member.value)) return true;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto doc = json::parse(text, "input");
  if (!doc) return 0;
  json::Sink sink;
  visit(json::Node(&*doc, &sink, ""));
  const std::string printed = json::dump(*doc);
  if (has_fraction(*doc)) return 0;
  auto again = json::parse(printed, "output");
  if (!again || json::dump(*again) != printed) std::abort();
  return 0;
}
