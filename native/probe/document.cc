// SPDX-License-Identifier: Apache-2.0
#include "document.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "attempts.h"
#include "in_child.h"
#include "facts.h"
#include "files.h"
#include "symbols.h"

namespace secure::isolation {

namespace {

constexpr int kSectionTime = 5000, kAttemptTime = 3000;  // milliseconds
char fragment[1U << 17];

std::string_view reason(const Ended& ended, std::span<char> into) {
  char digits[20], name[24];
  switch (ended.how) {
    case Ended::How::killed:
      return ended.number == SIGSYS ? "killed by a filter" : join(into, {"killed by signal ", decimal(static_cast<std::uint64_t>(ended.number), digits)});
    case Ended::How::timeout: return "it took too long";
    case Ended::How::failed: return ended.number == 0 ? "it ended without an answer" : join(into, {"no child could be made: ", errno_name(ended.number, name)});
    case Ended::How::answered: break;
  }
  return "it does not fit";
}

std::size_t write_section(const void* argument, std::span<char> answer) {
  Writer out(answer);
  static_cast<const Section*>(argument)->write(out);
  return out.overflowed() ? 0 : out.written().size();
}

void add_section(Writer& out, const Section& section) {
  const Ended ended = in_child(write_section, &section, fragment, kSectionTime);
  out.key(section.name);
  if (ended.how == Ended::How::answered && ended.size > 0) {
    out.raw({fragment, ended.size});
    return;
  }
  char words[64];
  out.open('{').key("unread").text(reason(ended, words)).close('}');
}

std::size_t try_one(const void* argument, std::span<char> into) {
  Answer answer;
  static_cast<const Attempt*>(argument)->run(answer);
  std::memcpy(into.data(), &answer, sizeof answer);
  return sizeof answer;
}

// Which the child of an attempt made and, killed in between, did not remove.
std::size_t remove_nodes(const void*, std::span<char>) {
  char name[64], digits[20];
  for (const std::string_view directory : {"/dev", "/tmp", "/dev/shm", "/run", "/var/tmp", ""})
    (void)::unlink(join(name, {directory, "/.secure-probe-", decimal(static_cast<std::uint64_t>(::getppid()), digits)}));
  return 0;
}

void add_attempt(Writer& out, const Attempt& attempt, Origin origin) {
  char bytes[sizeof(Answer)], words[64], name[24];
  const Ended ended = in_child(try_one, &attempt, bytes, kAttemptTime);
  out.open('{').key("name").text(attempt.name);
  if (ended.how != Ended::How::answered || ended.size != sizeof bytes) {
    const bool killed = ended.how == Ended::How::killed && ended.number == SIGSYS;
    out.key("outcome").text(killed ? "killed" : ended.how == Ended::How::timeout ? "timeout" : "failed");
    out.key("errno").null().key("by").null().key("detail").text(reason(ended, words)).close('}');
    if (attempt.name == "make-device") (void)in_child(remove_nodes, nullptr, {}, kAttemptTime);
    return;
  }
  Answer answer;
  std::memcpy(&answer, bytes, sizeof answer);
  static constexpr std::string_view kOutcomes[] = {"allowed", "denied", "unsupported", "not-applicable", "failed"};
  out.key("outcome").text(kOutcomes[static_cast<unsigned>(answer.outcome)]).key("errno");
  if (answer.error == 0) out.null();
  else out.text(errno_name(answer.error, name));
  out.key("by");
  if (answer.outcome == Outcome::unsupported) out.text(word_of(origin));
  else out.null();
  out.key("detail").text({answer.detail, ::strnlen(answer.detail, sizeof answer.detail)}).close('}');
}

}  // namespace

void write_report(Writer& out) {
  out.open('{').key("probe").number(kVersion).key("facts").open('{');
  for (const Section& section : sections()) add_section(out, section);
  out.close('}').key("attempts").open('[');
  const std::span<const Attempt> all[] = {namespace_attempts(), mount_attempts(), process_attempts(), kernel_attempts(),
                                          host_attempts(),      file_attempts(),  socket_attempts()};
  Symbols symbols;
  symbols.read(all);
  for (const auto& group : all)
    for (const Attempt& attempt : group) add_attempt(out, attempt, symbols.origin(attempt.call));
  out.close(']').close('}');
}

}  // namespace secure::isolation
