// SPDX-License-Identifier: Apache-2.0
#include "signals.h"

#include <array>
#include <charconv>
#include <csignal>
#include <string>

namespace secure::signals {

namespace {

struct Entry {
  std::string_view name;
  int number;
};

constexpr std::array<Entry, 36> kSignals{{
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ILL", SIGILL},       {"TRAP", SIGTRAP}, {"ABRT", SIGABRT},
    {"IOT", SIGABRT},  {"BUS", SIGBUS},   {"FPE", SIGFPE},   {"KILL", SIGKILL},     {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2}, {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},     {"STKFLT", SIGSTKFLT},
    {"CHLD", SIGCHLD}, {"CLD", SIGCHLD},  {"CONT", SIGCONT}, {"STOP", SIGSTOP},     {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU}, {"URG", SIGURG},   {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},     {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF}, {"WINCH", SIGWINCH}, {"IO", SIGIO},   {"POLL", SIGIO},       {"PWR", SIGPWR},   {"SYS", SIGSYS},
    {"RTMIN", 34},     {"RTMAX", 64},  // as container tools count: what glibc leaves to programs
}};

int decimal(std::string_view text, int max) {
  int out = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  bool plain = !text.empty() && text[0] >= '0' && text[0] <= '9';
  return plain && error == std::errc{} && end == text.data() + text.size() && out <= max ? out : -1;
}

}  // namespace

int number(std::string_view text) {
  if (int n = decimal(text, 64); n >= 0) return n == 0 ? -1 : n;
  std::string upper;
  for (char c : text) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string_view name = upper;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (const auto& entry : kSignals)
    if (entry.name == name) return entry.number;
  if (name.starts_with("RTMIN+"))
    if (int n = decimal(name.substr(6), 30); n >= 0) return 34 + n;
  if (name.starts_with("RTMAX-"))
    if (int n = decimal(name.substr(6), 30); n >= 0) return 64 - n;
  return -1;
}

}  // namespace secure::signals
