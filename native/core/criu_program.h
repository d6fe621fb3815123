// SPDX-License-Identifier: Apache-2.0
// The program `criu`, and talking to it: `criu swrk` serves one request on a socket that it inherits.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "criu_message.h"
#include "fd.h"
#include "result.h"

namespace secure::criu {

// The program in one of the system's directories; PATH is not asked, since it runs with every right. CRIU_MISSING says what to
// install, CRIU_UNSAFE that somebody but root could have changed it.
Result<Fd> find_program();
// The check alone, for a candidate that was opened; `name` for errors.
Status check_program(int fd, const std::string& name);

// Whether criu will find a program that it calls.
bool has_program(const char* name);

class Worker {
 public:
  Worker() = default;
  Worker(Worker&& other) noexcept : socket_(std::move(other.socket_)), pid_(std::exchange(other.pid_, 0)) {}
  Worker& operator=(Worker&&) = delete;
  Worker(const Worker&) = delete;
  // Closing the socket is what ends it.
  ~Worker() { (void)finish(); }

  // `before` runs in the process that becomes criu; descriptors of `keep` stay open in it, and standard streams only with `streams`.
  static Result<Worker> start(const Fd& program, const std::vector<int>& keep, bool streams, const std::function<Status()>& before);

  // Sends the request and hears until it is answered. For each notification `heard` is called, with the descriptor that came along; an
  // error there ends the conversation. A request that failed is CRIU_FAILED, a criu that is gone CRIU_DIED.
  Result<Response> ask(const Request& request, const std::function<Status(const Response&, Fd)>& heard);

  // Waits for its end. How it ended, as waitpid(2) tells.
  int finish();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  Fd socket_;
  pid_t pid_ = 0;
};

// Version, or the features that `request` wants to know of.
Result<Response> inquire(const Fd& program, const Request& request);

}  // namespace secure::criu
