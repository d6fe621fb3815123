// SPDX-License-Identifier: Apache-2.0
#include "probe_tracer.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace secure::probe {

namespace {

using Clock = std::chrono::steady_clock;

// A syscall stop carries this bit, so it is not mistaken for a SIGTRAP of the program's.
constexpr int kSyscallTrap = SIGTRAP | 0x80;
constexpr std::chrono::seconds kPatience{2};
constexpr std::uint64_t kEverySignal = ~std::uint64_t{0};

void* word(std::uint64_t value) { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(value)); }

bool is_stop_signal(int signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

bool syscall_stop_is(pid_t pid, std::uint8_t op, std::uint64_t number) {
  __ptrace_syscall_info info{};
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0 || info.op != op) return false;
  return op != PTRACE_SYSCALL_INFO_ENTRY || number == kEverySignal ||
         (info.arch == arch::kAudit && info.entry.nr == number);
}

}  // namespace

Tracer::Tracer(pid_t pid, std::chrono::milliseconds limit, bool settle)
    : pid_(pid), settle_(settle), deadline_(Clock::now() + limit) {}

bool Tracer::give_up(std::string why) {
  if (why_.empty()) why_ = std::move(why);
  return false;
}

// Wait for the thread to stop. Our own SIGCHLD is blocked, so a stop between the two calls is not missed.
Tracer::Event Tracer::wait() {
  for (;;) {
    int status = 0;
    const pid_t got = ::waitpid(pid_, &status, WNOHANG | __WALL);
    if (got < 0 && errno != EINTR) return {Kind::gone, 0};
    if (got == pid_) {
      if (!WIFSTOPPED(status)) return {Kind::gone, 0};
      const int signal = WSTOPSIG(status);
      if (signal == kSyscallTrap) return {Kind::syscall, 0};
      if (status >> 16 == PTRACE_EVENT_STOP)
        return is_stop_signal(signal) ? Event{Kind::stopped, signal} : Event{Kind::trap, 0};
      return {Kind::signal, signal};
    }
    // In steps of at most a second: the far end of the clock does not fit a timespec.
    const auto left = std::min<std::int64_t>((deadline_ - Clock::now()).count(), 1'000'000'000);
    if (left <= 0) return {Kind::timeout, 0};
    timespec span{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
    sigset_t child;
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    (void)::sigtimedwait(&child, nullptr, &span);
  }
}

Tracer::Event Tracer::resume(int request, int signal) {
  if (::ptrace(static_cast<__ptrace_request>(request), pid_, nullptr, word(static_cast<std::uint64_t>(signal))) < 0)
    return {Kind::gone, 0};
  return wait();
}

void Tracer::detach(int signal) {
  (void)::ptrace(PTRACE_DETACH, pid_, nullptr, word(static_cast<std::uint64_t>(signal)));
  seized_ = false;
}

bool Tracer::borrow() {
  if (::ptrace(PTRACE_SEIZE, pid_, nullptr, PTRACE_O_TRACESYSGOOD) < 0)
    return give_up(errno == EPERM ? "ptrace is not permitted: traced by another, or no CAP_SYS_PTRACE over it"
                                  : std::string("ptrace: ") + ::strerror(errno));
  seized_ = true;
  for (int attempt = 0; attempt < 200; ++attempt) {
    const Step step = try_borrow();
    if (step == Step::done) return true;
    if (step == Step::failed) return false;
  }
  detach(0);
  return give_up("signals kept arriving");
}

// One attempt. `again` leaves the thread running or at a stop that the next PTRACE_INTERRUPT survives.
Tracer::Step Tracer::try_borrow() {
  if (::ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr) < 0) {
    give_up("the process ended");
    return Step::failed;
  }
  const Event event = wait();
  if (event.kind == Kind::signal || event.kind == Kind::syscall) {
    (void)::ptrace(PTRACE_CONT, pid_, nullptr, word(static_cast<std::uint64_t>(event.signal)));
    return Step::again;
  }
  if (event.kind == Kind::stopped) {
    detach(0);  // the kernel re-establishes the group stop
    give_up("stopped by a signal");
    return Step::failed;
  }
  if (event.kind != Kind::trap) {
    give_up(event.kind == Kind::gone ? "the process ended"
                                     : "did not stop in time: frozen, or in an uninterruptible sleep");
    return Step::failed;
  }
  if (!arch::load(pid_, saved_)) {
    detach(0);
    give_up("runs in a 32-bit mode");
    return Step::failed;
  }
  first_ = arch::first_argument(saved_);
  if (settle_ && (arch::restarting(saved_) || instruction_at(arch::pc(saved_)))) return settle();
  if (!arch::in_call(saved_) && in_restartable_sequence()) {
    (void)::ptrace(PTRACE_CONT, pid_, nullptr, nullptr);
    timespec pause{0, 200'000};
    (void)::nanosleep(&pause, nullptr);
    return Step::again;
  }
  return Step::done;
}

// The thread is about to make (again) the call in which it was interrupted. Let it enter, interrupt it there, and take it at
// the exit stop: there the kernel's verdict on the call is in the result register, and the signal path is still ahead.
Tracer::Step Tracer::settle() {
  Event event = resume(PTRACE_SYSCALL, 0);
  arch::Registers entry;
  if (event.kind == Kind::syscall && syscall_stop_is(pid_, PTRACE_SYSCALL_INFO_ENTRY, kEverySignal) &&
      arch::load(pid_, entry)) {
    // In this order: an interrupt that came after the exit stop would stay pending and disturb the first call.
    if (::ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr) == 0) event = resume(PTRACE_SYSCALL, 0);
    if (event.kind == Kind::syscall && syscall_stop_is(pid_, PTRACE_SYSCALL_INFO_EXIT, 0) && arch::load(pid_, saved_)) {
      first_ = arch::first_argument(entry);
      return Step::done;
    }
  }
  if (event.kind == Kind::gone || event.kind == Kind::timeout) {
    give_up(event.kind == Kind::gone ? "the process ended" : "did not stop in time");
    return Step::failed;
  }
  (void)::ptrace(PTRACE_CONT, pid_, nullptr, word(static_cast<std::uint64_t>(event.signal)));
  return Step::again;
}

bool Tracer::begin() {
  constexpr std::size_t size = sizeof arch::kInstruction;
  const std::uint64_t before = arch::pc(saved_) - size;
  // The instruction of the interrupted call itself where there is one: should this tracer be killed, the thread sees
  // a failed call and not a jump into the middle of a function.
  if (arch::in_call(saved_) && instruction_at(before)) {
    instruction_ = before;
  } else if (auto vdso = find_region(pid_, "[vdso]")) {
    for (std::uint64_t at = vdso->start; at + size <= vdso->end && instruction_ == 0; at += arch::kStep)
      if (instruction_at(at)) instruction_ = at;
  }
  if (instruction_ == 0) return give_up("no system call instruction to use");
  if (::ptrace(PTRACE_GETSIGMASK, pid_, sizeof mask_, &mask_) < 0) return give_up("its signal mask cannot be read");
  // From here on the worker outlives every limit: ending now would leave the thread with our registers. Its caller stops
  // waiting by itself.
  const itimerval never{};
  (void)::setitimer(ITIMER_REAL, &never, nullptr);
  std::uint64_t all = kEverySignal;
  ours_ = ::ptrace(PTRACE_SETSIGMASK, pid_, sizeof all, &all) == 0;
  return ours_ || give_up("its signals cannot be held back");
}

std::optional<std::int64_t> Tracer::call(const Call& call) {
  arch::Registers regs = saved_;
  arch::aim(regs, instruction_, call.number, first_);
  if (!arch::store(pid_, regs)) {
    give_up("the process ended");
    return std::nullopt;
  }
  deadline_ = Clock::now() + kPatience;
  Event event = resume(PTRACE_SYSCALL, 0);
  // A PTRACE_INTERRUPT that was asked for twice leaves one stop over; the registers are still ours in it.
  if (event.kind == Kind::trap) event = resume(PTRACE_SYSCALL, 0);
  std::optional<std::int64_t> answer;
  if (event.kind == Kind::syscall && syscall_stop_is(pid_, PTRACE_SYSCALL_INFO_ENTRY, call.number) &&
      arch::load(pid_, regs)) {
    arch::arguments(regs, call.arguments[0], call.arguments[1], call.arguments[2]);
    if (arch::store(pid_, regs)) event = resume(PTRACE_SYSCALL, 0);
    if (event.kind == Kind::syscall && syscall_stop_is(pid_, PTRACE_SYSCALL_INFO_EXIT, 0) && arch::load(pid_, regs))
      answer = arch::result(regs);
  }
  // A blocked openat (a mount placed under us by the container) is interrupted; a frozen thread is waited for.
  if (event.kind == Kind::timeout) {
    deadline_ = Clock::time_point::max();
    (void)::ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr);
    event = wait();
  }
  if (event.kind == Kind::signal) pending_ = event.signal;
  if (!answer) give_up("disturbed during the call");
  return answer;
}

void Tracer::give_back() {
  if (!seized_) return;
  if (ours_) {
    (void)arch::store(pid_, saved_);
    (void)::ptrace(PTRACE_SETSIGMASK, pid_, sizeof mask_, &mask_);
  }
  if (lent_ != 0) {
    const std::string zeros(lent_size_, '\0');
    iovec from{const_cast<char*>(zeros.data()), zeros.size()}, to{word(lent_), zeros.size()};
    (void)::process_vm_writev(pid_, &from, 1, &to, 1, 0);
  }
  // Through the kernel's signal path once more, which looks at the registers as they are now: a detach from
  // a syscall stop would return -ERESTART* to the program.
  if (ours_ && pending_ == 0) {
    deadline_ = Clock::now() + kPatience;
    (void)::ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr);
    const Event event = resume(PTRACE_CONT, 0);
    if (event.kind == Kind::signal) pending_ = event.signal;
  }
  detach(pending_);
}

}  // namespace secure::probe
