// SPDX-License-Identifier: Apache-2.0
// secure-probe: what isolation is in force here. It needs nothing of the place where it runs.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "in_child.h"
#include "place.h"
#include "document.h"

namespace {

constexpr const char* kUsage =
    "usage: secure-probe [--unlink PATH]     what isolation is in force here, as JSON; PATH is removed first\n"
    "       secure-probe --place PID NAME    a copy of it in the container of a process, until standard input ends\n";
// Of the whole, should whoever started it be gone.
constexpr unsigned kSeconds = 60;
char document[1U << 20];

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return 1;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace secure::isolation;
  if (argc == 4 && std::strcmp(argv[1], "--place") == 0) return place(argv[2], argv[3]);
  if (argc == 3 && std::strcmp(argv[1], "--unlink") == 0) (void)::unlink(argv[2]);
  else if (argc != 1) {
    (void)write_all(2, kUsage);
    return 2;
  }
  (void)settle(kSeconds);
  Writer out(document);
  write_report(out);
  if (out.overflowed()) {
    (void)write_all(2, "secure-probe: the report does not fit\n");
    return 4;
  }
  return write_all(1, out.written()) != 0 || write_all(1, "\n") != 0 ? 4 : 0;
}
