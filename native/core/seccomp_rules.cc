// SPDX-License-Identifier: Apache-2.0
#include "seccomp_rules.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

namespace secure::seccomp {

namespace {

constexpr std::size_t kMaxAlternatives = 4096;  // as many as a filter has instructions
constexpr unsigned kMaxErrno = 4095;  // the kernel's MAX_ERRNO; a larger one would not be an error

struct Action {
  std::string_view name;
  std::uint32_t value;
  unsigned max_data;  // 0: takes no errnoRet
};
constexpr Action kActions[] = {
    {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, 0},
    {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, kMaxErrno},
    {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, 0},
    {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, 0},
    {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, 0},
    {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP, 0},
    {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE, SECCOMP_RET_DATA},
    {"SCMP_ACT_LOG", SECCOMP_RET_LOG, 0},
    {"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF, 0},
};

struct Operator {
  std::string_view name;
  Op op;
};
constexpr Operator kOperators[] = {
    {"SCMP_CMP_EQ", Op::eq}, {"SCMP_CMP_NE", Op::ne}, {"SCMP_CMP_LT", Op::lt}, {"SCMP_CMP_LE", Op::le},
    {"SCMP_CMP_GT", Op::gt}, {"SCMP_CMP_GE", Op::ge}, {"SCMP_CMP_MASKED_EQ", Op::masked_eq},
};

struct Flag {
  std::string_view name;
  unsigned value;
};
constexpr Flag kFlags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
};

struct ArchName {
  std::string_view name;
  syscalls::Arch arch;
};
constexpr ArchName kArchitectures[] = {
    {"SCMP_ARCH_X86_64", syscalls::Arch::x86_64},
    {"SCMP_ARCH_X86", syscalls::Arch::i386},
    {"SCMP_ARCH_AARCH64", syscalls::Arch::aarch64},
    {"SCMP_ARCH_ARM", syscalls::Arch::arm},
};
// The rest of the specification's list: valid words without a table. Leaving them out of the filter
// means that their calls are foreign, and killed.
constexpr std::string_view kForeign[] = {
    "SCMP_ARCH_MIPS",        "SCMP_ARCH_MIPS64",   "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64",    "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",      "SCMP_ARCH_PPC64",
    "SCMP_ARCH_PPC64LE",     "SCMP_ARCH_S390",     "SCMP_ARCH_S390X",       "SCMP_ARCH_PARISC",
    "SCMP_ARCH_PARISC64",    "SCMP_ARCH_RISCV64",  "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
    "SCMP_ARCH_SH",          "SCMP_ARCH_SHEB",
};

template <typename Table>
const std::remove_extent_t<Table>* lookup(const Table& table, std::string_view name) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const auto& row) { return row.name == name; });
  return found == std::end(table) ? nullptr : found;
}

Error invalid(const std::string& field, const std::string& problem) {
  return fail(Stage::seccomp, "SECCOMP_INVALID", 0, "linux.seccomp." + field + ": " + problem);
}

Result<std::uint32_t> read_action(const std::string& name, std::optional<unsigned> data, const std::string& field) {
  const Action* action = lookup(kActions, name);
  if (action == nullptr) return invalid(field, "unknown action '" + name + "'");
  if (!data) return action->value | (action->max_data != 0 ? static_cast<std::uint32_t>(EPERM) : 0U);
  // The specification: an errno for an action without one must be an error.
  if (action->max_data == 0) return invalid(field, name + " takes no errno");
  if (*data > action->max_data) return invalid(field, "errno " + std::to_string(*data) + " is out of range");
  return action->value | *data;
}

Result<Condition> read_condition(const spec::SeccompArg& arg, const std::string& field) {
  const Operator* found = lookup(kOperators, arg.op);
  if (found == nullptr) return invalid(field, "unknown operator '" + arg.op + "'");
  if (arg.index > 5) return invalid(field, "argument index " + std::to_string(arg.index) + " is above 5");
  if (found->op != Op::masked_eq) return Condition{arg.index, found->op, arg.value, 0};
  // libseccomp ignores bits of the wanted value outside the mask; a refusal that could never match
  // would be a hole.
  return Condition{arg.index, Op::masked_eq, arg.value_two & arg.value, arg.value};
}

