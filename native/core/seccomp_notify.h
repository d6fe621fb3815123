// SPDX-License-Identifier: Apache-2.0
// SCMP_ACT_NOTIFY: whoever listens at linux.seccomp.listenerPath gets the filter's listener, with the state of the process that it filters
// (runtime-spec config-linux.md#containerprocessstate).
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "fd.h"
#include "result.h"
#include "seccomp.h"
#include "spec.h"

namespace secure::seccomp_notify {

// Made before the process exists, since only the host side can reach the path; the process inherits it and closes it with execve(2).
class Agent {
 public:
  Agent() = default;
  Agent(Agent&& other) noexcept;
  Agent& operator=(Agent&&) = delete;
  ~Agent();

  // Connects, when `program` needs it. `describe` gives the container's state as JSON. SECCOMP_NO_LISTENER, SECCOMP_AGENT_FAILED.
  static Result<Agent> attach(const spec::Spec& spec, const seccomp::Program& program, std::function<std::string(pid_t)> describe);

  [[nodiscard]] bool wanted() const { return socket_.valid(); }
  [[nodiscard]] int socket() const { return socket_.get(); }
  // For CLONE_PARENT_SETTID: memory that the process shares, so that it knows its pid as the host sees it. nullptr: not needed.
  [[nodiscard]] pid_t* pid() const { return pid_; }

  // In the process: load the filter and send its listener. The filter may notify any call, sendmsg(2) too, so a second process that
  // shares memory and descriptors and is not filtered does the sending, while this one waits without a system call.
  [[nodiscard]] Status load(const seccomp::Program& program) const;

 private:
  [[nodiscard]] std::string state() const;

  Fd socket_;
  pid_t* pid_ = nullptr;
  const spec::Spec* spec_ = nullptr;
  std::function<std::string(pid_t)> describe_;
};

}  // namespace secure::seccomp_notify
