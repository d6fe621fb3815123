// SPDX-License-Identifier: Apache-2.0
#include "syscalls.h"

#include <linux/audit.h>

#include <algorithm>
#include <iterator>

#include "syscalls_table.h"

namespace secure::syscalls {

namespace {

constexpr std::size_t kCount = std::size(kRows);

// Names are looked up some 400 times a profile, times three architectures when that is a search
// each: one open-addressing table over the names keeps compilation far below the cost of the clone.
constexpr std::size_t kSlots = 2048;
static_assert(kCount < kSlots / 2 && kCount < 0xffff);

constexpr std::size_t hash(std::string_view name) {
  std::uint32_t h = 2166136261U;  // FNV-1a
  for (char c : name) h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
  return (h ^ (h >> 15)) % kSlots;
}

constexpr auto make_index() {
  std::array<std::uint16_t, kSlots> index{};
  for (std::size_t row = 0; row < kCount; row++) {
    std::size_t slot = hash(kRows[row].name);
    while (index[slot] != 0) slot = (slot + 1) % kSlots;
    index[slot] = static_cast<std::uint16_t>(row + 1);
  }
  return index;
}
constexpr auto kIndex = make_index();

template <unsigned A>
constexpr auto make_numbers() {
  constexpr std::size_t count =
      static_cast<std::size_t>(std::count_if(std::begin(kRows), std::end(kRows), [](const auto& r) { return r.number[A] >= 0; }));
  std::array<std::int32_t, count> list{};
  std::size_t n = 0;
  for (const auto& row : kRows)
    if (row.number[A] >= 0) list[n++] = row.number[A];
  std::sort(list.begin(), list.end());
  return list;
}
constexpr auto kX86_64 = make_numbers<0>();
constexpr auto kI386 = make_numbers<1>();
constexpr auto kAarch64 = make_numbers<2>();
constexpr auto kArm = make_numbers<3>();

}  // namespace

std::uint32_t audit_arch(Arch arch) {
  switch (arch) {
    case Arch::x86_64: return AUDIT_ARCH_X86_64;
    case Arch::i386: return AUDIT_ARCH_I386;
    case Arch::aarch64: return AUDIT_ARCH_AARCH64;
    case Arch::arm: return AUDIT_ARCH_ARM;
  }
  return 0;
}

Arch native_arch() {
#if defined(__x86_64__)
  return Arch::x86_64;
#elif defined(__aarch64__)
  return Arch::aarch64;
#else
#error "no syscall table for this architecture"
#endif
}

bool find(std::string_view name, Named& out) {
  for (std::size_t slot = hash(name); kIndex[slot] != 0; slot = (slot + 1) % kSlots) {
    const auto& row = kRows[kIndex[slot] - 1U];
    if (name != row.name) continue;
    out = {row.name, row.number, row.width};
    return true;
  }
  return false;
}

std::span<const std::int32_t> numbers(Arch arch) {
  switch (arch) {
    case Arch::x86_64: return kX86_64;
    case Arch::i386: return kI386;
    case Arch::aarch64: return kAarch64;
    case Arch::arm: return kArm;
  }
  return {};
}

std::string_view name_of(Arch arch, std::uint32_t number) {
  for (const auto& row : kRows)
    if (row.number[static_cast<unsigned>(arch)] == static_cast<std::int64_t>(number)) return row.name;
  return {};
}

}  // namespace secure::syscalls
