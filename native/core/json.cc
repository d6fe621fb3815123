// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace secure::json {

namespace {
constexpr std::size_t kMaxText = 16U << 20;
constexpr int kMaxDepth = 64;

constexpr std::size_t kEscape = 6;  // \uXXXX

// Whether \uXXXX at `text` names half of a surrogate pair: D8..DB the first, DC..DF the second.
bool surrogate(std::string_view text, bool second) {
  if (text.size() < kEscape || text[0] != '\\' || text[1] != 'u' || (text[2] | 0x20) != 'd') return false;
  const char c = static_cast<char>(text[3] | 0x20);
  return second ? c >= 'c' && c <= 'f' : c == '8' || c == '9' || c == 'a' || c == 'b';
}

struct Shape {
  bool too_deep = false, lone_surrogate = false;
};

// What RapidJSON does not look at. Its writer and the destructor of a document recurse, so depth is bounded before parsing. And it
// takes a second half of a surrogate pair without the first, for which there is no UTF-8: what it then writes cannot be read again.
Shape examine(std::string_view text) {
  Shape shape;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '"') in_string = false;
      if (c != '\\') continue;
      if (surrogate(text.substr(i), false) && surrogate(text.substr(i + kEscape), true)) i += 2 * kEscape - 1;
      else if (surrogate(text.substr(i), true)) shape.lone_surrogate = true;
      else ++i;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) shape.too_deep = true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return shape;
}
}  // namespace

Result<rapidjson::Document> parse(std::string_view text, const std::string& what) {
  if (text.size() > kMaxText) return fail(Stage::config, "CONFIG_INVALID", 0, what + " is larger than 16 MiB");
  const Shape shape = examine(text);
  if (shape.too_deep) return fail(Stage::config, "CONFIG_INVALID", 0, what + " is nested deeper than 64");
  if (shape.lone_surrogate)
    return fail(Stage::config, "CONFIG_INVALID", 0, what + " has half of a surrogate pair (\\uDC00 to \\uDFFF without the first half)");
  rapidjson::Document doc;
  // Not kParseFullPrecisionFlag: no field is a fraction, and its slow path counts the leading zeros of zero (found by
  // the fuzzer; undefined behaviour in RapidJSON's diyfp.h).
  doc.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  if (doc.HasParseError())
    return fail(Stage::config, "CONFIG_INVALID", 0,
                what + ": byte " + std::to_string(doc.GetErrorOffset()) + ": " +
                    rapidjson::GetParseError_En(doc.GetParseError()));
  return doc;
}

std::string dump(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

void Sink::report(const std::string& pointer, const std::string& problem) {
  if (error) return;
  error = fail(Stage::config, "CONFIG_INVALID", 0,
               (pointer.empty() ? std::string("the document") : pointer) + " " + problem);
}

Node Node::operator[](std::string_view key) const {
  std::string pointer = pointer_ + "/" + std::string(key);
  if (!present()) return {nullptr, sink_, std::move(pointer)};
  if (!value_->IsObject()) {
    report("must be an object");
    return {nullptr, sink_, std::move(pointer)};
  }
  auto it = value_->FindMember(rapidjson::Value(
      rapidjson::StringRef(key.data(), static_cast<rapidjson::SizeType>(key.size()))));
  return {it == value_->MemberEnd() ? nullptr : &it->value, sink_, std::move(pointer)};
}

std::vector<Node> Node::items() const {
  std::vector<Node> out;
  if (!present()) return out;
  if (!value_->IsArray()) {
    report("must be an array");
    return out;
  }
  out.reserve(value_->Size());
  for (rapidjson::SizeType i = 0; i < value_->Size(); ++i)
    out.emplace_back(&(*value_)[i], sink_, pointer_ + "/" + std::to_string(i));
  return out;
}

std::vector<std::pair<std::string, Node>> Node::members() const {
  std::vector<std::pair<std::string, Node>> out;
  if (!present()) return out;
  if (!value_->IsObject()) {
    report("must be an object");
    return out;
  }
  for (const auto& m : value_->GetObject()) {
    std::string key(m.name.GetString(), m.name.GetStringLength());
    out.emplace_back(key, Node(&m.value, sink_, pointer_ + "/" + key));
  }
  return out;
}

std::string Node::str(std::string_view fallback) const {
  if (!present()) return std::string(fallback);
  if (!value_->IsString()) {
    report("must be a string");
    return {};
  }
  std::string out(value_->GetString(), value_->GetStringLength());
  // A NUL would cut the string at the first system call and so bypass validation.
  if (out.find('\0') != std::string::npos) report("must not contain a NUL byte");
  return out;
}

bool Node::boolean(bool fallback) const {
  if (!present()) return fallback;
  if (!value_->IsBool()) {
    report("must be true or false");
    return fallback;
  }
  return value_->GetBool();
}

std::int64_t Node::integer(std::int64_t min, std::int64_t max, std::int64_t fallback) const {
  if (!present()) return fallback;
  if (!value_->IsInt64() || value_->GetInt64() < min || value_->GetInt64() > max) {
    report("must be an integer from " + std::to_string(min) + " to " + std::to_string(max));
    return fallback;
  }
  return value_->GetInt64();
}

std::uint64_t Node::u64(std::uint64_t fallback) const {
  if (!present()) return fallback;
  if (!value_->IsUint64()) {
    report("must be an integer from 0 to 18446744073709551615");
    return fallback;
  }
  return value_->GetUint64();
}

std::uint32_t Node::u32(std::uint32_t fallback) const {
  return static_cast<std::uint32_t>(integer(0, 4294967295LL, fallback));
}

std::vector<std::string> Node::strings() const {
  std::vector<std::string> out;
  for (const auto& n : items()) out.push_back(n.str());
  return out;
}

}  // namespace secure::json
