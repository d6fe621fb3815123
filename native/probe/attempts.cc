// SPDX-License-Identifier: Apache-2.0
#include "attempts.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>

#include "files.h"
#include "writer.h"

namespace secure::isolation {

Answer& Answer::say(std::string_view text) {
  join(detail, {text});
  return *this;
}

void Answer::allow(std::string_view text) {
  outcome = Outcome::allowed;
  error = 0;
  say(text);
}

void Answer::skip(std::string_view why) {
  outcome = Outcome::not_applicable;
  say(why);
}

void Answer::refuse(int with, std::string_view text) {
  outcome = with == ENOSYS ? Outcome::unsupported : Outcome::denied;
  error = with;
  say(text);
}

namespace {

// Of filters, permission checks, read-only files, limits of namespaces (ENOSPC, EUSERS), sysctl dev.tty.legacy_tiocsti (EIO), and of what the kernel was
// built without.
constexpr int kRefusals[] = {EPERM, EACCES, EROFS, ENOSYS, ENOSPC, EUSERS, EIO, EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EOPNOTSUPP, ENODEV};

}  // namespace

void Answer::settle(long result, std::initializer_list<int> behind, std::string_view text) {
  const int with = errno;
  if (result >= 0) {
    allow(text);
    return;
  }
  for (const int one : behind)
    if (with == one) {
      char name[24];
      allow();
      join(detail, {text, text.empty() ? "" : ": ", "past the permission check, then ", errno_name(with, name)});
      return;
    }
  refuse(with, text);
  for (const int one : kRefusals)
    if (with == one) return;
  outcome = Outcome::unclear;
  join(detail, {text, text.empty() ? "" : ": ", "an error that decides nothing"});
}

namespace {

void write_file(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  (void)!::write(fd, text.data(), text.size());
  ::close(fd);
}

}  // namespace

bool become_namespace_root(Answer& answer, int flags) {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | flags) < 0) {
    answer.refuse(errno, "unshare(CLONE_NEWUSER)");
    return false;
  }
  // Without /proc no id is mapped; the capabilities are there all the same.
  char line[64], digits[20];
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", join(line, {"0 ", decimal(uid, digits), " 1"}));
  write_file("/proc/self/gid_map", join(line, {"0 ", decimal(gid, digits), " 1"}));
  return true;
}

bool lists(const char* path, std::string_view word) {
  static char text[1U << 16];
  std::string_view left = text_of(path, text), line;
  while (next_line(left, line))
    for (std::string_view one = next_word(line); !one.empty(); one = next_word(line))
      if (one == word) return true;
  return false;
}

}  // namespace secure::isolation
