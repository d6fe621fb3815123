// SPDX-License-Identifier: Apache-2.0
// Small things that facts and attempts share. No allocation, no buffers of the C library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace secure::isolation {

// Of a list of mounts, /proc/self/mountinfo: some thousands.
constexpr std::size_t kMountsBytes = 1U << 19;

// What of the file fits, as far as it can be read; -1: it cannot be opened, errno says why.
long read_file(const char* path, std::span<char> into);
// The same as text; empty where it cannot be read.
std::string_view text_of(const char* path, std::span<char> into);
// Takes the next line off `text`, without its end. False: there is none left.
bool next_line(std::string_view& text, std::string_view& line);
// Takes the next word off, words being apart by spaces or tabs; empty at the end.
std::string_view next_word(std::string_view& line);
// Decimal digits alone; -1 for anything else, and for what is beyond 2^62.
std::int64_t parse_decimal(std::string_view digits);
// Calls `each` for every name of a directory but . and .., until it returns false. -1: it cannot be read.
int for_each_name(const char* path, bool (*each)(const char* name, void* context), void* context);
// The inode that a link of /proc/PID/ns leads to; 0: it cannot be read, errno says why.
std::uint64_t namespace_inode(const char* path);
// Whether an id of a mount is one of this process's; -1: /proc/self/mountinfo cannot be read.
int own_mount(std::int64_t mount_id);
// The mount that a descriptor lies on; -1: not known.
std::int64_t mount_of(int fd);
// Joins pieces into `into`, with a zero at the end, cut to what fits.
const char* join(std::span<char> into, std::initializer_list<std::string_view> pieces);

}  // namespace secure::isolation
