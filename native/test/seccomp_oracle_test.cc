// SPDX-License-Identifier: Apache-2.0
// Our compiler against libseccomp, program against program. Where the two differ on purpose the
// test says what each answers instead of leaving the point out.
#include <linux/audit.h>
#include LIBSECCOMP_HEADER
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <random>
#include <string>

#include "seccomp.h"
#include "check.h"
#include "fd.h"
#include "seccomp_model.h"
#include "seccomp_points.h"
#include "seccomp_random.h"

namespace {

using model::Arch;
using secure::seccomp::Program;

struct Context {
  scmp_filter_ctx filter = nullptr;
  explicit Context(std::uint32_t action) : filter(seccomp_init(action)) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { seccomp_release(filter); }
};

// libseccomp's words for ours: the same values, but for kill and log.
std::uint32_t scmp_action(const std::string& name, std::optional<unsigned> data) {
  const std::uint32_t value = model::action(name, data);
  return value == SECCOMP_RET_KILL_THREAD ? SCMP_ACT_KILL_THREAD : value;
}

scmp_compare scmp_operator(const std::string& op) {
  static const std::map<std::string, scmp_compare> kAll = {
      {"SCMP_CMP_EQ", SCMP_CMP_EQ}, {"SCMP_CMP_NE", SCMP_CMP_NE}, {"SCMP_CMP_LT", SCMP_CMP_LT},
      {"SCMP_CMP_LE", SCMP_CMP_LE}, {"SCMP_CMP_GT", SCMP_CMP_GT}, {"SCMP_CMP_GE", SCMP_CMP_GE},
      {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};
  return kAll.at(op);
}

// Values that satisfy all of `conditions` on a 32-bit argument, as aligned blocks: the only way to say
// "both" about one argument to libseccomp, and to say anything but equality under a mask.
// Scattered masks need too many: `budget` reaches zero.
void blocks(const std::vector<model::SeccompArg>& conditions, std::uint64_t seen, std::uint32_t base, unsigned size,
            std::vector<scmp_arg_cmp>& out, unsigned& budget) {
  if (budget == 0) return;
  budget--;
  const std::uint64_t last = base + ((1ULL << size) - 1);
  bool all = true;
  for (const auto& c : conditions) {
    const std::uint64_t v = c.value & seen;
    bool some_hold = false, some_fail = false;
    if (c.op == "SCMP_CMP_MASKED_EQ") {
      const std::uint64_t inside = v & ((1ULL << size) - 1);
      const bool outside_equal = ((base ^ c.value_two) & v & ~((1ULL << size) - 1)) == 0;
      some_hold = outside_equal;
      some_fail = !outside_equal || inside != 0;
    } else {
      // Ordering and equality change at v only: the ends and v's neighbours tell.
      for (std::uint64_t probe : {std::uint64_t{base}, last, v - 1, v, v + 1})
        if (probe >= base && probe <= last) (model::holds(c, probe, seen) ? some_hold : some_fail) = true;
    }
    if (!some_hold) return;
    all = all && !some_fail;
  }
  if (all) {
    const auto mask = static_cast<scmp_datum_t>(~((1ULL << size) - 1) & seen);
    out.push_back({conditions[0].index, SCMP_CMP_MASKED_EQ, mask, base});
    return;
  }
  blocks(conditions, seen, base, size - 1, out, budget);
  blocks(conditions, seen, base + (1U << (size - 1)), size - 1, out, budget);
}

// Alternatives for one argument of a rule.
std::vector<scmp_arg_cmp> alternatives(const std::vector<model::SeccompArg>& conditions, std::uint64_t seen) {
  if (seen == ~0ULL) {
    const auto& c = conditions[0];
    return {{c.index, scmp_operator(c.op), c.value, c.value_two}};
  }
  if (conditions.size() == 1 && conditions[0].op == "SCMP_CMP_MASKED_EQ") {
    const auto& c = conditions[0];
    return {{c.index, SCMP_CMP_MASKED_EQ, c.value & seen, c.value_two & seen}};
  }
  std::vector<scmp_arg_cmp> out;
  unsigned budget = 300;
  blocks(conditions, seen, 0, seen == 0xffff ? 16 : 32, out, budget);
  return budget == 0 ? std::vector<scmp_arg_cmp>(1000) : out;
}

enum class Added { yes, too_many, conflict };

// The rule with every combination of alternatives. libseccomp refuses a rule that widens an earlier one
// (conflict), and has no way back.
Added add_rule(scmp_filter_ctx filter, std::uint32_t action, const std::string& name, const model::SeccompRule& rule) {
  const int number = seccomp_syscall_resolve_name(name.c_str());
  if (rule.args.empty()) return seccomp_rule_add_array(filter, action, number, 0, nullptr) == 0 ? Added::yes : Added::conflict;
  std::map<unsigned, std::vector<model::SeccompArg>> by_argument;
  for (const auto& c : rule.args) by_argument[c.index].push_back(c);
  std::vector<std::vector<scmp_arg_cmp>> rows = {{}};
  for (const auto& [index, conditions] : by_argument) {
    const std::uint64_t seen = model::bits(name, Arch::x86_64, index);
    if (seen == ~0ULL && conditions.size() > 1) return Added::too_many;
    std::vector<std::vector<scmp_arg_cmp>> next;
    for (const auto& row : rows)
      for (const auto& one : alternatives(conditions, seen)) {
        next.push_back(row);
        next.back().push_back(one);
      }
    rows = std::move(next);
    if (rows.size() > 33) return Added::too_many;
  }
  for (const auto& row : rows)
    if (seccomp_rule_add_array(filter, action, number, static_cast<unsigned>(row.size()), row.data()) != 0) return Added::conflict;
  return Added::yes;
}

model::Seccomp without(model::Seccomp profile, const std::string& name) {
  std::erase_if(profile.rules, [&](const auto& rule) { return rule.names.size() == 1 && rule.names[0] == name; });
  return profile;
}

// A profile without rules that libseccomp cannot express is returned in `said`.
bool oracle(const model::Seccomp& profile, Program& out, model::Seccomp& said) {
  const std::uint32_t standard = scmp_action(profile.default_action, profile.default_errno_ret);
  Context context(standard);
  if (context.filter == nullptr) return false;
  seccomp_attr_set(context.filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  constexpr std::uint32_t kTokens[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
  for (Arch arch : model::kArches)
    if (arch != secure::syscalls::native_arch() && model::listed(profile, arch) &&
        seccomp_arch_add(context.filter, kTokens[static_cast<unsigned>(arch)]) != 0)
      return false;
  said = profile;
  said.rules.clear();
  for (const auto& rule : profile.rules) {
    const std::uint32_t action = scmp_action(rule.action, rule.errno_ret);
    for (const auto& name : rule.names) {
      if (action == standard || seccomp_syscall_resolve_name(name.c_str()) == __NR_SCMP_ERROR) continue;
      const Added added = add_rule(context.filter, action, name, rule);
      if (added == Added::conflict && rule.names.size() == 1) return oracle(without(profile, name), out, said);
      if (added != Added::yes) continue;
      said.rules.push_back(rule);
      said.rules.back().names = {name};
    }
  }
  secure::Fd file(::memfd_create("bpf", MFD_CLOEXEC));
  if (seccomp_export_bpf(context.filter, file.get()) != 0) return false;
  const auto size = static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END));
  out.code.resize(size / sizeof(sock_filter));
  return ::pread(file.get(), out.code.data(), size, 0) == static_cast<ssize_t>(size);
}

// A rule for `name` with a constant that a 32-bit register cannot hold: by its low bits for us (-1 written as a
// 64-bit number still is -1), never equal for libseccomp.
bool wide_constant(const model::Seccomp& profile, std::string_view name) {
  for (const auto& rule : profile.rules)
    for (const auto& named : rule.names)
      for (const auto& c : rule.args)
        if (named == name && ((c.value | c.value_two) >> 32) != 0) return true;
  return false;
}

// libseccomp 2.5 merges alternatives of one syscall wrongly when they order a 64-bit argument: the failing side of one rule's
// upper word ends in another rule's chain. The model arbitrates.
bool merged_orderings(const model::Seccomp& profile, std::string_view name, Arch arch) {
  std::size_t rules = 0;
  bool ordered = false;
  for (const auto& rule : profile.rules)
    if (rule.names[0] == name) {
      rules++;
      for (const auto& c : rule.args)
        ordered = ordered || (c.op != "SCMP_CMP_EQ" && c.op != "SCMP_CMP_MASKED_EQ" && model::bits(name, arch, c.index) == ~0ULL);
    }
  return ordered && rules > 1;
}

// Why the two may differ at a point, or "".
std::string known_difference(const model::Seccomp& profile, const seccomp_data& data) {
  const auto number = static_cast<std::uint32_t>(data.nr);
  if (data.arch == AUDIT_ARCH_X86_64 && number >= 0x40000000U) return "x32";
  for (Arch arch : model::kArches)
    if (secure::syscalls::audit_arch(arch) == data.arch) {
      const auto name = secure::syscalls::name_of(arch, number);
      if (name.empty() && model::listed(profile, arch)) return "unknown number";
      const bool wide = arch == Arch::x86_64 || arch == Arch::aarch64;
      if (!wide && wide_constant(profile, name)) return "wide constant";
      if (name == "socketcall" || name == "ipc") return "multiplexed";
      if (merged_orderings(profile, name, arch)) return "merged orderings";
      // libseccomp takes a rule for one of these as a rule for socketcall too, and the other way round.
      if (arch == Arch::i386)
        for (std::uint64_t call = 1; call < 25; call++)
          if (name == model::multiplexed("socketcall", call) || name == model::multiplexed("ipc", call)) return "multiplexed";
    }
  return "";
}

// libseccomp 2.5 sometimes jumps past the load of the number in the section of a second architecture, and compares the
// architecture with every number instead: then its answer does not depend on the number at all.
bool ignores_the_number(const Program& program, seccomp_data data) {
  const std::uint32_t answer = evaluate(program, data);
  for (int number = 0; number < 500; number++) {
    data.nr = number;
    if (evaluate(program, data) != answer) return false;
  }
  return true;
}

struct Count {
  std::size_t compared = 0, wrong = 0;
  std::map<std::string, std::size_t> differences;
};

void compare(const model::Seccomp& profile, std::mt19937_64& random, Count& count) {
  Program theirs;
  model::Seccomp said;
  if (!oracle(profile, theirs, said)) {
    CHECK(false && "libseccomp refuses the profile");
    return;
  }
  auto ours = secure::seccomp::compile(said);
  if (!ours.ok()) {
    CHECK(false && "we refuse the profile");
    return;
  }
  for (Arch arch : model::kArches)
    points::each(said, arch, random, 200, [&](const seccomp_data& data) {
      count.compared++;
      const std::uint32_t a = evaluate(*ours, data);
      const std::uint32_t b = evaluate(theirs, data);
      if (a == b) return;
      std::string why = known_difference(said, data);
      if (why.empty() && ignores_the_number(theirs, data)) why = "number not loaded";
      count.differences[why]++;
      if (!why.empty() && a == model::decide(said, data)) return;
      if (count.wrong++ < 5)
        std::printf("# arch %x nr %d args %llx %llx %llx: %x, libseccomp %x %s\n", data.arch, data.nr, data.args[0],
                    data.args[1], data.args[2], a, b, why.c_str());
    });
}

}  // namespace

TEST(seccomp_oracle_shipped_profiles) {
  std::mt19937_64 random(1);
  for (const char* level : {"baseline", "default", "strict", "docker"}) {
    auto text = secure::read_file(
        AT_FDCWD, std::string(SECURE_SOURCE_DIR "/test/profiles/seccomp/fixtures/") + level + ".json", 1U << 20);
    REQUIRE(text.ok());
    auto profile = secure::spec::parse_seccomp(*text);
    REQUIRE(profile.ok());
    Count count;
    compare(*profile, random, count);
    CHECK_EQ(count.wrong, 0);
    std::printf("# %s: %zu points;", level, count.compared);
    for (const auto& [why, n] : count.differences) std::printf(" %zu by '%s'", n, why.c_str());
    std::printf("\n");
  }
}

TEST(seccomp_oracle_random_profiles) {
  Count count;
  for (unsigned seed = 1; seed <= 40; seed++) {
    std::mt19937_64 random(seed);
    const std::size_t before = count.wrong;
    compare(random_profile::make(random, {40, false, seed % 2 == 0}), random, count);
    if (count.wrong != before) std::printf("# seed %u\n", seed);
  }
  CHECK_EQ(count.wrong, 0);
  std::printf("# seeds 1..40: %zu points;", count.compared);
  for (const auto& [why, n] : count.differences) std::printf(" %zu by '%s'", n, why.c_str());
  std::printf("\n");
}

TEST(seccomp_oracle_documented_differences) {
  model::Seccomp profile{"SCMP_ACT_ERRNO", {}, {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"}, {}, {}};
  profile.rules.push_back({{"read", "socket"}, "SCMP_ACT_ALLOW", {}, {}});
  Program theirs;
  model::Seccomp said;
  REQUIRE(oracle(profile, theirs, said));
  auto ours = secure::seccomp::compile(profile);
  REQUIRE(ours.ok());
  constexpr std::uint32_t kEperm = SECCOMP_RET_ERRNO | EPERM;
  constexpr std::uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;
  seccomp_data data{};
  data.arch = AUDIT_ARCH_X86_64;
  data.nr = 4000;  // a call of a kernel to come: glibc falls back on ENOSYS only
  CHECK_EQ(evaluate(*ours, data), kEnosys);
  CHECK_EQ(evaluate(theirs, data), kEperm);
  data.arch = AUDIT_ARCH_I386;
  data.nr = 102;  // allowing socket does not open socketcall's socket, whose domain no rule can see
  data.args[0] = 1;
  CHECK_EQ(evaluate(*ours, data), kEperm);
  CHECK_EQ(evaluate(theirs, data), std::uint32_t{SECCOMP_RET_ALLOW});
}

TEST(seccomp_oracle_precedence_of_unconditional_rules) {
  for (bool first : {true, false}) {
    model::Seccomp profile{"SCMP_ACT_KILL_PROCESS", {}, {}, {}, {}};
    const model::SeccompRule whole{{"ioctl"}, "SCMP_ACT_ALLOW", {}, {}};
    const model::SeccompRule part{{"ioctl"}, "SCMP_ACT_ERRNO", 1, {{1, 5, 0, "SCMP_CMP_EQ"}}};
    profile.rules = first ? std::vector{whole, part} : std::vector{part, whole};
    Program theirs;
    model::Seccomp said;
    REQUIRE(oracle(profile, theirs, said));
    seccomp_data data{16, AUDIT_ARCH_X86_64, 0, {0, 5}};
    CHECK_EQ(evaluate(*secure::seccomp::compile(profile), data), evaluate(theirs, data));
  }
}
