// SPDX-License-Identifier: Apache-2.0
#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace secure::isolation {

long read_file(const char* path, std::span<char> into) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return -1;
  std::size_t size = 0;
  while (size < into.size()) {
    const ssize_t n = ::read(fd, into.data() + size, into.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  ::close(fd);
  return static_cast<long>(size);
}

std::string_view text_of(const char* path, std::span<char> into) {
  const long n = read_file(path, into);
  return {into.data(), n < 0 ? 0 : static_cast<std::size_t>(n)};
}

bool next_line(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  const std::size_t end = text.find('\n');
  line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return true;
}

std::string_view next_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  line.remove_prefix(begin);
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::int64_t parse_decimal(std::string_view digits) {
  if (digits.empty() || digits.size() > 18) return -1;
  std::int64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

int for_each_name(const char* path, bool (*each)(const char*, void*), void* context) {
  // As the kernel gives them: getdents64(2).
  struct Entry {
    std::uint64_t inode;
    std::int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[1];
  };
  const int fd = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -1;
  alignas(8) char buffer[4096];
  for (bool more = true; more;) {
    const long n = ::syscall(SYS_getdents64, fd, buffer, sizeof buffer);
    if (n <= 0) break;
    for (long at = 0; at < n && more;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->length;
      const char* name = entry->name;
      if (std::strcmp(name, ".") != 0 && std::strcmp(name, "..") != 0) more = each(name, context);
    }
  }
  ::close(fd);
  return 0;
}

std::uint64_t namespace_inode(const char* path) {
  char link[64];
  const ssize_t n = ::readlink(path, link, sizeof link);
  if (n < 0) return 0;
  const std::string_view text(link, static_cast<std::size_t>(n));
  const std::size_t begin = text.find('['), end = text.find(']');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return 0;
  const std::int64_t inode = parse_decimal(text.substr(begin + 1, end - begin - 1));
  return inode < 0 ? 0 : static_cast<std::uint64_t>(inode);
}

int own_mount(std::int64_t mount_id) {
  static char text[kMountsBytes];
  std::string_view left = text_of("/proc/self/mountinfo", text), line;
  if (left.empty()) return -1;
  const bool whole = left.size() < sizeof text;
  while (next_line(left, line))
    if (parse_decimal(next_word(line)) == mount_id) return 1;
  // Of a table that did not fit nobody knows the end.
  return whole ? 0 : -1;
}

std::int64_t mount_of(int fd) {
  char path[64], digits[20], info[1024];
  std::size_t at = sizeof digits;
  auto value = static_cast<unsigned>(fd);
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  join(path, {"/proc/self/fdinfo/", std::string_view(digits + at, sizeof digits - at)});
  std::string_view text = text_of(path, info), line;
  while (next_line(text, line))
    if (line.starts_with("mnt_id:")) {
      line.remove_prefix(7);
      return parse_decimal(next_word(line));
    }
  return -1;
}

const char* join(std::span<char> into, std::initializer_list<std::string_view> pieces) {
  std::size_t at = 0;
  for (const std::string_view piece : pieces)
    for (const char c : piece)
      if (at + 1 < into.size()) into[at++] = c;
  into[at] = '\0';
  return into.data();
}

}  // namespace secure::isolation
