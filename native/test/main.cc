// SPDX-License-Identifier: Apache-2.0
// Runs the registered tests in order and prints TAP 13. Arguments are substrings of the names
// ("file/test") to run; without any, all run. Exit code 1 when a test failed.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "check.h"

namespace {

struct Test {
  std::string name;
  check::Function function;
};

// A function-local static: registration happens before main, in no particular order of files.
std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

std::vector<std::string> problems;
std::string skip_reason;

bool must_work() {
  const char* value = std::getenv("SECURE_MUST_WORK");
  return value != nullptr && std::strcmp(value, "1") == 0;
}

bool wanted(const std::string& name, int argc, char** argv) {
  if (argc < 2) return true;
  for (int i = 1; i < argc; i++)
    if (name.find(argv[i]) != std::string::npos) return true;
  return false;
}

std::string base_name(const char* path) {
  std::string name(path);
  if (auto slash = name.rfind('/'); slash != std::string::npos) name.erase(0, slash + 1);
  if (auto dot = name.find('.'); dot != std::string::npos) name.erase(dot);
  return name;
}

}  // namespace

namespace check {

Register::Register(const char* file, const char* name, Function function) {
  tests().push_back({base_name(file) + "/" + name, function});
}

void failed(const char* file, int line, const std::string& what) {
  problems.push_back(std::string(file) + ":" + std::to_string(line) + ": " + what);
}

void skipped(const char* reason) { skip_reason = reason; }

}  // namespace check

int main(int argc, char** argv) {
  std::vector<Test> chosen;
  for (const auto& test : tests())
    if (wanted(test.name, argc, argv)) chosen.push_back(test);
  std::printf("TAP version 13\n1..%zu\n", chosen.size());
  std::size_t number = 0;
  int failures = 0;
  for (const auto& test : chosen) {
    problems.clear();
    skip_reason.clear();
    // A crash must leave the name of the test that did it.
    std::printf("# %s\n", test.name.c_str());
    std::fflush(stdout);
    test.function();
    if (!skip_reason.empty() && must_work())
      problems.push_back("skipped although SECURE_MUST_WORK=1: " + skip_reason);
    std::printf("%s %zu - %s", problems.empty() ? "ok" : "not ok", ++number, test.name.c_str());
    if (problems.empty() && !skip_reason.empty()) std::printf(" # SKIP %s", skip_reason.c_str());
    std::printf("\n");
    for (const auto& problem : problems) std::printf("#   %s\n", problem.c_str());
    std::fflush(stdout);
    if (!problems.empty()) failures++;
  }
  return failures == 0 && number > 0 ? 0 : 1;
}
