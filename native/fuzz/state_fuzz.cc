// SPDX-License-Identifier: Apache-2.0
// The state file of a container, half written or changed by somebody: it is read, told as JSON and read again.
#include <cstdlib>

#include "json.h"
#include "oci_state.h"

using namespace secure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto state = oci::parse_state({reinterpret_cast<const char*>(data), size});
  if (!state) {
    if (state.error().code.empty()) std::abort();
    return 0;
  }
  // A pid below 1 would address a group of processes.
  if (state->pid < 0) std::abort();
  for (auto status : {oci::Status::creating, oci::Status::running, oci::Status::stopped}) {
    const std::string text = oci::to_json(*state, status, state->pid, true);
    auto again = json::parse(text, "state");
    if (!again || !again->IsObject()) std::abort();
  }
  return 0;
}
