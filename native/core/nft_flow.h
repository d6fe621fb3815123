// SPDX-License-Identifier: Apache-2.0
// Flows that connection tracking remembers. Rules are asked for the first packet only: what is established goes on after the elements
// that allowed it are gone, for days in the case of TCP, and the next container with the address could use it.
// A kernel without conntrack's netlink interface, or without conntrack, has nothing to forget: success.
#pragma once

#include <vector>

#include "nft_table.h"

namespace secure::nft {

// All flows from this container, and those that were sent to it by a published port.
Status forget_flows(netlink::Socket& socket, const net::Address& container);
// The same one by one, for kernels before 6.11, which cannot delete by a filter.
Status forget_flows_by_list(netlink::Socket& socket, const net::Address& container);

// Datagrams that were sent to a UDP port before it was published: a client that does not give up, nor change its own port, would
// keep the flow without the container alive for ever.
Status forget_unanswered(netlink::Socket& socket, const std::vector<Publish>& ports);

}  // namespace secure::nft