Status read_architectures(const spec::Seccomp& profile, Rules& out) {
  out.architectures.push_back(syscalls::native_arch());
  bool x32 = false;
  for (const auto& name : profile.architectures) {
    if (name == "SCMP_ARCH_NATIVE") continue;
    if (name == "SCMP_ARCH_X32") {
      x32 = true;
      continue;
    }
    const ArchName* found = lookup(kArchitectures, name);
    if (found == nullptr) {
      if (std::find(std::begin(kForeign), std::end(kForeign), name) == std::end(kForeign))
        return invalid("architectures", "unknown architecture '" + name + "'");
      continue;
    }
    auto& list = out.architectures;
    if (std::find(list.begin(), list.end(), found->arch) == list.end()) list.push_back(found->arch);
  }
  // x32 has its own numbers for dangerous calls (ptrace is 521): never let it reach an allowing default.
  constexpr std::uint32_t enosys = SECCOMP_RET_ERRNO | ENOSYS;
  out.x32_action = !x32                                          ? SECCOMP_RET_KILL_PROCESS
                   : stricter(enosys, out.default_action)        ? enosys
                                                                 : out.unknown_action;
  return Ok{};
}

bool asks_for_one_value(const Condition& condition, unsigned index) { return condition.op == Op::eq && condition.index == index; }

// How many of a rule's conditions ask for one value of this argument.
std::size_t values_of(const Rule& rule, unsigned index) {
  return static_cast<std::size_t>(std::count_if(rule.conditions.begin(), rule.conditions.end(), [&](const Condition& c) { return asks_for_one_value(c, index); }));
}

std::size_t count_alternatives(const Rule& rule) {
  std::size_t out = 1;
  if (rule.conditions.size() < 2) return out;
  for (unsigned index = 0; index < 6 && out <= kMaxAlternatives; ++index) out *= std::max<std::size_t>(1, values_of(rule, index));
  return out;
}

}  // namespace

std::vector<Rule> alternatives(const Rule& rule) {
  if (count_alternatives(rule) == 1) return {};
  std::vector<Rule> out{rule};
  for (unsigned index = 0; index < 6; ++index) {
    if (values_of(rule, index) < 2) continue;
    std::vector<Rule> next;
    for (const Rule& one : out)
      for (const Condition& value : one.conditions) {
        if (!asks_for_one_value(value, index)) continue;
        Rule& made = next.emplace_back(one);
        std::erase_if(made.conditions, [&](const Condition& c) { return asks_for_one_value(c, index); });
        made.conditions.push_back(value);
      }
    out = std::move(next);
  }
  return out;
}

bool stricter(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a & SECCOMP_RET_ACTION_FULL) < static_cast<std::int32_t>(b & SECCOMP_RET_ACTION_FULL);
}

Result<Rules> read_rules(const spec::Seccomp& profile) {
  Rules out;
  SECURE_LET(standard, read_action(profile.default_action, profile.default_errno_ret, "defaultAction"));
  out.default_action = standard;
  const bool errno_default = (standard & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
  out.unknown_action = errno_default ? SECCOMP_RET_ERRNO | ENOSYS : standard;
  SECURE_TRY(read_architectures(profile, out));
  for (const auto& name : profile.flags) {
    const Flag* flag = lookup(kFlags, name);
    if (flag == nullptr) return invalid("flags", "unknown flag '" + name + "'");
    out.flags |= flag->value;
  }
  out.rules.reserve(profile.rules.size());
  for (std::size_t i = 0; i < profile.rules.size(); i++) {
    const auto& source = profile.rules[i];
    const std::string field = "syscalls[" + std::to_string(i) + "]";
    if (source.names.empty()) return invalid(field + ".names", "is empty");
    SECURE_LET(action, read_action(source.action, source.errno_ret, field + ".action"));
    Rule rule{action, {}};
    rule.conditions.reserve(source.args.size());
    for (std::size_t n = 0; n < source.args.size(); n++) {
      SECURE_LET(condition, read_condition(source.args[n], field + ".args[" + std::to_string(n) + "]"));
      rule.conditions.push_back(condition);
    }
    if (count_alternatives(rule) > kMaxAlternatives) return fail(Stage::seccomp, "SECCOMP_TOO_LARGE", 0, "linux.seccomp." + field + ".args names too many values");
    out.rules.push_back(std::move(rule));
  }
  return out;
}

}  // namespace secure::seccomp
