// SPDX-License-Identifier: Apache-2.0
// kill, stop and wait.
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "commands.h"
#include "record_lifecycle.h"
#include "signals.h"

namespace secure::runtime {

namespace {

// Whole seconds, short enough that poll(2) can count them in milliseconds.
std::optional<unsigned> seconds(std::string_view text) {
  unsigned out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || out > INT32_MAX / 1000) return std::nullopt;
  return out;
}

}  // namespace

int container_kill(int argc, char** argv) {
  static constexpr const char* kSynopsis = "secure-runtime container kill ID [SIGNAL]";
  if (argc < 2 || argc > 3 || argv[1][0] == '-') return usage(kSynopsis);
  int signal = signals::number(argc == 3 ? argv[2] : "TERM");
  if (signal < 0)
    return report(fail(Stage::config, "SIGNAL_INVALID", 0, "'" + std::string(argv[2]) + "' is no signal",
                       "a name such as TERM or RTMIN+3, or a number from 1 to 64"), 2);
  const record::Roots roots = roots_from_env();
  auto id = record::resolve(roots, argv[1]);
  if (!id) return report(id.error());
  auto status = record::send_signal(roots, *id, signal);
  return status ? 0 : report(status.error());
}

int container_stop(int argc, char** argv) {
  static constexpr const char* kSynopsis = "secure-runtime container stop [--time SECONDS] ID";
  int at = 1;
  std::optional<unsigned> patience;
  if (at + 1 < argc && (std::strcmp(argv[at], "--time") == 0 || std::strcmp(argv[at], "-t") == 0)) {
    patience = seconds(argv[at + 1]);
    if (!patience) return usage(kSynopsis);
    at += 2;
  }
  if (at + 1 != argc || argv[at][0] == '-') return usage(kSynopsis);
  const record::Roots roots = roots_from_env();
  auto id = record::resolve(roots, argv[at]);
  if (!id) return report(id.error());
  auto status = record::stop(roots, *id, patience);
  return status ? 0 : report(status.error());
}

int container_wait(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-') return usage("secure-runtime container wait ID");
  const record::Roots roots = roots_from_env();
  auto id = record::resolve(roots, argv[1]);
  if (!id) return report(id.error());
  auto code = record::wait(roots, *id);
  if (!code) return report(code.error());
  auto status = write_all(STDOUT_FILENO, std::to_string(*code) + "\n", "standard output");
  return status ? 0 : report(status.error());
}

}  // namespace secure::runtime
