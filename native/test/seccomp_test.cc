// SPDX-License-Identifier: Apache-2.0
#include "seccomp.h"

#include <linux/audit.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <random>

#include "check.h"
#include "seccomp_model.h"
#include "seccomp_points.h"
#include "seccomp_random.h"

namespace {

using secure::seccomp::compile;
using secure::seccomp::evaluate;
using secure::seccomp::Program;
using secure::spec::Seccomp;
using secure::spec::SeccompArg;

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kKill = SECCOMP_RET_KILL_PROCESS;
constexpr std::uint32_t kEperm = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;

Seccomp refusing() { return {"SCMP_ACT_ERRNO", {}, {}, {}, {}}; }
Seccomp allowing() { return {"SCMP_ACT_ALLOW", {}, {}, {}, {}}; }

void rule(Seccomp& profile, const char* name, const char* action, std::vector<SeccompArg> args = {}) {
  profile.rules.push_back({{name}, action, {}, std::move(args)});
}

std::uint32_t decide(const Seccomp& profile, const char* name, std::vector<std::uint64_t> args = {},
                     model::Arch arch = model::Arch::x86_64) {
  auto program = compile(profile);
  secure::syscalls::Named named;
  if (!program.ok() || !secure::syscalls::find(name, named)) return 0xdead;
  seccomp_data data{};
  data.nr = named.number[static_cast<unsigned>(arch)];
  data.arch = secure::syscalls::audit_arch(arch);
  std::copy(args.begin(), args.end(), std::begin(data.args));
  return evaluate(*program, data);
}

std::string error_of(const Seccomp& profile) {
  auto program = compile(profile);
  return program.ok() ? "" : program.error().code + ": " + program.error().message;
}

// What the kernel's checker asks for: jumps inside the program, and a return at its end.
bool well_formed(const Program& program) {
  const std::size_t size = program.code.size();
  if (size == 0 || size > BPF_MAXINSNS || BPF_CLASS(program.code.back().code) != BPF_RET) return false;
  for (std::size_t i = 0; i < size; i++) {
    const sock_filter& insn = program.code[i];
    if (BPF_CLASS(insn.code) != BPF_JMP) continue;
    if (BPF_OP(insn.code) == BPF_JA ? i + 1 + insn.k >= size : i + 1 + std::max(insn.jt, insn.jf) >= size) return false;
  }
  return true;
}

}  // namespace

TEST(seccomp_masks_what_the_kernel_truncates) {
  Seccomp profile = allowing();
  rule(profile, "socket", "SCMP_ACT_ERRNO", {{0, 40, 0, "SCMP_CMP_EQ"}});
  rule(profile, "ioctl", "SCMP_ACT_ERRNO", {{1, 0x5412, 0, "SCMP_CMP_EQ"}});
  rule(profile, "mknod", "SCMP_ACT_ERRNO", {{1, 0xf000, 0x2000, "SCMP_CMP_MASKED_EQ"}});
  rule(profile, "clone", "SCMP_ACT_ERRNO", {{0, 0x10000000, 0x10000000, "SCMP_CMP_MASKED_EQ"}});
  rule(profile, "mmap", "SCMP_ACT_ERRNO", {{0, 40, 0, "SCMP_CMP_EQ"}});
  CHECK_EQ(decide(profile, "socket", {40}), kEperm);
  CHECK_EQ(decide(profile, "socket", {40 | 1ULL << 32}), kEperm);
  CHECK_EQ(decide(profile, "ioctl", {0, 0xdeadbeef00005412}), kEperm);
  CHECK_EQ(decide(profile, "mknod", {0, 0x2001 | 7ULL << 16}), kEperm);
  CHECK_EQ(decide(profile, "clone", {0x10000000 | 1ULL << 40}), kEperm);
  CHECK_EQ(decide(profile, "mmap", {40 | 1ULL << 32}), kAllow);
}

TEST(seccomp_wide_constants_for_narrow_arguments_count_by_their_low_bits) {
  Seccomp profile = refusing();
  rule(profile, "personality", "SCMP_ACT_ALLOW", {{0, ~0ULL, 0, "SCMP_CMP_EQ"}});
  CHECK_EQ(decide(profile, "personality", {0xffffffff}), kAllow);
  CHECK_EQ(decide(profile, "personality", {~0ULL}), kAllow);
  CHECK_EQ(decide(profile, "personality", {0xfffffffe}), kEperm);
}

