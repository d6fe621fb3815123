// SPDX-License-Identifier: Apache-2.0
#include "nft_wire.h"

#include <arpa/inet.h>

namespace secure::nft {

using netlink::Message;

Message message(int type, int flags, std::uint8_t family, int subsystem, std::uint8_t version) {
  Message out(static_cast<std::uint16_t>((subsystem << 8) | type), static_cast<std::uint16_t>(flags));
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = version;
  out.header(header);
  return out;
}

Result<std::vector<std::string>> dump(netlink::Socket& socket, const Query& query) {
  // Every change of anybody's rules in this network namespace interrupts a dump: often enough for a busy firewall, but not for ever.
  constexpr int kTries = 100;
  for (int attempt = 1;; attempt++) {
    std::vector<std::string> out;
    Message request = message(query.type, NLM_F_DUMP, query.family);
    for (const auto& [attribute, text] : query.names) request.text(attribute, text);
    auto status = socket.dump(request, query.what, [&](const nlmsghdr&, std::string_view payload) {
      if (payload.size() >= NLMSG_ALIGN(sizeof(nfgenmsg))) out.emplace_back(payload.substr(NLMSG_ALIGN(sizeof(nfgenmsg))));
    });
    if (status) return out;
    if (status.error().code != "DUMP_INTERRUPTED" || attempt == kTries) return status.error();
  }
}

std::string comment(const std::string& text) {
  std::string out{'\0', static_cast<char>(text.size() + 1)};
  return out + text + '\0';
}

std::string comment_of(std::string_view user_data) {
  while (user_data.size() >= 2) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(user_data[1]));
    if (length > user_data.size() - 2) break;
    if (user_data[0] == 0) return netlink::to_text(user_data.substr(2, length));
    user_data.remove_prefix(2 + length);
  }
  return {};
}

std::string be32_bytes(std::uint32_t value) {
  value = htonl(value);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string be16_bytes(std::uint16_t value) {
  value = htons(value);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

Error missing(const std::string& table) {
  return fail(Stage::network, "TABLE_MISSING", ENOENT, "the nftables table inet " + table + " was removed while a container started",
              "start it again; if that repeats, find what flushes the rules of nftables");
}

Error unavailable(Error error) {
  switch (error.err) {
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
    case EOPNOTSUPP:
    case ENOENT:
      return fail(Stage::network, "NFT_UNAVAILABLE", error.err, "the kernel lacks a part of nf_tables: " + error.message,
                  "load the modules: modprobe -a nf_tables nft_nat nft_masq nft_fib_inet nft_ct; or attach the container to no "
                  "network");
    default:
      return error;
  }
}

}  // namespace secure::nft
