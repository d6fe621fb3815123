// SPDX-License-Identifier: Apache-2.0
// Command lines of the OCI commands, as the engines write them for runc and crun: --name VALUE, --name=VALUE, -n VALUE, and
// flags as --name or --name=false.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "result.h"

namespace secure::runtime {

class Args {
 public:
  // With `in_order`, options end at the first operand: what follows belongs to the container's program.
  Args(int argc, char** argv, const char* synopsis, bool in_order = false);

  // Where a value goes. `letter` 0: no short form. The targets must outlive parse().
  Args& flag(std::string_view name, char letter, bool& to);
  Args& text(std::string_view name, char letter, std::string& to);
  Args& list(std::string_view name, char letter, std::vector<std::string>& to);
  // Taken and ignored: what other runtimes have for a need that does not exist here.
  Args& ignored(std::string_view name, bool has_value);

  // USAGE for an unknown option, a missing value, or a number of operands outside of [least, most].
  Status parse(std::size_t least, std::size_t most);

  std::vector<std::string> operands;

 private:
  enum class Kind { flag, text, list, skip_flag, skip_text };
  struct Option {
    std::string_view name;
    char letter;
    Kind kind;
    void* to;
  };
  [[noreturn]] void help() const;
  Error wrong(const std::string& what) const;
  const Option* find(std::string_view name) const;
  const Option* find(char letter) const;
  Status take(const Option& option, const std::string& shown, const char* value);
  Status long_option(std::string_view word, int& at);
  Status letters(std::string_view word, int& at);

  int argc_;
  char** argv_;
  const char* synopsis_;
  bool in_order_;
  std::vector<Option> options_;
};

}  // namespace secure::runtime
