// SPDX-License-Identifier: Apache-2.0
// From a stored plan to a running, recorded container, and from its end to a final record.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "container.h"
#include "json.h"
#include "record.h"
#include "spec.h"
#include "streams.h"

namespace secure::runtime::launch {

struct Plan {
  rapidjson::Document document;  // the template; its slots are filled by start()
  spec::Spec spec;
};

// Read a plan. The file must be a regular one, owned by the caller and writable by nobody else: whoever
// can write a plan decides what runs as root.
Result<Plan> load(const std::string& path);

// What the monitor still needs while the container runs; everything else of the plan is freed.
struct Running {
  record::Roots roots;
  record::State state;
  cgroup::Layout layout;
  bool remove = false;
  std::optional<spec::Network> network;  // with its slots filled
  std::vector<Fd> ports;                 // the sockets that hold the host ports
  Fd listener;                           // who wants to attach; only of a detached one
};

log::Settings log_settings(const spec::Extension& extension);

struct Outcome {
  Error error;          // empty code: the program runs
  int exit_code = 125;
  container::Started started;
  Running running;
};

// Allocate, fill the slots, start. On failure nothing of the container is left.
Outcome start(Plan& plan, const std::string& id, Session& session);

Running forget(Plan& plan, Outcome&& outcome);

// The container itself, when everything around it is reserved and filled: streams, log, network, running state, process.
std::variant<container::Started, container::StartError> run(const spec::Spec& spec, Running& running, Session& session);

// The container has ended: free its network and ports, write the final record, free its cgroup, remove it where asked. Says how
// its memory was.
cgroup::MemoryFacts end(Running& running, int exit_code, const std::string& error = {});

}  // namespace secure::runtime::launch
