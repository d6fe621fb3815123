// SPDX-License-Identifier: Apache-2.0
// Any profile either is refused or compiles to a program that stays inside itself and decides as the model says. Input: a
// seccomp profile as JSON, or, when it is none, the seed of a random profile.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>

#include "../test/seccomp_model.h"
#include "../test/seccomp_points.h"
#include "../test/seccomp_random.h"
#include "seccomp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::uint64_t seed = 0;
  std::memcpy(&seed, bytes, std::min(size, sizeof seed));
  std::mt19937_64 random(seed);
  auto parsed = secure::spec::parse_seccomp({reinterpret_cast<const char*>(bytes), size});
  const model::Seccomp profile =
      parsed.ok() ? std::move(*parsed) : random_profile::make(random, {8, (seed & 1) != 0, (seed & 2) != 0});
  auto program = secure::seccomp::compile(profile);
  if (!program.ok()) return 0;
  for (std::size_t i = 0; i < program->code.size(); i++) {
    const sock_filter& insn = program->code[i];
    if (BPF_CLASS(insn.code) != BPF_JMP) continue;
    const std::size_t skip = BPF_OP(insn.code) == BPF_JA ? insn.k : std::max(insn.jt, insn.jf);
    if (i + 1 + skip >= program->code.size()) std::abort();
  }
  for (auto arch : model::kArches)
    points::each(profile, arch, random, 8, [&](const seccomp_data& data) {
      if (secure::seccomp::evaluate(*program, data) != model::decide(profile, data)) std::abort();
    });
  return 0;
}
