// SPDX-License-Identifier: Apache-2.0
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <span>

#include "seccomp.h"
#include "seccomp_assembler.h"
#include "seccomp_conditions.h"
#include "seccomp_rules.h"
#include "syscalls.h"

namespace secure::seccomp {

namespace {

using syscalls::Arch;
using Target = Assembler::Target;

constexpr std::uint32_t kX32Bit = 0x40000000;  // __X32_SYSCALL_BIT
constexpr std::uint32_t kMinusOne = 0xffffffff;

// One rule naming one syscall of one architecture.
struct Use {
  syscalls::Call call;
  const Rule* rule;
};

// From `start` up to the next segment's start every number is decided alike: by one action or by
// the rules uses[first..first+count).
struct Segment {
  std::uint32_t start;
  std::uint32_t action;
  std::size_t first = 0, count = 0;
};

struct Multiplexed {
  std::string_view name;
  bool ipc;
  std::uint32_t call;
};
// Numbers from <linux/net.h> and <linux/ipc.h>.
constexpr Multiplexed kMultiplexed[] = {
    {"socket", false, 1},      {"bind", false, 2},         {"connect", false, 3},     {"listen", false, 4},
    {"accept", false, 5},      {"getsockname", false, 6},  {"getpeername", false, 7}, {"socketpair", false, 8},
    {"send", false, 9},        {"recv", false, 10},        {"sendto", false, 11},     {"recvfrom", false, 12},
    {"shutdown", false, 13},   {"setsockopt", false, 14},  {"getsockopt", false, 15}, {"sendmsg", false, 16},
    {"recvmsg", false, 17},    {"accept4", false, 18},     {"recvmmsg", false, 19},   {"sendmmsg", false, 20},
    {"semop", true, 1},        {"semget", true, 2},        {"semctl", true, 3},       {"semtimedop", true, 4},
    {"msgsnd", true, 11},      {"msgrcv", true, 12},       {"msgget", true, 13},      {"msgctl", true, 14},
    {"shmat", true, 21},       {"shmdt", true, 22},        {"shmget", true, 23},      {"shmctl", true, 24},
};

class Compiler {
 public:
  Compiler(const spec::Seccomp& profile, const Rules& rules) : rules_(rules) { collect(profile); }

  Program build() {
    Target next = Assembler::ret(SECCOMP_RET_KILL_PROCESS);
    for (std::size_t i = rules_.architectures.size(); i-- > 0;) {
      const Target section = emit_section(i);
      next = out_.branch(BPF_JEQ, syscalls::audit_arch(rules_.architectures[i]), section, next, kArchOffset);
    }
    out_.load(kArchOffset, next);
    program_.code = out_.finish();
    program_.flags = rules_.flags;
    return std::move(program_);
  }

 private:
  static constexpr std::uint32_t kArchOffset = offsetof(seccomp_data, arch);
  static constexpr std::uint32_t kNumberOffset = offsetof(seccomp_data, nr);

  void collect(const spec::Seccomp& profile) {
    uses_.resize(rules_.architectures.size());
    for (std::size_t i = 0; i < rules_.rules.size(); i++) {
      const Rule& rule = rules_.rules[i];
      const std::size_t first = synthetic_.size();
      for (auto& one : alternatives(rule)) synthetic_.push_back(std::move(one));
      const std::size_t end = synthetic_.size();
      for (const auto& name : profile.rules[i].names) {
        syscalls::Named named;
        const bool found = syscalls::find(name, named);
        bool anywhere = found && first == end && add(named, rule);
        for (std::size_t k = first; found && k < end; ++k) anywhere = add(named, synthetic_[k]) || anywhere;
        if (!anywhere) program_.unknown_names.push_back(name);
        if (found && stricter(rule.action, rules_.default_action)) refuse_multiplexed(name, rule);
      }
    }
  }

  // False when no chosen architecture has the call.
  bool add(const syscalls::Named& named, const Rule& rule) {
    bool anywhere = false;
    for (std::size_t i = 0; i < rules_.architectures.size(); i++) {
      const auto column = static_cast<unsigned>(rules_.architectures[i]);
      if (named.number[column] < 0) continue;
      anywhere = true;
      if (rule.action == rules_.default_action) continue;
      uses_[i].push_back({{static_cast<std::uint32_t>(named.number[column]), named.width[column]}, &rule});
    }
    return anywhere;
  }

  void refuse_multiplexed(std::string_view name, const Rule& rule) {
    const auto* row = std::find_if(std::begin(kMultiplexed), std::end(kMultiplexed), [&](const auto& m) { return m.name == name; });
    syscalls::Named entry;
    if (row == std::end(kMultiplexed) || !syscalls::find(row->ipc ? "ipc" : "socketcall", entry)) return;
    // ipc's upper half is a version that the kernel strips before it looks at the call.
    const Condition call = row->ipc ? Condition{0, Op::masked_eq, row->call, 0xffff} : Condition{0, Op::eq, row->call, 0};
    synthetic_.push_back({rule.action, {call}});
    add(entry, synthetic_.back());
  }

