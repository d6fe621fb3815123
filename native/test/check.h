// SPDX-License-Identifier: Apache-2.0
// A small test harness: tests register themselves, main.cc runs them and prints TAP 13.
//
//   TEST(parses_numbers) { CHECK(x); CHECK_EQ(a, b); }
//
// A failed CHECK is printed with file and line and does not end the test; REQUIRE returns from it.
// SKIP("reason") returns from the test and counts as a failure when SECURE_MUST_WORK=1.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>

namespace check {

using Function = void (*)();

struct Register {
  Register(const char* file, const char* name, Function function);
};

void failed(const char* file, int line, const std::string& what);
void skipped(const char* reason);

// Values as text for the message of a failed CHECK_EQ.
template <typename T>
std::string show(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_convertible_v<T, std::string_view>) {
    return "'" + std::string(std::string_view(value)) + "'";
  } else {
    return "(a value)";
  }
}

template <typename A, typename B>
bool equal(const A& a, const B& b) {
  // Literals are ints: compare integers by value whatever their signs, without -Wsign-compare.
  constexpr bool integers = std::is_integral_v<A> && std::is_integral_v<B> && !std::is_same_v<A, bool> &&
                            !std::is_same_v<B, bool>;
  if constexpr (integers) {
    if constexpr (std::is_signed_v<A> && !std::is_signed_v<B>) {
      return a >= 0 && static_cast<std::make_unsigned_t<A>>(a) == b;
    } else if constexpr (!std::is_signed_v<A> && std::is_signed_v<B>) {
      return b >= 0 && a == static_cast<std::make_unsigned_t<B>>(b);
    } else {
      return a == b;
    }
  } else {
    return a == b;
  }
}

template <typename A, typename B>
void equals(const char* file, int line, const char* text, const A& a, const B& b) {
  if (!equal(a, b)) failed(file, line, std::string(text) + ": " + show(a) + " is not " + show(b));
}

// Of a child, until it is killed. A loop whose effects nobody sees need not be there, and clang leaves it out.
[[noreturn]] inline void use_time() {
  for (volatile bool on = true; on;) {
  }
  ::_exit(99);
}
[[noreturn]] inline void use_memory() {
  for (volatile bool on = true; on;)
    if (auto* block = static_cast<volatile char*>(std::malloc(1 << 20)))
      for (int i = 0; i < 1 << 20; i += 512) block[i] = 1;
  ::_exit(99);
}

}  // namespace check

#define TEST(name)                                                       \
  static void test_##name();                                             \
  static const check::Register register_##name(__FILE__, #name, &test_##name); \
  static void test_##name()

#define CHECK(condition)                                               \
  do {                                                                 \
    if (!(condition)) check::failed(__FILE__, __LINE__, #condition);   \
  } while (false)

#define REQUIRE(condition)                             \
  do {                                                 \
    if (!(condition)) {                                \
      check::failed(__FILE__, __LINE__, #condition);   \
      return;                                          \
    }                                                  \
  } while (false)

#define CHECK_EQ(a, b) check::equals(__FILE__, __LINE__, #a " == " #b, (a), (b))

#define SKIP(reason)         \
  do {                       \
    check::skipped(reason);  \
    return;                  \
  } while (false)
