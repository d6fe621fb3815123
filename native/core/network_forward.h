// SPDX-License-Identifier: Apache-2.0
// Internal to network*.cc: sysctls of the host, and forwarding, which is lent and given back.
#pragma once

#include <functional>

#include "network_dir.h"

namespace secure::network {

// Below /proc/sys/net of this process's network namespace, through a /proc that is one. The last line end is cut off.
Result<std::string> read_sysctl(const std::string& path);
Status write_sysctl(const std::string& path, const std::string& value);

struct Forwarding {
  bool v4 = false, v6 = false;
};
Forwarding needs_forwarding(const spec::Network& network);

using Names = std::vector<std::string>;
// Switch on what is needed and off. While it is on because of this network, `guard` was called before, with the `interfaces` that there were
// when it was switched on first. FORWARDING_LENT when it is on because of another bridge alone, which will switch it off.
Status enable_forwarding(const record::Roots& roots, const Directory& dir, Forwarding need, const std::function<Result<Names>()>& interfaces,
                         const std::function<Status(const Names&)>& guard);
// Give back what this network switched on, but not what somebody else wants by now.
Status restore_forwarding(const Directory& dir);

}  // namespace secure::network
