// SPDX-License-Identifier: Apache-2.0
// A thin, total layer over RapidJSON: parsing is iterative and bounded, every getter
// checks the type, and the first mismatch is kept with its JSON pointer.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#define RAPIDJSON_ASSERT(x) ((x) ? static_cast<void>(0) : std::abort())
#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/document.h>

#include "result.h"

namespace secure::json {

// Parse UTF-8 text of at most 16 MiB, nested at most 64 deep, without trailing bytes.
Result<rapidjson::Document> parse(std::string_view text, const std::string& what);

// Compact text of a value.
std::string dump(const rapidjson::Value& value);

// Collects the first error of a reading pass.
struct Sink {
  std::optional<Error> error;
  void report(const std::string& pointer, const std::string& problem);
};

// A position in a document. Absent keys give an absent node; reading an absent node
// yields the default and no error, reading a present node of the wrong type reports one.
class Node {
 public:
  Node(const rapidjson::Value* value, Sink* sink, std::string pointer)
      : value_(value), sink_(sink), pointer_(std::move(pointer)) {}
  [[nodiscard]] bool present() const { return value_ != nullptr && !value_->IsNull(); }
  [[nodiscard]] Node operator[](std::string_view key) const;
  [[nodiscard]] std::vector<Node> items() const;  // array elements
  [[nodiscard]] std::vector<std::pair<std::string, Node>> members() const;
  [[nodiscard]] std::string str(std::string_view fallback = {}) const;  // rejects NUL inside
  [[nodiscard]] bool boolean(bool fallback = false) const;
  [[nodiscard]] std::int64_t integer(std::int64_t min, std::int64_t max, std::int64_t fallback) const;
  [[nodiscard]] std::uint64_t u64(std::uint64_t fallback = 0) const;
  [[nodiscard]] std::uint32_t u32(std::uint32_t fallback = 0) const;
  [[nodiscard]] std::vector<std::string> strings() const;
  void report(const std::string& problem) const { sink_->report(pointer_, problem); }
  [[nodiscard]] const std::string& pointer() const { return pointer_; }
  [[nodiscard]] const rapidjson::Value* raw() const { return value_; }

 private:
  const rapidjson::Value* value_;
  Sink* sink_;
  std::string pointer_;
};

}  // namespace secure::json
