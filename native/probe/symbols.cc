// SPDX-License-Identifier: Apache-2.0
#include "symbols.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "in_child.h"
#include "files.h"

namespace secure::isolation {

namespace {

// A large kernel has two hundred thousand names in it; what makes it endless is no kernel's file.
constexpr std::size_t kMostBytes = 64U << 20;
constexpr int kTime = 5000;  // milliseconds

}  // namespace

std::string_view word_of(Origin origin) {
  switch (origin) {
    case Origin::filter: return "filter";
    case Origin::kernel: return "kernel";
    case Origin::unknown: break;
  }
  return "unknown";
}

bool Symbols::want(std::string_view call) {
  for (std::size_t i = 0; i < count_; ++i)
    if (entries_[i].call == call) return true;
  if (count_ == kMost) return false;
  entries_[count_++].call = call;
  return true;
}

Origin Symbols::origin(std::string_view call) const {
  for (std::size_t i = 0; i < count_; ++i)
    if (entries_[i].call == call) return entries_[i].origin;
  return Origin::unknown;
}

// `ffffffff81000000 T __x64_sys_bpf`
void Symbols::note(std::string_view line) {
  (void)next_word(line);
  const std::string_view type = next_word(line), name = next_word(line);
  std::string_view call;
  for (const std::string_view prefix : {"__x64_sys_", "__arm64_sys_"})
    if (name.starts_with(prefix)) call = name.substr(prefix.size());
  if (call.empty()) return;
  for (std::size_t i = 0; i < count_; ++i) {
    if (entries_[i].call != call) continue;
    if (type == "T" || type == "t") entries_[i].origin = Origin::filter;
    else if ((type == "W" || type == "w") && entries_[i].origin == Origin::unknown) entries_[i].origin = Origin::kernel;
  }
}

std::size_t Symbols::scan(const void* self, std::span<char> answer) {
  Symbols found = *static_cast<const Symbols*>(self);
  char status[8192];
  if (text_of("/proc/self/status", status).find("\nSeccomp:\t0\n") != std::string_view::npos) {
    // Nobody filters.
    for (std::size_t i = 0; i < found.count_; ++i) answer[i] = static_cast<char>(Origin::kernel);
    return found.count_;
  }
  const int fd = ::open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  static char buffer[1U << 16];
  std::size_t kept = 0;
  for (std::size_t all = 0; all < kMostBytes;) {
    const ssize_t n = ::read(fd, buffer + kept, sizeof buffer - kept);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    all += static_cast<std::size_t>(n);
    std::string_view left(buffer, kept + static_cast<std::size_t>(n)), line;
    const std::size_t last = left.rfind('\n');
    const std::size_t whole = last == std::string_view::npos ? 0 : last + 1;
    std::string_view lines = left.substr(0, whole);
    while (next_line(lines, line)) found.note(line);
    kept = left.size() - whole;
    // A line that fills it is none of the kernel's.
    if (kept == sizeof buffer) kept = 0;
    else std::memmove(buffer, buffer + whole, kept);
  }
  ::close(fd);
  for (std::size_t i = 0; i < found.count_; ++i) answer[i] = static_cast<char>(found.entries_[i].origin);
  return found.count_;
}

void Symbols::read(std::span<const std::span<const Attempt>> attempts) {
  for (const auto& group : attempts)
    for (const Attempt& attempt : group) (void)want(attempt.call);
  char origins[kMost];
  const Ended ended = in_child(scan, this, origins, kTime);
  if (ended.how != Ended::How::answered || ended.size != count_) return;
  for (std::size_t i = 0; i < count_; ++i) entries_[i].origin = static_cast<Origin>(origins[i]);
}

}  // namespace secure::isolation
