// SPDX-License-Identifier: Apache-2.0
// What the tracer reads of a stopped thread: its memory map, its restartable sequence, its seccomp filters.
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <array>

#include "fd.h"
#include "probe_tracer.h"
#include "seccomp.h"

namespace secure::probe {

namespace {

constexpr std::size_t kPage = 4096;

bool peek(pid_t pid, std::uint64_t address, void* into, std::size_t size) {
  iovec to{into, size}, from{reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), size};
  return ::process_vm_readv(pid, &to, 1, &from, 1, 0) == static_cast<ssize_t>(size);
}

bool poke(pid_t pid, std::uint64_t address, const void* data, std::size_t size) {
  iovec from{const_cast<void*>(data), size}, to{reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), size};
  return ::process_vm_writev(pid, &from, 1, &to, 1, 0) == static_cast<ssize_t>(size);
}

}  // namespace

std::optional<Region> find_region(pid_t pid, const char* name) {
  // A process may have 65,530 mappings of at most a page of path each; what we look for is near the end.
  auto maps = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/maps", 64U << 20);
  if (!maps.ok()) return std::nullopt;
  const std::string suffix = std::string(" ") + name + "\n";
  const std::size_t at = maps->rfind(suffix);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t before = maps->rfind('\n', at);
  Region region;
  const char* line = maps->c_str() + (before == std::string::npos ? 0 : before + 1);
  if (::sscanf(line, "%" SCNx64 "-%" SCNx64, &region.start, &region.end) != 2) return std::nullopt;
  return region;
}

bool Tracer::instruction_at(std::uint64_t address) const {
  std::array<std::uint8_t, sizeof arch::kInstruction> bytes{};
  return peek(pid_, address, bytes.data(), bytes.size()) &&
         ::memcmp(bytes.data(), arch::kInstruction, bytes.size()) == 0;
}

// rseq(2): while the field at offset 8 of struct rseq is set, the kernel aborts the sequence when it is preempted; it clears the
// field when it finds the thread elsewhere, which it would during our calls.
bool Tracer::in_restartable_sequence() const {
  __ptrace_rseq_configuration rseq{};
  if (::ptrace(PTRACE_GET_RSEQ_CONFIGURATION, pid_, sizeof rseq, &rseq) < 0) return false;  // before Linux 5.13
  std::uint64_t sequence = 0;
  return rseq.rseq_abi_pointer != 0 && peek(pid_, rseq.rseq_abi_pointer + 8, &sequence, sizeof sequence) &&
         sequence != 0;
}

// The far end of the initial stack, which the kernel maps 128 KiB ahead of any use. Not below the stack pointer: a Go
// routine's stack is a few KiB in the middle of a heap that other threads use. Bytes that were never used are zero, and a tracer
// that dies leaves nothing there that anyone reads.
std::optional<std::uint64_t> Tracer::lend(const std::string& text) {
  const std::size_t size = text.size() + 1;
  const auto stack = find_region(pid_, "[stack]");
  if (!stack) {
    give_up("no initial stack");
    return std::nullopt;
  }
  std::uint64_t end = stack->end;
  const std::uint64_t top = arch::sp(saved_);
  if (top >= stack->start && top < stack->end) end = top;
  std::string old(size, '\1');
  for (std::uint64_t at = stack->start; at + 2 * kPage < end; at += kPage) {
    if (!peek(pid_, at, old.data(), size)) break;
    if (old.find_first_not_of('\0') != std::string::npos) continue;
    if (!poke(pid_, at, text.c_str(), size)) break;
    lent_ = at;
    lent_size_ = size;
    return at;
  }
  give_up("no unused page at the end of its stack");
  return std::nullopt;
}

Verdict Tracer::verdict(const Call& call, bool filtered) const {
  seccomp_data data{};
  data.nr = static_cast<int>(call.number);
  data.arch = arch::kAudit;
  data.instruction_pointer = arch::pc(saved_);
  for (std::size_t i = 0; i < 3; ++i) data.args[i] = call.arguments[i];
  Verdict worst = Verdict::allow;
  for (std::uintptr_t index = 0;; ++index) {
    // The filters as the kernel has them, the container's own included. Needs CAP_SYS_ADMIN and CONFIG_CHECKPOINT_RESTORE.
    const long length = ::ptrace(PTRACE_SECCOMP_GET_FILTER, pid_, index, nullptr);
    // ENOENT: no more of them; EINVAL: the thread has no filter at all, or the kernel cannot show them.
    if (length < 0) return errno == ENOENT || (errno == EINVAL && index == 0 && !filtered) ? worst : Verdict::unknown;
    seccomp::Program program;
    program.code.resize(static_cast<std::size_t>(length));
    if (::ptrace(PTRACE_SECCOMP_GET_FILTER, pid_, index, program.code.data()) != length) return Verdict::unknown;
    const std::uint32_t action = seccomp::evaluate(program, data) & SECCOMP_RET_ACTION_FULL;
    if (action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG) continue;
    if (action != SECCOMP_RET_ERRNO) return Verdict::harm;
    worst = Verdict::refuse;
  }
}

}  // namespace secure::probe
