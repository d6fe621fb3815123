// SPDX-License-Identifier: Apache-2.0
// Borrow a running thread for a few system calls and give it back as it was. For use in a worker of its own
// (probe_worker.h): its exit is what detaches a thread that cannot be stopped.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probe_arch.h"

namespace secure::probe {

struct Call {
  std::uint64_t number = 0;
  std::uint64_t arguments[3] = {};
};

// What the thread's seccomp filters would do to a call.
enum class Verdict { allow, refuse, harm, unknown };

// Why this is safe for the thread:
//  - The stop is PTRACE_SEIZE + PTRACE_INTERRUPT: no signal is sent, nothing is shown to its parent. PTRACE_O_EXITKILL is
//    never set; if the tracer dies the kernel detaches and the thread runs on from its registers.
//  - Signals are held back by its mask while its registers are ours, then the kernel is taken through its own signal path
//    again with the original registers, so an interrupted call is restarted, or answers EINTR to a handler, as always.
//    As with every interrupt (SIGSTOP too) the kernel itself has an instant between deciding on a restart and the call.
//    Calls that answer EINTR to any stop (epoll_wait, sigtimedwait; signal(7)) do so here as with SIGSTOP and SIGCONT.
//  - A thread inside a restartable sequence is let go and asked again, since the kernel would drop the sequence.
//  - A call is made only when every filter of the thread lets it through or answers with an errno: no KILL, no TRAP.
// What remains: SIGKILL to the *worker* between the first and the last write of registers (some 50 microseconds where a processor is free) leaves the
// thread with the result of the injected call in place of its own. Nothing else sends the worker a signal.
class Tracer {
 public:
  // `settle`: find an interrupted call by its exit stop, as processors need that hide it (tests force it).
  Tracer(pid_t pid, std::chrono::milliseconds limit, bool settle = arch::kRestartHidden);

  // Stop the thread where its registers may be borrowed. False: why() says what is in the way; the thread runs.
  bool borrow();

  // `filtered`: /proc says that the thread has filters, so a kernel that shows none cannot show them.
  [[nodiscard]] Verdict verdict(const Call& call, bool filtered) const;

  // Put `text` into memory of the thread that nothing uses; its address, or nothing.
  std::optional<std::uint64_t> lend(const std::string& text);

  // Find the instruction to use and hold back signals. Registers are ours from here to give_back().
  bool begin();
  // Make one call. Nothing when the thread was disturbed: then only give_back() is left to do.
  std::optional<std::int64_t> call(const Call& call);
  // Restore everything and detach.
  void give_back();

  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  enum class Kind { trap, syscall, signal, stopped, gone, timeout };
  struct Event {
    Kind kind = Kind::gone;
    int signal = 0;
  };
  enum class Step { done, again, failed };

  Event wait();
  Event resume(int request, int signal);
  Step try_borrow();
  Step settle();
  [[nodiscard]] bool in_restartable_sequence() const;
  [[nodiscard]] bool instruction_at(std::uint64_t address) const;
  bool give_up(std::string why);
  void detach(int signal);

  pid_t pid_;
  bool settle_;
  bool seized_ = false, ours_ = false;
  std::chrono::steady_clock::time_point deadline_;
  arch::Registers saved_;
  std::uint64_t first_ = 0;        // first argument of the interrupted call
  std::uint64_t instruction_ = 0;  // address of the instruction that enters the kernel
  std::uint64_t mask_ = 0;         // the thread's signal mask
  std::uint64_t lent_ = 0;
  std::size_t lent_size_ = 0;
  int pending_ = 0;                // signal to deliver on detaching
  std::string why_;
};

// Parts of /proc/PID/maps that the tracer uses.
struct Region {
  std::uint64_t start = 0, end = 0;
};
std::optional<Region> find_region(pid_t pid, const char* name);

}  // namespace secure::probe
