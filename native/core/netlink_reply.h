// SPDX-License-Identifier: Apache-2.0
// What the kernel answers, as bytes: pure, so that it can be fuzzed.
#pragma once

#include <linux/netlink.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace secure::netlink {

// Calls `visit(header, payload)` for each message of a datagram; stops at what is malformed, and is false then.
bool each_message(std::string_view datagram, const std::function<void(const nlmsghdr&, std::string_view)>& visit);

struct Acknowledgement {
  int err = 0;       // errno, 0: done
  std::string text;  // what the kernel says in words; printable, may be empty
};

// Of a message of type NLMSG_ERROR or NLMSG_DONE; nothing when it is too short.
std::optional<Acknowledgement> acknowledgement(const nlmsghdr& header, std::string_view payload);

}  // namespace secure::netlink