TEST(seccomp_numbers_in_no_table_are_missing_not_refused) {
  Seccomp profile = refusing();
  seccomp_data data{};
  data.arch = AUDIT_ARCH_X86_64;
  data.nr = 2000;
  CHECK_EQ(evaluate(*compile(profile), data), kEnosys);
  data.nr = -1;
  CHECK_EQ(evaluate(*compile(profile), data), kEnosys);
  profile.default_action = "SCMP_ACT_KILL_PROCESS";
  data.nr = 2000;
  CHECK_EQ(evaluate(*compile(profile), data), kKill);
  CHECK_EQ(decide(refusing(), "read"), kEperm);
}

TEST(seccomp_x32_never_reaches_an_allowing_default) {
  Seccomp profile = allowing();
  rule(profile, "ptrace", "SCMP_ACT_ERRNO");
  seccomp_data data{};
  data.arch = AUDIT_ARCH_X86_64;
  data.nr = 0x40000000 | 521;  // x32's ptrace
  CHECK_EQ(evaluate(*compile(profile), data), kKill);
  profile.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X32"};
  CHECK_EQ(evaluate(*compile(profile), data), kEnosys);
}

TEST(seccomp_foreign_architectures_are_killed) {
  Seccomp profile = allowing();
  CHECK_EQ(decide(profile, "read", {}, model::Arch::i386), kKill);
  profile.architectures = {"SCMP_ARCH_X86", "SCMP_ARCH_PPC64LE"};
  CHECK_EQ(decide(profile, "read", {}, model::Arch::i386), kAllow);
  CHECK_EQ(decide(profile, "read", {}, model::Arch::x86_64), kAllow);
  CHECK_EQ(decide(profile, "read", {}, model::Arch::aarch64), kKill);
}

TEST(seccomp_refusing_socket_closes_socketcall) {
  Seccomp profile = allowing();
  profile.architectures = {"SCMP_ARCH_X86"};
  rule(profile, "socket", "SCMP_ACT_ERRNO", {{0, 40, 0, "SCMP_CMP_EQ"}});
  rule(profile, "shmget", "SCMP_ACT_ERRNO");
  const auto i386 = model::Arch::i386;
  CHECK_EQ(decide(profile, "socketcall", {1}, i386), kEperm);
  CHECK_EQ(decide(profile, "socketcall", {2}, i386), kAllow);
  CHECK_EQ(decide(profile, "ipc", {23}, i386), kEperm);
  CHECK_EQ(decide(profile, "ipc", {23 | 1U << 16}, i386), kEperm);
  CHECK_EQ(decide(profile, "ipc", {24}, i386), kAllow);
  // The profile's own word on socketcall is final, and an allowing rule never opens it.
  rule(profile, "socketcall", "SCMP_ACT_TRAP");
  CHECK_EQ(decide(profile, "socketcall", {2}, i386), std::uint32_t{SECCOMP_RET_TRAP});
  Seccomp list = refusing();
  list.architectures = {"SCMP_ARCH_X86"};
  rule(list, "socket", "SCMP_ACT_ALLOW");
  CHECK_EQ(decide(list, "socketcall", {1}, i386), kEperm);
}

TEST(seccomp_precedence) {
  Seccomp profile = refusing();
  rule(profile, "ioctl", "SCMP_ACT_ALLOW", {{0, 1, 0, "SCMP_CMP_EQ"}});
  rule(profile, "ioctl", "SCMP_ACT_KILL_PROCESS", {{1, 2, 0, "SCMP_CMP_EQ"}});
  rule(profile, "ioctl", "SCMP_ACT_LOG", {{0, 1, 0, "SCMP_CMP_GE"}});
  CHECK_EQ(decide(profile, "ioctl", {1, 2}), kKill);
  CHECK_EQ(decide(profile, "ioctl", {1, 3}), std::uint32_t{SECCOMP_RET_LOG});
  CHECK_EQ(decide(profile, "ioctl", {0, 3}), kEperm);
  rule(profile, "ioctl", "SCMP_ACT_ALLOW");
  rule(profile, "ioctl", "SCMP_ACT_TRAP");
  CHECK_EQ(decide(profile, "ioctl", {1, 2}), kAllow);
}

