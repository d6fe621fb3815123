// SPDX-License-Identifier: Apache-2.0
#include "writer.h"

#include <cerrno>

namespace secure::isolation {

void Writer::put(char c) {
  if (size_ < into_.size()) into_[size_++] = c;
  else overflowed_ = true;
}

void Writer::put(std::string_view bytes) {
  for (const char c : bytes) put(c);
}

void Writer::separate() {
  if (comma_) put(',');
  comma_ = true;
}

Writer& Writer::open(char bracket) {
  separate();
  put(bracket);
  comma_ = false;
  return *this;
}

Writer& Writer::close(char bracket) {
  put(bracket);
  comma_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  text(name);
  put(':');
  comma_ = false;
  return *this;
}

Writer& Writer::text(std::string_view value, std::size_t limit) {
  constexpr const char* kHex = "0123456789abcdef";
  separate();
  put('"');
  for (const char c : value.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      put('\\');
      put(c);
    } else if (byte >= 0x20 && byte < 0x7f) {
      put(c);
    } else {
      put("\\u00");
      put(kHex[byte >> 4U]);
      put(kHex[byte & 15U]);
    }
  }
  put('"');
  return *this;
}

Writer& Writer::number(std::int64_t value) {
  if (value >= 0) return natural(static_cast<std::uint64_t>(value));
  char digits[20];
  separate();
  put('-');
  put(decimal(~static_cast<std::uint64_t>(value) + 1, digits));
  return *this;
}

Writer& Writer::natural(std::uint64_t value) {
  char digits[20];
  separate();
  put(decimal(value, digits));
  return *this;
}

Writer& Writer::boolean(bool value) { return raw(value ? "true" : "false"); }

Writer& Writer::null() { return raw("null"); }

Writer& Writer::raw(std::string_view json) {
  separate();
  put(json);
  return *this;
}

std::string_view decimal(std::uint64_t value, std::span<char, 20> into) {
  std::size_t at = into.size();
  do {
    into[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return {into.data() + at, into.size() - at};
}

std::string_view errno_name(int error, std::span<char, 24> into) {
  struct Named {
    int number;
    std::string_view name;
  };
  static constexpr Named kNames[] = {
      {EPERM, "EPERM"}, {ENOENT, "ENOENT"}, {ESRCH, "ESRCH"}, {EIO, "EIO"}, {ENXIO, "ENXIO"}, {E2BIG, "E2BIG"}, {ENOEXEC, "ENOEXEC"},
      {EBADF, "EBADF"}, {ECHILD, "ECHILD"}, {EAGAIN, "EAGAIN"}, {ENOMEM, "ENOMEM"}, {EACCES, "EACCES"}, {EFAULT, "EFAULT"},
      {ENOTBLK, "ENOTBLK"}, {EBUSY, "EBUSY"}, {EEXIST, "EEXIST"}, {EXDEV, "EXDEV"}, {ENODEV, "ENODEV"}, {ENOTDIR, "ENOTDIR"},
      {EISDIR, "EISDIR"}, {EINVAL, "EINVAL"}, {ENFILE, "ENFILE"}, {EMFILE, "EMFILE"}, {ENOTTY, "ENOTTY"}, {ETXTBSY, "ETXTBSY"},
      {ENOSPC, "ENOSPC"}, {EROFS, "EROFS"}, {ENAMETOOLONG, "ENAMETOOLONG"}, {ENOSYS, "ENOSYS"}, {ELOOP, "ELOOP"}, {EUSERS, "EUSERS"},
      {ENOTSOCK, "ENOTSOCK"}, {EPROTONOSUPPORT, "EPROTONOSUPPORT"}, {ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT"}, {EOPNOTSUPP, "EOPNOTSUPP"},
      {EAFNOSUPPORT, "EAFNOSUPPORT"}, {ECONNREFUSED, "ECONNREFUSED"}, {ETIMEDOUT, "ETIMEDOUT"}, {ENOKEY, "ENOKEY"},
      {EKEYREVOKED, "EKEYREVOKED"}, {EDQUOT, "EDQUOT"}, {EOVERFLOW, "EOVERFLOW"}, {ESTALE, "ESTALE"},
  };
  for (const Named& one : kNames)
    if (one.number == error) return one.name;
  char digits[20];
  const std::string_view number = decimal(static_cast<std::uint64_t>(error < 0 ? 0 : error), digits);
  into[0] = 'E';
  for (std::size_t i = 0; i < number.size(); ++i) into[i + 1] = number[i];
  return {into.data(), number.size() + 1};
}

}  // namespace secure::isolation
