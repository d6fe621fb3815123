// SPDX-License-Identifier: Apache-2.0
#include "tar_reader.h"

#include <limits>

#include "tar_sparse.h"

namespace secure::tar {

namespace {

std::uint64_t padding_of(std::uint64_t size) { return (kBlock - size % kBlock) % kBlock; }

Result<Type> type_of(const Header& header, bool trailing_slash) {
  switch (header.flag) {
    case '0':
    case '7':  // contiguous: a file everywhere
    case 'S':
      // A directory to GNU tar, a file to Go.
      if (trailing_slash) return invalid("a file whose name ends in a slash: " + quoted(header.name));
      return Type::file;
    case '\0':
      // Before POSIX a directory was a file whose name ends in a slash.
      return trailing_slash ? Type::directory : Type::file;
    case '1': return Type::hard_link;
    case '2': return Type::symlink;
    case '3': return Type::char_device;
    case '4': return Type::block_device;
    case '5': return Type::directory;
    case '6': return Type::fifo;
    default: return invalid("a member of the unknown type " + quoted({&header.flag, 1}) + ": " + quoted(header.name));
  }
}

// 4294967295 is (uid_t)-1, which chown(2) takes as "leave it": the file would keep root as its owner.
Result<std::uint32_t> id_of(std::int64_t value, const char* what, const std::string& path) {
  if (value < 0 || value >= std::numeric_limits<std::uint32_t>::max())
    return invalid(std::string("an impossible ") + what + " on " + quoted(path));
  return static_cast<std::uint32_t>(value);
}

}  // namespace

Result<std::optional<Header>> Reader::header() {
  SECURE_LET(raw, stream_.take(kBlock));
  if (raw.size() != kBlock) return truncated("the archive has no end mark");
  if (!is_zero(raw.first<kBlock>())) {
    SECURE_LET(parsed, parse_header(raw.first<kBlock>()));
    return std::optional<Header>(std::move(parsed));
  }
  SECURE_LET(second, stream_.take(kBlock));
  if (second.size() != kBlock) return truncated("the archive's end mark is incomplete");
  if (!is_zero(second.first<kBlock>())) return invalid("a single block of zeros between members");
  return std::optional<Header>();
}

Result<std::string> Reader::extension_text(const Header& header) {
  if (header.size < 0) return invalid("an extension header with a negative size");
  const auto size = static_cast<std::uint64_t>(header.size);
  if (size > kMaxExtension)
    return fail(Stage::image, "LIMIT_EXCEEDED", 0,
                "an extension header of " + std::to_string(size) + " bytes; the limit is " +
                    std::to_string(kMaxExtension));
  SECURE_LET(text, stream_.text(size));
  SECURE_TRY(stream_.skip(padding_of(size)));
  return text;
}

// Takes header 'x', 'g', 'L' or 'K' into `pending`; false: `header` is a member.
Result<bool> Reader::extension(const Header& header, Pending& pending) {
  if (header.flag != 'x' && header.flag != 'g' && header.flag != 'L' && header.flag != 'K') return false;
  SECURE_LET(text, extension_text(header));
  if (header.flag == 'g') {
    SECURE_TRY(check_global(text));
    return true;
  }
  if (header.flag == 'x') {
    if (pending.pax) return invalid("two pax headers for one member");
    SECURE_LET(pax, parse_pax(text));
    pending.pax = std::move(pax);
    return true;
  }
  auto& field = header.flag == 'L' ? pending.name : pending.link;
  if (field) return invalid("two long names for one member");
  // Terminated by NUL; what is behind one is seen by some readers only.
  const std::size_t end = text.find('\0');
  if (end != std::string::npos && text.find_first_not_of('\0', end) != std::string::npos)
    return invalid("a long name with a NUL byte inside");
  text.resize(end == std::string::npos ? text.size() : end);
  field = std::move(text);
  return true;
}

Result<Entry> Reader::member(const Header& header, Pending pending) {
  Pax pax = std::move(pending.pax).value_or(Pax{});
  if ((pending.name && (pax.path || pax.sparse_name)) || (pending.link && pax.link))
    return invalid("a member with both a pax and a GNU long name: " + quoted(header.name));
  Entry e;
  e.path = pax.path.value_or(pending.name.value_or(header.name));
  if (pax.sparse_name) e.path = *pax.sparse_name;
  e.link = pax.link.value_or(pending.link.value_or(header.link));
  if (e.path.empty()) return invalid("a member without a name");
  SECURE_LET(type, type_of(header, e.path.ends_with('/')));
  e.type = type;
  e.mode = header.mode;
  SECURE_LET(uid, id_of(pax.uid.value_or(header.uid), "uid", e.path));
  SECURE_LET(gid, id_of(pax.gid.value_or(header.gid), "gid", e.path));
  e.uid = uid;
  e.gid = gid;
  e.mtime = pax.mtime ? pax.mtime->seconds : header.mtime;
  e.mtime_nsec = pax.mtime ? pax.mtime->nanoseconds : 0;
  if (header.size < 0 && !pax.size) return invalid("a negative size: " + quoted(e.path));
  e.stored = pax.size ? *pax.size : static_cast<std::uint64_t>(header.size);
  // Go takes the content of such a member as the next header, others skip it.
  if (e.type != Type::file && e.stored != 0) return invalid("content on a member that has none: " + quoted(e.path));
  e.size = e.stored;
  e.xattrs = std::move(pax.xattrs);
  left_ = e.stored;
  padding_ = padding_of(e.stored);
  if (header.flag == 'S')
    SECURE_TRY(read_old_sparse(header, stream_, e));
  SECURE_TRY(read_pax_sparse(pax, stream_, e));
  left_ = e.stored;
  if (e.sparse) SECURE_TRY(check_segments(e));
  return e;
}

Result<std::optional<Entry>> Reader::next() {
  SECURE_TRY(stream_.skip(left_));
  SECURE_TRY(stream_.skip(padding_));
  left_ = padding_ = 0;
  Pending pending;
  for (;;) {
    SECURE_LET(found, header());
    if (!found) {
      if (pending.any()) return invalid("an extension header without a member");
      return std::optional<Entry>();
    }
    SECURE_LET(was_extension, extension(*found, pending));
    if (was_extension) continue;
    SECURE_LET(entry, member(*found, std::move(pending)));
    return std::optional<Entry>(std::move(entry));
  }
}

Result<std::span<const std::uint8_t>> Reader::data() {
  SECURE_LET(piece, stream_.some(left_));
  if (piece.empty() && left_ != 0) return truncated("the archive ends inside the content of a member");
  left_ -= piece.size();
  return piece;
}

Status Reader::finish() {
  for (;;) {
    SECURE_LET(piece, stream_.some(std::numeric_limits<std::uint64_t>::max()));
    if (piece.empty()) return Ok{};
    for (std::uint8_t byte : piece)
      if (byte != 0) return invalid("data behind the end of the archive");
  }
}

}  // namespace secure::tar