TEST(seccomp_conditions_on_one_argument_all_hold) {
  Seccomp profile = refusing();
  rule(profile, "ioctl", "SCMP_ACT_ALLOW", {{1, 5, 0, "SCMP_CMP_GE"}, {1, 9, 0, "SCMP_CMP_LE"}, {1, 7, 0, "SCMP_CMP_NE"}});
  for (std::uint64_t value = 0; value < 12; value++)
    CHECK_EQ(decide(profile, "ioctl", {0, value}), value >= 5 && value <= 9 && value != 7 ? kAllow : kEperm);
}

TEST(seccomp_of_several_values_for_one_argument_one_is_enough) {
  Seccomp profile = refusing();
  rule(profile, "ioctl", "SCMP_ACT_ALLOW", {{0, 1, 0, "SCMP_CMP_EQ"}, {0, 2, 0, "SCMP_CMP_EQ"}, {1, 5, 0, "SCMP_CMP_EQ"}, {1, 6, 0, "SCMP_CMP_EQ"}, {2, 3, 0, "SCMP_CMP_LT"}});
  for (std::uint64_t a = 0; a < 4; a++)
    for (std::uint64_t b = 4; b < 8; b++)
      for (std::uint64_t c = 2; c < 4; c++)
        CHECK_EQ(decide(profile, "ioctl", {a, b, c}), (a == 1 || a == 2) && (b == 5 || b == 6) && c < 3 ? kAllow : kEperm);
  // A refusal too: read as "both" it would refuse nothing.
  Seccomp open{"SCMP_ACT_ALLOW", {}, {}, {}, {}};
  rule(open, "personality", "SCMP_ACT_ERRNO", {{0, 8, 0, "SCMP_CMP_EQ"}, {0, 9, 0, "SCMP_CMP_EQ"}});
  for (std::uint64_t a = 7; a < 11; a++) CHECK_EQ(decide(open, "personality", {a}), a == 8 || a == 9 ? kEperm : kAllow);
  std::vector<SeccompArg> many;
  for (unsigned index = 0; index < 6; index++)
    for (std::uint64_t value = 0; value < 5; value++) many.push_back({index, value, 0, "SCMP_CMP_EQ"});
  Seccomp large = refusing();
  rule(large, "ioctl", "SCMP_ACT_ALLOW", many);
  auto refused = compile(large);
  CHECK(!refused.ok() && refused.error().code == "SECCOMP_TOO_LARGE");
}

TEST(seccomp_reports_names_that_no_architecture_has) {
  Seccomp profile = refusing();
  profile.rules.push_back({{"read", "no_such_call", "arm_fadvise64_64", "_llseek"}, "SCMP_ACT_ALLOW", {}, {}});
  auto program = compile(profile);
  REQUIRE(program.ok());
  CHECK(program->unknown_names == (std::vector<std::string>{"no_such_call", "arm_fadvise64_64", "_llseek"}));
  profile.architectures = {"SCMP_ARCH_X86"};
  CHECK(compile(profile)->unknown_names == (std::vector<std::string>{"no_such_call", "arm_fadvise64_64"}));
  profile.refuse_unknown_names = true;
  CHECK_EQ(error_of(profile), "SECCOMP_INVALID: linux.seccomp.syscalls: unknown system call 'no_such_call'");
}

