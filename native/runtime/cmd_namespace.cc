// SPDX-License-Identifier: Apache-2.0
// namespace: execute a program as root of a user namespace of the caller's ids, without root. `secure` executes itself that way before it
// opens an image store (docs/state.md); which ids, it has decided.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "commands.h"
#include "fd.h"
#include "json.h"
#include "rootless.h"
#include "userns.h"

namespace secure::runtime {

namespace {

constexpr const char* kSynopsis =
    "secure-runtime namespace [--json] --uids INSIDE:OUTSIDE:COUNT[,...] --gids INSIDE:OUTSIDE:COUNT[,...] -- PROGRAM [ARGUMENT...]";
// What this host lacks, in the exit codes of `secure`.
constexpr int kHost = 3;
// UID_GID_MAP_MAX_EXTENTS
constexpr std::size_t kMaxLines = 340;

struct Request {
  bool json = false;
  std::vector<spec::IdMap> uids, gids;
  char** program = nullptr;
};

// A number and what has to follow it; `at` moves behind both.
bool number(const char*& at, const char* end, char then, std::uint32_t& out) {
  auto [stop, error] = std::from_chars(at, end, out);
  if (error != std::errc()) return false;
  at = stop;
  if (at == end) return then == '\0';
  return then != '\0' && *at++ == then;
}

bool parse_map(const char* text, std::vector<spec::IdMap>& out) {
  const char* const end = text + std::strlen(text);
  for (const char* at = text;;) {
    const char* stop = std::find(at, end, ',');
    spec::IdMap map{};
    if (!number(at, stop, ':', map.container) || !number(at, stop, ':', map.host) || !number(at, stop, '\0', map.size) || map.size == 0) return false;
    out.push_back(map);
    if (out.size() > kMaxLines) return false;
    if (stop == end) return true;
    at = stop + 1;
  }
}

bool parse(int argc, char** argv, Request& request) {
  for (int i = 1; i < argc; i++) {
    const std::string_view word = argv[i];
    if (word == "--json") {
      request.json = true;
    } else if (word == "--") {
      request.program = argv + i + 1;
      return i + 1 < argc && *argv[i + 1] == '/' && !request.uids.empty() && !request.gids.empty();
    } else if ((word == "--uids" || word == "--gids") && i + 1 < argc) {
      auto& map = word == "--uids" ? request.uids : request.gids;
      if (!map.empty() || !parse_map(argv[++i], map)) return false;
    } else {
      return false;
    }
  }
  return false;
}

// As `secure` itself would say it, since that is whom the user has called.
int say(const Error& error, bool as_json) {
  if (!as_json) {
    std::string text = "secure: " + error.code + ": " + error.text() + "\n";
    if (!error.hint.empty()) text += "  hint: " + error.hint + "\n";
    (void)write_all(STDERR_FILENO, text, "standard error");
    return kHost;
  }
  rapidjson::Document doc(rapidjson::kObjectType);
  auto& a = doc.GetAllocator();
  rapidjson::Value inner(rapidjson::kObjectType);
  inner.AddMember("code", rapidjson::Value(error.code, a), a);
  inner.AddMember("message", rapidjson::Value(error.text(), a), a);
  inner.AddMember("hint", error.hint.empty() ? rapidjson::Value() : rapidjson::Value(error.hint, a), a);
  inner.AddMember("position", rapidjson::Value(), a);
  doc.AddMember("schemaVersion", 1, a).AddMember("error", inner, a);
  (void)write_all(STDOUT_FILENO, json::dump(doc) + "\n", "standard output");
  return kHost;
}

}  // namespace

int cmd_namespace(int argc, char** argv) {
  Request request;
  if (!parse(argc, argv, request)) return usage(kSynopsis);
  if (!rootless::needed()) return say(fail(Stage::userns, "USERNS_FAILED", 0, "this is root already: a namespace of its own would only take rights away"), request.json);
  // Groups stay: what the caller may read by one of them, their command may read.
  if (auto entered = rootless::enter(request.uids, request.gids, userns::Groups::keep); !entered) return say(entered.error(), request.json);
  ::execve(request.program[0], request.program, environ);
  return say(fail(Stage::exec, "RUNTIME_FAILED", errno, std::string("execute ") + request.program[0]), request.json);
}

}  // namespace secure::runtime
