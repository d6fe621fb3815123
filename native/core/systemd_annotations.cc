// SPDX-License-Identifier: Apache-2.0
// Properties of the scope that an engine asks for: annotations org.systemd.property.NAME, the value as GVariant writes it.
#include <algorithm>
#include <array>
#include <optional>

#include "number.h"
#include "systemd_properties.h"

namespace secure::systemd {

namespace {

constexpr std::string_view kPrefix = "org.systemd.property.";
// What makes it a container's scope, and what holds it.
constexpr std::array<std::string_view, 5> kOurs{"Delegate", "DeviceAllow", "DevicePolicy", "PIDs", "Slice"};

struct IntegerType {
  std::string_view name;
  char code;
  unsigned bits;
  bool is_signed;
};
constexpr std::array<IntegerType, 7> kIntegers{{{"byte", 'y', 8, false},
                                                {"int16", 'n', 16, true},
                                                {"uint16", 'q', 16, false},
                                                {"int32", 'i', 32, true},
                                                {"uint32", 'u', 32, false},
                                                {"int64", 'x', 64, true},
                                                {"uint64", 't', 64, false}}};

struct Value {
  char code = 0;  // of D-Bus; 'a' is a list of strings
  std::uint64_t number = 0;
  bool negative = false;
  unsigned bytes = 4;
  std::vector<std::string> texts;
};

void trim(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
}

// One in quotes at the beginning; what follows is left in `text`.
std::optional<std::string> quoted(std::string_view& text) {
  if (!text.starts_with('\'') && !text.starts_with('"')) return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == text[0]) {
      text.remove_prefix(i + 1);
      return out;
    }
    if (text[i] == '\\' && (++i == text.size() || std::string_view("\\'\"").find(text[i]) == std::string_view::npos)) return std::nullopt;
    out += text[i];
  }
  return std::nullopt;
}

std::optional<Value> list(std::string_view text) {
  Value out{'a', 0, false, 4, {}};
  if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  for (trim(text); !text.empty(); trim(text)) {
    if (!out.texts.empty()) {
      if (!text.starts_with(',')) return std::nullopt;
      text.remove_prefix(1);
      trim(text);
    }
    auto one = quoted(text);
    if (!one) return std::nullopt;
    out.texts.push_back(std::move(*one));
  }
  return out;
}

std::optional<Value> integer(std::string_view text) {
  const IntegerType* type = &kIntegers[3];  // of one that says nothing
  for (const auto& one : kIntegers)
    if (text.starts_with(std::string(one.name) + " ")) {
      type = &one;
      text.remove_prefix(one.name.size());
      trim(text);
      break;
    }
  Value out{type->code, 0, type->is_signed && text.starts_with('-'), std::max(type->bits / 8, 1U), {}};
  if (out.negative) text.remove_prefix(1);
  const std::uint64_t highest = UINT64_MAX >> (64 - type->bits + (type->is_signed ? 1 : 0));
  const auto number = number::decimal(text, out.negative ? highest + 1 : highest);
  if (!number) return std::nullopt;
  out.number = out.negative ? 0 - *number : *number;
  return out;
}

std::optional<Value> parse(std::string_view text) {
  trim(text);
  if (text == "true" || text == "false") return Value{'b', text == "true" ? 1U : 0U, false, 4, {}};
  if (text == "@as []") return Value{'a', 0, false, 4, {}};
  if (text.starts_with('[')) {
    auto out = list(text);
    return out && out->texts.empty() ? std::nullopt : out;  // of what type it is nobody could say
  }
  if (auto one = quoted(text)) return text.empty() ? std::optional(Value{'s', 0, false, 4, {std::move(*one)}}) : std::nullopt;
  return integer(text);
}

// systemd takes times in microseconds, under another name than that of its manual.
bool to_microseconds(std::string& name, Value& value) {
  if (name.size() < 4 || !name.ends_with("Sec") || name[name.size() - 4] < 'a' || name[name.size() - 4] > 'z') return true;
  constexpr std::uint64_t kSecond = 1'000'000;
  if (value.code == 's' || value.code == 'a' || value.code == 'b' || value.negative || value.number > UINT64_MAX / kSecond) return false;
  name.replace(name.size() - 3, 3, "USec");
  value = Value{'t', value.number * kSecond, false, 8, {}};
  return true;
}

}  // namespace

Status add_annotations(Properties& to, const std::vector<std::pair<std::string, std::string>>& annotations) {
  for (const auto& [key, text] : annotations) {
    if (!key.starts_with(kPrefix)) continue;
    auto refused = [&name = key](const std::string& why) { return fail(Stage::config, "CONFIG_INVALID", 0, "/annotations/" + name.substr(0, 128) + " " + why); };
    std::string name = key.substr(kPrefix.size());
    const bool letters = std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    if (name.size() < 3 || !letters) return refused("names no property of systemd");
    if (std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end()) return refused("is set by the runtime");
    auto value = parse(text);
    if (!value) return refused("is '" + text.substr(0, 64) + "': systemd takes 'text', true, false, a number as in uint64 5, or a list as in ['a', 'b']");
    if (!to_microseconds(name, *value)) return refused("is '" + text.substr(0, 64) + "', which is no number of seconds");
    if (value->code == 's') to.text(name.c_str(), value->texts[0]);
    else if (value->code == 'a') to.texts(name.c_str(), value->texts);
    else to.integer(name.c_str(), value->code, value->bytes, value->number);
  }
  return Ok{};
}

}  // namespace secure::systemd