TEST(seccomp_rejects_what_it_does_not_understand) {
  Seccomp profile = refusing();
  CHECK_EQ(error_of(profile), "");
  profile.default_action = "SCMP_ACT_NOPE";
  CHECK_EQ(error_of(profile), "SECCOMP_INVALID: linux.seccomp.defaultAction: unknown action 'SCMP_ACT_NOPE'");
  profile = refusing();
  profile.default_errno_ret = 4096;
  CHECK(!error_of(profile).empty());
  profile = allowing();
  profile.default_errno_ret = 1;
  CHECK_EQ(error_of(profile), "SECCOMP_INVALID: linux.seccomp.defaultAction: SCMP_ACT_ALLOW takes no errno");
  profile = refusing();
  profile.architectures = {"SCMP_ARCH_VAX"};
  CHECK(!error_of(profile).empty());
  profile = refusing();
  profile.flags = {"SECCOMP_FILTER_FLAG_NEW_LISTENER"};
  CHECK(!error_of(profile).empty());
  profile = refusing();
  rule(profile, "read", "SCMP_ACT_ALLOW", {{6, 0, 0, "SCMP_CMP_EQ"}});
  CHECK_EQ(error_of(profile), "SECCOMP_INVALID: linux.seccomp.syscalls[0].args[0]: argument index 6 is above 5");
  profile = refusing();
  rule(profile, "read", "SCMP_ACT_ALLOW", {{0, 0, 0, "=="}});
  CHECK(!error_of(profile).empty());
  profile = refusing();
  profile.rules.push_back({{}, "SCMP_ACT_ALLOW", {}, {}});
  CHECK_EQ(error_of(profile), "SECCOMP_INVALID: linux.seccomp.syscalls[0].names: is empty");
}

TEST(seccomp_a_filter_that_the_kernel_would_refuse_is_an_error) {
  Seccomp profile = refusing();
  for (std::uint64_t i = 0; i < 2100; i++) rule(profile, "read", "SCMP_ACT_ALLOW", {{1, i * 3, 0, "SCMP_CMP_EQ"}});
  CHECK(error_of(profile).starts_with("SECCOMP_TOO_LARGE"));
}

TEST(seccomp_long_chains_keep_their_jumps) {
  Seccomp profile = refusing();
  for (std::uint64_t i = 0; i < 900; i++) rule(profile, "ioctl", "SCMP_ACT_ALLOW", {{1, i * 3, 0, "SCMP_CMP_EQ"}});
  auto program = compile(profile);
  REQUIRE(program.ok());
  CHECK(well_formed(*program));
  // The word is loaded once, then compared: 900 comparisons and some returns.
  CHECK(program->code.size() < 1000);
  for (std::uint64_t i = 0; i < 2700; i += 7) CHECK_EQ(decide(profile, "ioctl", {0, i}), i % 3 == 0 ? kAllow : kEperm);
}

TEST(seccomp_random_profiles_follow_the_model) {
#if defined(SECURE_SANITIZED)
  constexpr unsigned kSeeds = 4;  // minutes otherwise; what is decided is the other build's to tell
#else
  constexpr unsigned kSeeds = 30;
#endif
  for (unsigned seed = 1; seed <= kSeeds; seed++) {
    std::mt19937_64 random(seed);
    const Seccomp profile = random_profile::make(random, {40, seed % 2 == 0, seed % 3 == 0});
    auto program = compile(profile);
    REQUIRE(program.ok());
    CHECK(well_formed(*program));
    std::size_t wrong = 0;
    for (auto arch : model::kArches)
      points::each(profile, arch, random, 300, [&](const seccomp_data& data) {
        const std::uint32_t ours = evaluate(*program, data);
        const std::uint32_t wanted = model::decide(profile, data);
        if (ours == wanted || wrong++ > 0) return;
        std::printf("# seed %u arch %x nr %d: %x, the model says %x\n", seed, data.arch, data.nr, ours, wanted);
      });
    CHECK_EQ(wrong, 0);
  }
}

TEST(seccomp_compiles_far_faster_than_a_process_starts) {
  Seccomp profile = refusing();
  profile.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  for (std::int32_t n : secure::syscalls::numbers(model::Arch::x86_64))
    if (n % 12 != 0) rule(profile, std::string(secure::syscalls::name_of(model::Arch::x86_64, static_cast<std::uint32_t>(n))).c_str(), "SCMP_ACT_ALLOW");
  double best = 1e9;
  for (int i = 0; i < 50; i++) {
    const auto start = std::chrono::steady_clock::now();
    auto program = compile(profile);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    REQUIRE(program.ok());
    best = std::min(best, took.count());
  }
  std::printf("# %zu rules, two architectures: %.3f ms\n", profile.rules.size(), best);
  CHECK(best < 2.0);  // 0.2 ms is the aim; ten times that only under a sanitizer
}
