// SPDX-License-Identifier: Apache-2.0
#include "seccomp_conditions.h"

#include <linux/seccomp.h>

#include <cstddef>
#include <utility>

namespace secure::seccomp {

namespace {

using Target = Assembler::Target;

// Every supported architecture is little endian.
std::uint32_t low_word(unsigned index) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + sizeof(std::uint64_t) * index);
}
std::uint32_t high_word(unsigned index) { return low_word(index) + 4; }
std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

// The four orderings are two, with the ways exchanged: a < b is not (a >= b).
struct Ordering {
  unsigned jump;
  bool negated;
};
Ordering ordering(Op op) {
  switch (op) {
    case Op::gt: return {BPF_JGT, false};
    case Op::ge: return {BPF_JGE, false};
    case Op::lt: return {BPF_JGE, true};
    case Op::le: return {BPF_JGT, true};
    case Op::ne: return {BPF_JEQ, true};
    case Op::eq:
    case Op::masked_eq: break;
  }
  return {BPF_JEQ, false};
}

// Load a word and compare the bits of `mask`.
Target emit_masked(Assembler& out, std::uint32_t offset, std::uint32_t mask, unsigned jump, std::uint32_t value,
                   Target yes, Target no) {
  if (mask == ~0U) return out.load(offset, out.branch(jump, value, yes, no, offset));
  return out.load(offset, out.mask(mask, out.branch(jump, value, yes, no, Assembler::kOther)));
}

Target emit_narrow(Assembler& out, const Condition& c, std::uint32_t bits, Target yes, Target no) {
  const auto [jump, negated] = ordering(c.op);
  if (negated) std::swap(yes, no);
  const std::uint32_t mask = c.op == Op::masked_eq ? bits & low(c.mask) : bits;
  return emit_masked(out, low_word(c.index), mask, jump, low(c.value) & mask, yes, no);
}

Target emit_whole(Assembler& out, const Condition& c, Target yes, Target no) {
  const std::uint32_t lo = low_word(c.index);
  const std::uint32_t hi = high_word(c.index);
  if (c.op == Op::masked_eq) {
    const Target rest = emit_masked(out, lo, low(c.mask), BPF_JEQ, low(c.value), yes, no);
    if (high(c.mask) == 0) return rest;
    return emit_masked(out, hi, high(c.mask), BPF_JEQ, high(c.value), rest, no);
  }
  const auto [jump, negated] = ordering(c.op);
  if (negated) std::swap(yes, no);
  const Target rest = out.load(lo, out.branch(jump, low(c.value), yes, no, lo));
  const Target equal = out.branch(BPF_JEQ, high(c.value), rest, no, hi);
  if (jump == BPF_JEQ) return out.load(hi, equal);
  return out.load(hi, out.branch(BPF_JGT, high(c.value), yes, equal, hi));
}

Target emit_condition(Assembler& out, const Condition& c, syscalls::Width width, Target yes, Target no) {
  switch (width) {
    case syscalls::Width::low16: return emit_narrow(out, c, 0xffff, yes, no);
    case syscalls::Width::low32: return emit_narrow(out, c, ~0U, yes, no);
    case syscalls::Width::whole: break;
  }
  return emit_whole(out, c, yes, no);
}

}  // namespace

Target emit_clauses(Assembler& out, std::span<const Rule* const> rules, syscalls::Call call, Target otherwise) {
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    Target next = Assembler::ret((*rule)->action);
    const auto& conditions = (*rule)->conditions;
    for (auto c = conditions.rbegin(); c != conditions.rend(); ++c)
      next = emit_condition(out, *c, call.width(c->index), next, otherwise);
    otherwise = next;
  }
  return otherwise;
}

}  // namespace secure::seccomp
