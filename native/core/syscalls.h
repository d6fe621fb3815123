// SPDX-License-Identifier: Apache-2.0
// Syscall numbers and argument widths of the architectures that a filter can be compiled for.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace secure::syscalls {

// The order of the columns of a Row.
enum class Arch : unsigned { x86_64, i386, aarch64, arm };
inline constexpr unsigned kArchCount = 4;

// Widths: two bits an argument, argument 0 lowest.
enum class Width : unsigned { whole = 0, low32 = 1, low16 = 2 };

template <unsigned N>
struct Row {
  char name[N];                     // fixed size: no relocation at start-up
  std::int32_t number[kArchCount];  // -1: not there
  std::uint16_t width[kArchCount];
};

// AUDIT_ARCH_* as in seccomp_data.arch.
std::uint32_t audit_arch(Arch arch);

// The architecture of this build.
Arch native_arch();

// A syscall as one architecture has it.
struct Call {
  std::uint32_t number = 0;
  std::uint16_t widths = 0;
  [[nodiscard]] Width width(unsigned index) const { return static_cast<Width>((widths >> (2 * index)) & 3U); }
};

// A name as every architecture has it: number -1 where it is missing. nullptr: in no table.
struct Named {
  std::string_view name;
  const std::int32_t* number;
  const std::uint16_t* width;
};
bool find(std::string_view name, Named& out);

// All numbers of an architecture, ascending.
std::span<const std::int32_t> numbers(Arch arch);

// The name of a number, empty when unknown.
std::string_view name_of(Arch arch, std::uint32_t number);

}  // namespace secure::syscalls