  // Sort by number; inside a number an unconditional rule stands alone, else strictest first.
  std::vector<Segment> segments(std::vector<Use>& uses, Arch arch) {
    std::stable_sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) { return a.call.number < b.call.number; });
    std::vector<Segment> list;
    list.reserve(128);
    std::uint32_t next = 0;
    std::size_t use = 0;
    for (const std::int32_t known : syscalls::numbers(arch)) {
      const auto number = static_cast<std::uint32_t>(known);
      if (number != next) append(list, {next, rules_.unknown_action});
      const std::size_t first = use;
      while (use < uses.size() && uses[use].call.number == number) use++;
      append(list, decide(number, std::span(uses).subspan(first, use - first), first));
      next = number + 1;
    }
    append(list, {next, rules_.unknown_action});
    if (arch == Arch::x86_64) {
      append(list, {kX32Bit, rules_.x32_action});
      append(list, {kMinusOne, rules_.unknown_action});  // what a tracer leaves in a call that it skips
    }
    return list;
  }

  Segment decide(std::uint32_t number, std::span<Use> uses, std::size_t first) const {
    if (uses.empty()) return {number, rules_.default_action};
    for (const auto& use : uses)
      if (use.rule->conditions.empty()) return {number, use.rule->action};
    std::stable_sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) { return stricter(a.rule->action, b.rule->action); });
    return {number, 0, first, uses.size()};
  }

  static void append(std::vector<Segment>& list, const Segment& next) {
    const bool same = !list.empty() && list.back().count == 0 && next.count == 0 && list.back().action == next.action;
    if (!same) list.push_back(next);
  }

  Target emit_section(std::size_t index) {
    auto& uses = uses_[index];
    const auto list = segments(uses, rules_.architectures[index]);
    return out_.load(kNumberOffset, emit_search(list, uses));
  }

  // A balanced search: some 8 comparisons whatever the number.
  Target emit_search(std::span<const Segment> list, const std::vector<Use>& uses) {
    if (list.size() == 1) return emit_leaf(list[0], uses);
    if (list.size() == 3 && list[0].count == 0 && list[2].count == 0 && list[0].action == list[2].action &&
        list[1].start + 1 == list[2].start) {
      const Target middle = emit_leaf(list[1], uses);
      return out_.branch(BPF_JEQ, list[1].start, middle, Assembler::ret(list[0].action), kNumberOffset);
    }
    const std::size_t half = list.size() / 2;
    const Target upper = emit_search(list.subspan(half), uses);
    const Target lower = emit_search(list.first(half), uses);
    return out_.branch(BPF_JGE, list[half].start, upper, lower, kNumberOffset);
  }

  Target emit_leaf(const Segment& segment, const std::vector<Use>& uses) {
    if (segment.count == 0) return note(segment.action);
    std::vector<const Rule*> clauses;
    for (std::size_t i = 0; i < segment.count; i++) {
      clauses.push_back(uses[segment.first + i].rule);
      note(clauses.back()->action);
    }
    return emit_clauses(out_, clauses, uses[segment.first].call, note(rules_.default_action));
  }

  Target note(std::uint32_t action) {
    if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF) program_.notify = true;
    return Assembler::ret(action);
  }

  const Rules& rules_;
  std::deque<Rule> synthetic_;            // stable addresses
  std::vector<std::vector<Use>> uses_;  // by architecture
  Assembler out_;
  Program program_;
};

}  // namespace

Result<Program> compile(const spec::Seccomp& profile) {
  SECURE_LET(rules, read_rules(profile));
  Program program = Compiler(profile, rules).build();
  if (profile.refuse_unknown_names && !program.unknown_names.empty())
    return fail(Stage::seccomp, "SECCOMP_INVALID", 0, "linux.seccomp.syscalls: unknown system call '" + program.unknown_names[0] + "'",
                "the annotation run.oci.seccomp_fail_unknown_syscall asks for this error");
  if (program.code.size() > BPF_MAXINSNS)
    return fail(Stage::seccomp, "SECCOMP_TOO_LARGE", 0,
                "the filter has " + std::to_string(program.code.size()) + " instructions, the kernel takes " +
                    std::to_string(BPF_MAXINSNS),
                "use fewer conditions or fewer architectures");
  return program;
}

Result<Program> of(const spec::Spec& spec) {
  Program out;
  if (spec.seccomp) {
    SECURE_LET(compiled, compile(*spec.seccomp));
    out = std::move(compiled);
    tell(out);
  }
  out.outer = spec.outer_filter;
  return out;
}

}  // namespace secure::seccomp
