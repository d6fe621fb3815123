// SPDX-License-Identifier: Apache-2.0
// Answers of the kernel as bytes: no input may be read past its end or keep us for ever.
#include <cstdlib>
#include <cstring>

#include "netlink.h"
#include "netlink_reply.h"
#include "rtnl_parts.h"

using namespace secure;

namespace {

// Everything that is handed out lies inside of what was handed in.
void inside(std::string_view part, std::string_view whole) {
  if (part.data() < whole.data() || part.data() + part.size() > whole.data() + whole.size()) std::abort();
}

void walk(std::string_view bytes, int depth) {
  netlink::each_attribute(bytes, [&](std::uint16_t type, std::string_view value) {
    inside(value, bytes);
    const auto found = netlink::find_attribute(bytes, type);
    if (found.data() == nullptr || found.data() > value.data()) std::abort();
    (void)netlink::to_u32(value);
    if (netlink::to_text(value).size() > value.size()) std::abort();
    if (depth < 4) walk(value, depth + 1);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  // Its own allocation, so that the sanitizer sees the first byte behind it.
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string_view datagram(text);
  netlink::each_message(datagram, [&](const nlmsghdr& header, std::string_view payload) {
    inside(payload, datagram);
    if (auto answer = netlink::acknowledgement(header, payload)) {
      if (answer->err < 0) std::abort();
      for (char c : answer->text)
        if (c < 0x20 || c >= 0x7F) std::abort();
    }
    if (auto link = rtnl::parse_link(payload); link && (link->index <= 0 || link->name.empty())) std::abort();
    if (auto route = rtnl::parse_route(payload)) {
      const auto& to = route->destination;
      if (to.base.size() == 0 || to.length == 0 || to.length > to.base.size() * 8) std::abort();
      if (!to.contains(to.base) || !to.overlaps(to) || to.text().empty()) std::abort();
    }
    walk(payload, 0);
    if (payload.size() > 16) walk(payload.substr(16), 0);
  });
  if (auto prefix = net::parse_prefix(datagram)) {
    auto again = net::parse_prefix(prefix->text());
    if (!again || again->base != prefix->base || again->length != prefix->length) std::abort();
  }
  walk(datagram, 0);
  return 0;
}
