// SPDX-License-Identifier: Apache-2.0
#include "netlink_reply.h"

#include <climits>
#include <cstring>

#include "netlink.h"

namespace secure::netlink {

namespace {

constexpr std::size_t kTextLimit = 200;

// Messages of the kernel may quote names that others chose.
std::string printable(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, kTextLimit)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return out;
}

}  // namespace

bool each_message(std::string_view datagram, const std::function<void(const nlmsghdr&, std::string_view)>& visit) {
  while (!datagram.empty()) {
    nlmsghdr header;
    if (datagram.size() < sizeof header) return false;
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return false;
    visit(header, datagram.substr(sizeof header, header.nlmsg_len - sizeof header));
    // The last message may come without its padding.
    datagram.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(std::size_t{header.nlmsg_len}), datagram.size()));
  }
  return true;
}

std::optional<Acknowledgement> acknowledgement(const nlmsghdr& header, std::string_view payload) {
  Acknowledgement out;
  std::int32_t value = 0;
  if (payload.size() < sizeof value) {
    // Old kernels end a dump without a number.
    if (header.nlmsg_type == NLMSG_DONE) return out;
    return std::nullopt;
  }
  std::memcpy(&value, payload.data(), sizeof value);
  // Positive numbers end dumps of some subsystems; -INT_MIN does not exist.
  out.err = value >= 0 ? 0 : value == INT_MIN ? EIO : -value;
  std::size_t skip = sizeof value;
  if (header.nlmsg_type == NLMSG_ERROR) {
    nlmsghdr request;
    if (payload.size() - skip < sizeof request) return std::nullopt;
    std::memcpy(&request, payload.data() + skip, sizeof request);
    const bool capped = (header.nlmsg_flags & NLM_F_CAPPED) != 0 || request.nlmsg_len < sizeof request;
    skip += capped ? sizeof request : NLMSG_ALIGN(std::size_t{request.nlmsg_len});
  }
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) != 0 && skip < payload.size())
    out.text = printable(to_text(find_attribute(payload.substr(skip), NLMSGERR_ATTR_MSG)));
  return out;
}

}  // namespace secure::netlink
