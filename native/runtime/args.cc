// SPDX-License-Identifier: Apache-2.0
#include "args.h"

#include <unistd.h>

#include "fd.h"
#include "help.h"

namespace secure::runtime {

Args::Args(int argc, char** argv, const char* synopsis, bool in_order) : argc_(argc), argv_(argv), synopsis_(synopsis), in_order_(in_order) {}

Args& Args::flag(std::string_view name, char letter, bool& to) {
  options_.push_back({name, letter, Kind::flag, &to});
  return *this;
}
Args& Args::text(std::string_view name, char letter, std::string& to) {
  options_.push_back({name, letter, Kind::text, &to});
  return *this;
}
Args& Args::list(std::string_view name, char letter, std::vector<std::string>& to) {
  options_.push_back({name, letter, Kind::list, &to});
  return *this;
}
Args& Args::ignored(std::string_view name, bool has_value) {
  options_.push_back({name, '\0', has_value ? Kind::skip_text : Kind::skip_flag, nullptr});
  return *this;
}

// Podman reads "flag needs an argument" to know whether an option exists.
Error Args::wrong(const std::string& what) const { return fail(Stage::config, "USAGE", 0, what, "usage: " + as_called(synopsis_)); }

const Args::Option* Args::find(std::string_view name) const {
  for (const auto& option : options_)
    if (option.name == name) return &option;
  return nullptr;
}

const Args::Option* Args::find(char letter) const {
  for (const auto& option : options_)
    if (option.letter == letter) return &option;
  return nullptr;
}

Status Args::take(const Option& option, const std::string& shown, const char* value) {
  std::string_view text = value == nullptr ? std::string_view() : std::string_view(value);
  switch (option.kind) {
    case Kind::flag:
      if (value != nullptr && text != "true" && text != "false") return wrong("option " + shown + " takes true or false, not '" + std::string(text) + "'");
      *static_cast<bool*>(option.to) = text != "false";
      break;
    case Kind::text: *static_cast<std::string*>(option.to) = text; break;
    case Kind::list: static_cast<std::vector<std::string>*>(option.to)->emplace_back(text); break;
    case Kind::skip_flag:
    case Kind::skip_text: break;
  }
  return Ok{};
}

Status Args::long_option(std::string_view word, int& at) {
  std::size_t eq = word.find('=');
  const std::string shown(word.substr(0, eq));
  const Option* option = find(word.substr(2, eq == std::string_view::npos ? eq : eq - 2));
  if (option == nullptr) return wrong("there is no option " + shown);
  if (eq != std::string_view::npos) return take(*option, shown, word.data() + eq + 1);
  if (option->kind == Kind::flag || option->kind == Kind::skip_flag) return take(*option, shown, nullptr);
  if (at + 1 >= argc_) return wrong("option " + shown + " needs a value (flag needs an argument)");
  return take(*option, shown, argv_[++at]);
}

Status Args::letters(std::string_view word, int& at) {
  for (std::size_t i = 1; i < word.size(); ++i) {
    const Option* option = find(word[i]);
    const std::string shown = std::string("-") + word[i];
    if (option == nullptr) return wrong("there is no option " + shown);
    if (option->kind == Kind::flag || option->kind == Kind::skip_flag) {
      SECURE_TRY(take(*option, shown, nullptr));
      continue;
    }
    if (i + 1 < word.size()) return take(*option, shown, word.data() + i + 1);
    if (at + 1 >= argc_) return wrong("option " + shown + " needs a value (flag needs an argument)");
    return take(*option, shown, argv_[++at]);
  }
  return Ok{};
}

// On standard output, as an answer; whoever asked for it is done.
void Args::help() const {
  std::string text = "NAME:\n   " + program_name() + " " + argv_[0] + " - " + std::string(about(argv_[0])) + "\n\nUsage: " + as_called(synopsis_) + "\n";
  if (!options_.empty()) text += "\noptions:\n";
  for (const auto& option : options_) {
    if (option.kind == Kind::skip_flag || option.kind == Kind::skip_text) continue;
    text += option.letter == '\0' ? "      --" : std::string("  -") + option.letter + ", --";
    text += std::string(option.name) + (option.kind == Kind::flag ? "\n" : " VALUE\n");
  }
  auto written = write_all(STDOUT_FILENO, text, "standard output");
  ::_exit(written ? 0 : 1);
}

Status Args::parse(std::size_t least, std::size_t most) {
  bool ended = false;
  for (int i = 1; i < argc_; ++i) {
    std::string_view word = argv_[i];
    if (ended || word.size() < 2 || word[0] != '-') {
      operands.emplace_back(word);
      ended = ended || in_order_;
    } else if (word == "--help" || word == "-h") {
      help();
    } else if (word == "--") {
      ended = true;
    } else if (word[1] == '-') {
      SECURE_TRY(long_option(word, i));
    } else {
      SECURE_TRY(letters(word, i));
    }
  }
  if (operands.size() < least) return wrong("an argument is missing");
  if (operands.size() > most) return wrong("'" + operands[most] + "' is one argument too many");
  return Ok{};
}

}  // namespace secure::runtime
