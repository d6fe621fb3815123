// SPDX-License-Identifier: Apache-2.0
#include "warning.h"

namespace secure::warning {

namespace {
void (*current)(const std::string&) = nullptr;
void (*steps)(const std::string&) = nullptr;
}

void to(void (*sink)(const std::string& text)) { current = sink; }

void emit(const std::string& text) {
  if (current != nullptr) current(text);
}

void debug_to(void (*sink)(const std::string& text)) { steps = sink; }

bool debugging() { return steps != nullptr; }

void debug(const std::string& text) {
  if (steps != nullptr) steps(text);
}

}  // namespace secure::warning
