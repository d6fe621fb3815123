// SPDX-License-Identifier: Apache-2.0
#include "help.h"

#include <array>
#include <utility>

namespace secure::runtime {

namespace {

constexpr std::string_view kName = "secure-runtime";

std::string& name() {
  static std::string text(kName);
  return text;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kAbout{{
    {"launch", "start a container of secure from its plan"},
    {"create", "make a container from a bundle; its program waits for start"},
    {"start", "execute the program of a created container"},
    {"run", "make a container from a bundle and execute its program"},
    {"exec", "execute a further program in a container"},
    {"state", "print a container's state as JSON"},
    {"list", "list the containers below the root"},
    {"kill", "send a signal to a container's first process, or to all"},
    {"delete", "remove what is left of a container that has stopped"},
    {"pause", "freeze all processes of a container"},
    {"resume", "let the processes of a paused container go on"},
    {"update", "change the resource limits of a container"},
    {"events", "print what a container uses, and when it runs out of memory"},
    {"ps", "list the processes of a container"},
    {"spec", "write a config.json to start from"},
    {"mounts", "add mounts to a running container, or remove them"},
    {"checkpoint", "write a running container to files, by CRIU"},
    {"decide", "print what the policy makes of configs, without a container"},
    {"restore", "bring a container back from what checkpoint has written"},
    {"features", "print what this runtime supports as JSON"},
}};

}  // namespace

void called_as(const char* argv0) {
  const std::string_view path = argv0 == nullptr ? std::string_view() : std::string_view(argv0);
  const std::string_view base = path.substr(path.rfind('/') + 1);
  if (!base.empty()) name() = base;
}

const std::string& program_name() { return name(); }

std::string as_called(std::string_view text) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t found = text.find(kName, at);
    out += text.substr(at, found - at);
    if (found == std::string_view::npos) return out;
    out += name();
    at = found + kName.size();
  }
}

std::string_view about(std::string_view command) {
  for (const auto& [known, text] : kAbout)
    if (known == command) return text;
  return {};
}

}  // namespace secure::runtime
