// SPDX-License-Identifier: Apache-2.0
// Attaching a container to its bridge and taking it off again: reservations, devices and table together. See docs/network.md for
// the order, and what a crash at any point leaves.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "record.h"
#include "spec.h"

namespace secure::network {

struct Addresses {
  std::string address4, address6;  // "" without IPv6
};

// A free address for the container, from a random place of the subnet. ADDRESSES_EXHAUSTED, SUBNET_IN_USE, ADDRESS_INVALID.
Result<Addresses> reserve(const record::Roots& roots, const std::string& id, const spec::Network& network);

// Connect the network namespace of `pid`. `network` has its slots filled. BRIDGE_TAKEN, PORT_IN_USE, NFT_UNAVAILABLE,
// NETWORK_FAILED. On failure the caller detaches.
Status attach(const record::Roots& roots, const std::string& id, const spec::Network& network, pid_t pid);

// Elements, device and reservation; with the last container also table and bridge. May be repeated; nothing there is success.
Status detach(const record::Roots& roots, const std::string& id, const spec::Network& network);

// Elements and device only: for a container that is about to be attached again, with the same addresses.
Status unplug(const record::Roots& roots, const std::string& id, const spec::Network& network);

// For gc(): the same for every reservation whose owner is dead, for elements and devices without a reservation, and for networks without
// any. One line per thing.
std::vector<std::string> sweep(const record::Roots& roots);

}  // namespace secure::network
