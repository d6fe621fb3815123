// SPDX-License-Identifier: Apache-2.0
// Netlink: messages with attributes, requests with acknowledgement, dumps. What the kernel says in words (NLMSGERR_ATTR_MSG) is
// part of the error.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fd.h"
#include "result.h"

namespace secure::netlink {

// One message: a header of its family, then attributes.
class Message {
 public:
  // NLM_F_REQUEST is added.
  Message(std::uint16_t type, std::uint16_t flags);

  template <typename T>
  Message& header(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return raw({reinterpret_cast<const char*>(&value), sizeof value});
  }
  Message& attr(std::uint16_t type, std::string_view bytes);
  Message& text(std::uint16_t type, const std::string& value);  // with the NUL
  Message& u8(std::uint16_t type, std::uint8_t value);
  Message& u16(std::uint16_t type, std::uint16_t value);
  Message& u32(std::uint16_t type, std::uint32_t value);
  Message& be32(std::uint16_t type, std::uint32_t value);       // network order, as nfnetlink wants
  Message& be64(std::uint16_t type, std::uint64_t value);
  Message& flag(std::uint16_t type);                            // an attribute without a value
  // Nested attributes: `auto at = m.begin(T); ...; m.end(at);`
  [[nodiscard]] std::size_t begin(std::uint16_t type);
  void end(std::size_t at);

  [[nodiscard]] std::string_view bytes() const { return data_; }
  // An attribute or nest got more than the 65535 bytes that its header can say; Socket refuses to send it.
  [[nodiscard]] bool oversized() const { return oversized_; }
  void finish(std::uint32_t sequence, std::uint16_t extra_flags);  // length, sequence; done by Socket

 private:
  Message& raw(std::string_view bytes);
  void set_length(std::size_t at);
  std::string data_;
  bool oversized_ = false;
};

// Calls `visit(type without NLA_F_*, value)` for each attribute; stops at what is malformed.
void each_attribute(std::string_view attributes, const std::function<void(std::uint16_t, std::string_view)>& visit);
// The value of one attribute; empty view with data() == nullptr when it is not there.
std::string_view find_attribute(std::string_view attributes, std::uint16_t type);
std::uint32_t to_u32(std::string_view value);    // 0 when it is not 4 bytes
std::string to_text(std::string_view value);     // up to the first NUL

class Socket {
 public:
  // NETLINK_ROUTE or NETLINK_NETFILTER, of the network namespace that the process is in now; the socket stays there.
  static Result<Socket> open(int protocol);

  // Send, wait for the acknowledgement. `what` names the object in the error: "make the bridge secure0". The error has
  // code NETLINK_FAILED and the kernel's errno; callers turn errnos that mean something to the user into codes of their own.
  Status request(Message& message, const std::string& what);
  // Several messages between begin and end of an nfnetlink transaction: all or nothing. On failure the error is that of the first
  // message that the kernel refused, and `failed` (where given) its index, messages.size() when it refused the whole.
  Status transaction(std::vector<Message>& messages, const std::string& what, std::size_t* failed = nullptr);
  // A question about one object: `visit` as in dump, for the answer. The kernel's ENODEV, ENOENT are errors like others.
  Status get(Message& message, const std::string& what,
             const std::function<void(const nlmsghdr&, std::string_view payload)>& visit);
  // For ioctl(2) about devices of its network namespace.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // A dump: `visit(header, payload)` for each message. Restarted by the caller when it was interrupted (NLM_F_DUMP_INTR: error DUMP_INTERRUPTED).
  Status dump(Message& message, const std::string& what,
              const std::function<void(const nlmsghdr&, std::string_view payload)>& visit);

 private:
  explicit Socket(Fd fd) : fd_(std::move(fd)) {}
  Status exchange(Message& message, std::uint16_t flags, const std::string& what,
                  const std::function<void(const nlmsghdr&, std::string_view payload)>& visit);
  Fd fd_;
  std::uint32_t sequence_ = 0;
};

}  // namespace secure::netlink
