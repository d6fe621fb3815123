// SPDX-License-Identifier: Apache-2.0
#include "tar_pax.h"

#include <algorithm>
#include <limits>

namespace secure::tar {

namespace {

constexpr std::size_t kMaxXattrs = 256;
constexpr std::string_view kXattr = "SCHILY.xattr.";
constexpr std::string_view kSparse = "GNU.sparse.";

struct Record {
  std::string_view key, value;
};

// Takes "LENGTH key=value\n" off the front; LENGTH counts the whole record.
Result<Record> next_record(std::string_view& rest) {
  const std::size_t blank = rest.substr(0, 8).find(' ');
  if (blank == std::string_view::npos) return invalid("a pax record without a length");
  SECURE_LET(length, parse_decimal(rest.substr(0, blank), "pax record length"));
  if (length < blank + 2 || length > rest.size()) return invalid("a pax record with a wrong length");
  std::string_view record = rest.substr(0, length);
  if (record.back() != '\n') return invalid("a pax record that does not end in a newline");
  rest.remove_prefix(length);
  record = record.substr(blank + 1, length - blank - 2);
  const std::size_t equals = record.find('=');
  if (equals == std::string_view::npos || equals == 0) return invalid("a pax record without a keyword");
  Record out{record.substr(0, equals), record.substr(equals + 1)};
  if (out.key.find('\0') != std::string_view::npos) return invalid("a pax keyword with a NUL byte");
  // C programs would see another name than the one that was checked.
  if (!out.key.starts_with(kXattr) && out.value.find('\0') != std::string_view::npos)
    return invalid("a pax value with a NUL byte: " + quoted(out.key));
  return out;
}

void set_text(std::optional<std::string>& field, std::string_view value) {
  field.reset();
  if (!value.empty()) field = std::string(value);
}

Status set_number(std::optional<std::uint64_t>& field, std::string_view value, const char* what) {
  field.reset();
  if (value.empty()) return Ok{};
  SECURE_LET(number, parse_decimal(value, what));
  field = number;
  return Ok{};
}

Status set_id(std::optional<std::int64_t>& field, std::string_view value, const char* what) {
  std::optional<std::uint64_t> number;
  SECURE_TRY(set_number(number, value, what));
  field.reset();
  if (number) field = static_cast<std::int64_t>(*number);
  return Ok{};
}

Status set_xattr(Pax& pax, std::string_view name, std::string_view value) {
  // A file has a handful; the limit also keeps the search for repeated names from being quadratic in a megabyte.
  if (pax.xattrs.size() >= kMaxXattrs)
    return fail(Stage::image, "LIMIT_EXCEEDED", 0, "a member with more than " + std::to_string(kMaxXattrs) + " xattrs");
  auto same = [&](const auto& xattr) { return xattr.first == name; };
  pax.xattrs.erase(std::remove_if(pax.xattrs.begin(), pax.xattrs.end(), same), pax.xattrs.end());
  pax.xattrs.emplace_back(name, value);
  return Ok{};
}

Status apply_sparse(Pax& pax, std::string_view key, std::string_view value) {
  if (key == "major") return set_number(pax.sparse_major, value, "sparse version");
  if (key == "minor") return set_number(pax.sparse_minor, value, "sparse version");
  if (key == "size" || key == "realsize") return set_number(pax.sparse_size, value, "sparse size");
  if (key == "name") set_text(pax.sparse_name, value);
  if (key == "map") set_text(pax.sparse_map, value);
  if (key == "offset" || key == "numbytes")
    return invalid("a sparse member in GNU's pax format 0.0, which is not supported");
  return Ok{};
}

Status apply(Pax& pax, const Record& record) {
  const auto& [key, value] = record;
  if (key == "path") set_text(pax.path, value);
  else if (key == "linkpath") set_text(pax.link, value);
  else if (key == "size") return set_number(pax.size, value, "size");
  else if (key == "uid") return set_id(pax.uid, value, "uid");
  else if (key == "gid") return set_id(pax.gid, value, "gid");
  else if (key == "mtime") {
    pax.mtime.reset();
    if (value.empty()) return Ok{};
    SECURE_LET(time, parse_time(value));
    pax.mtime = time;
  } else if (key.starts_with(kXattr)) {
    return set_xattr(pax, key.substr(kXattr.size()), value);
  } else if (key.starts_with(kSparse)) {
    return apply_sparse(pax, key.substr(kSparse.size()), value);
  }
  return Ok{};
}

}  // namespace

Result<std::uint64_t> parse_decimal(std::string_view text, const char* what) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return invalid(std::string(what) + " is not a number: " + quoted(text));
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMax - digit) / 10) return invalid(std::string(what) + " overflows: " + quoted(text));
    value = value * 10 + digit;
  }
  if (text.empty()) return invalid(std::string(what) + " is empty");
  return value;
}

Result<Time> parse_time(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  SECURE_LET(seconds, parse_decimal(text.substr(0, point), "mtime"));
  Time time{static_cast<std::int64_t>(seconds), 0};
  if (point != std::string_view::npos) {
    std::uint32_t scale = 100'000'000;
    for (char c : text.substr(point + 1)) {
      if (c < '0' || c > '9') return invalid("mtime is not a number: " + quoted(text));
      time.nanoseconds += static_cast<std::uint32_t>(c - '0') * scale;
      scale /= 10;
    }
  }
  if (negative) {
    // -1.25 is 0.75 after -2.
    time.seconds = -time.seconds;
    if (time.nanoseconds != 0) {
      time.seconds -= 1;
      time.nanoseconds = 1'000'000'000 - time.nanoseconds;
    }
  }
  return time;
}

Result<Pax> parse_pax(std::string_view records) {
  Pax pax;
  while (!records.empty()) {
    SECURE_LET(record, next_record(records));
    SECURE_TRY(apply(pax, record));
  }
  return pax;
}

Status check_global(std::string_view records) {
  while (!records.empty()) {
    SECURE_LET(record, next_record(records));
    static constexpr std::string_view kMeaning[] = {"path", "linkpath", "size", "uid", "gid", "mtime", "hdrcharset"};
    const bool known = std::find(std::begin(kMeaning), std::end(kMeaning), record.key) != std::end(kMeaning);
    if (known || record.key.starts_with(kXattr) || record.key.starts_with(kSparse))
      return invalid("a global pax header that sets " + quoted(record.key) + ", on which readers disagree");
  }
  return Ok{};
}

}  // namespace secure::tar
