// SPDX-License-Identifier: Apache-2.0
#include "netlink.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>

#include "netlink_reply.h"

#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12  // <linux/netlink.h>, Linux 4.20
#endif

namespace secure::netlink {

namespace {

// The kernel works while we are in sendmsg(2), so answers are there when it returns: whoever waits longer waits for ever.
constexpr auto kPatience = std::chrono::seconds(10);
// The kernel's datagrams have 32 KiB at most, or one object.
constexpr std::size_t kDatagramLimit = 16U << 20;
constexpr std::size_t kTransactionLimit = 64U << 20;

using Clock = std::chrono::steady_clock;

// Reads the answers to one request.
struct Reader {
  int fd;
  const std::string& what;
  Clock::time_point deadline = Clock::now() + kPatience;
  bool overrun = false;
  std::string buffer = std::string(64U << 10, '\0');

  // The queue is complete: take what is there, do not wait.
  void hurry() { deadline = {}; }
  // It moves: a long dump may take longer than our patience with a single answer.
  void moves() {
    if (deadline != Clock::time_point{}) deadline = Clock::now() + kPatience;
  }

  [[nodiscard]] Error error(int err, const std::string& text = {}) const {
    return fail(Stage::network, "NETLINK_FAILED", err, text.empty() ? what : what + ": " + text,
                err == EPERM ? "this needs CAP_NET_ADMIN in the user namespace that owns the network namespace" : "");
  }

  Status wait() {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      pollfd poll{fd, POLLIN, 0};
      const int ready = ::poll(&poll, 1, left > 0 ? static_cast<int>(left) : 0);
      if (ready > 0) return Ok{};
      if (ready < 0 && errno != EINTR) return error(errno, "wait for the kernel's answer");
      if (ready == 0) return error(overrun ? ENOBUFS : ETIMEDOUT, "no answer from the kernel");
    }
  }

  // The next datagram of the kernel; valid until the next call.
  Result<std::string_view> next() {
    for (;;) {
      SECURE_TRY(wait());
      sockaddr_nl sender{};
      iovec data{buffer.data(), buffer.size()};
      msghdr message{};
      message.msg_name = &sender;
      message.msg_namelen = sizeof sender;
      message.msg_iov = &data;
      message.msg_iovlen = 1;
      // Its size first: what does not fit would be lost.
      ssize_t n = ::recvmsg(fd, &message, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
      if (n > static_cast<ssize_t>(kDatagramLimit)) return error(EMSGSIZE, "the kernel's answer is too large");
      if (n > static_cast<ssize_t>(buffer.size())) {
        buffer.resize(static_cast<std::size_t>(n));
        data = {buffer.data(), buffer.size()};
      }
      if (n >= 0) {
        message.msg_namelen = sizeof sender;
        n = ::recvmsg(fd, &message, MSG_TRUNC | MSG_DONTWAIT);
      }
      if (n < 0 && errno == ENOBUFS) {
        // Later answers were dropped, the earlier ones are in the queue.
        overrun = true;
        hurry();
        continue;
      }
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n < 0) return error(errno, "read the kernel's answer");
      if (static_cast<std::size_t>(n) > buffer.size()) return error(EMSGSIZE, "read the kernel's answer");
      // Whoever has CAP_NET_ADMIN in this network namespace can send to us as well, a container's root for one.
      if (message.msg_namelen != sizeof sender || sender.nl_pid != 0) continue;
      return std::string_view(buffer.data(), static_cast<std::size_t>(n));
    }
  }
};

Status send(int fd, std::string_view bytes, const Reader& reader) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    const ssize_t n = ::sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
    if (n == static_cast<ssize_t>(bytes.size())) return Ok{};
    if (n < 0 && errno == EINTR) continue;
    return reader.error(n < 0 ? errno : EMSGSIZE, "send the request");
  }
}

// One datagram must fit the send buffer (212992 bytes unless the host says otherwise).
void fit_send_buffer(int fd, std::size_t size) {
  int now = 0;
  socklen_t length = sizeof now;
  if (::getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &now, &length) == 0 && static_cast<std::size_t>(now) > size + 4096) return;
  // The kernel doubles it. Without CAP_NET_ADMIN of the host net.core.wmem_max is the limit; then sending says EMSGSIZE.
  const int wanted = static_cast<int>(size + 4096);
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) < 0)
    (void)::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
}

Message batch_mark(std::uint16_t type) {
  Message message(type, 0);
  message.header(nfgenmsg{AF_UNSPEC, NFNETLINK_V0, htons(NFNL_SUBSYS_NFTABLES)});
  return message;
}

constexpr const char* kOversized = "an attribute has more than 65535 bytes";

}  // namespace

Result<Socket> Socket::open(int protocol) {
  const std::string what = protocol == NETLINK_NETFILTER ? "open a netlink socket of netfilter" : "open a netlink socket";
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd.valid()) return fail(Stage::network, "NETLINK_FAILED", errno, what);
  const int on = 1;
  // Words to the error, and not the whole request back with it. Kernels without them (before 4.12) say the number only.
  for (int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK})
    (void)::setsockopt(fd.get(), SOL_NETLINK, option, &on, sizeof on);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  // Connected to the kernel, so that nobody else can fill our queue.
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 ||
      ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
    return fail(Stage::network, "NETLINK_FAILED", errno, what);
  return Socket(std::move(fd));
}

Status Socket::exchange(Message& message, std::uint16_t flags, const std::string& what,
                        const std::function<void(const nlmsghdr&, std::string_view)>& visit) {
  Reader reader{fd_.get(), what};
  if (message.oversized()) return reader.error(EMSGSIZE, kOversized);
  const std::uint32_t sequence = ++sequence_;
  message.finish(sequence, flags);
  fit_send_buffer(fd_.get(), message.bytes().size());
  SECURE_TRY(send(fd_.get(), message.bytes(), reader));
  std::optional<Acknowledgement> end;
  bool interrupted = false, broken = false;
  while (!end && !broken) {
    SECURE_LET(datagram, reader.next());
    const bool whole = each_message(datagram, [&](const nlmsghdr& header, std::string_view payload) {
      // Another sequence: the late answer to a request that was given up.
      if (end || header.nlmsg_seq != sequence) return;
      reader.moves();
      interrupted = interrupted || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
        end = acknowledgement(header, payload);
        broken = broken || !end;
      } else if (header.nlmsg_type >= NLMSG_MIN_TYPE && visit) {
        visit(header, payload);
      }
    });
    broken = broken || !whole;
  }
  if (!end) return reader.error(EBADMSG, "the kernel's answer is malformed");
  if (end->err != 0) return reader.error(end->err, end->text);
  if (interrupted) return fail(Stage::network, "DUMP_INTERRUPTED", EINTR, what + ": it changed while it was read");
  return Ok{};
}

Status Socket::request(Message& message, const std::string& what) { return exchange(message, NLM_F_ACK, what, nullptr); }

Status Socket::get(Message& message, const std::string& what,
                   const std::function<void(const nlmsghdr&, std::string_view)>& visit) {
  return exchange(message, NLM_F_ACK, what, visit);
}

Status Socket::dump(Message& message, const std::string& what,
                    const std::function<void(const nlmsghdr&, std::string_view)>& visit) {
  return exchange(message, NLM_F_DUMP, what, visit);
}

Status Socket::transaction(std::vector<Message>& messages, const std::string& what, std::size_t* failed) {
  if (messages.empty()) return Ok{};
  Reader reader{fd_.get(), what};
  std::size_t index = messages.size();
  if (failed != nullptr) *failed = index;
  Message begin = batch_mark(NFNL_MSG_BATCH_BEGIN), finish = batch_mark(NFNL_MSG_BATCH_END);
  const std::uint32_t first = ++sequence_;
  begin.finish(first, 0);
  std::string batch(begin.bytes());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (failed != nullptr && messages[i].oversized()) *failed = i;
    if (messages[i].oversized()) return reader.error(EMSGSIZE, kOversized);
    // Refusals always come, in the order of the messages, and the last message is answered whatever became of the others. An
    // acknowledgement of each would overrun the receive buffer at some 300, and say nothing more.
    messages[i].finish(++sequence_, i + 1 == messages.size() ? NLM_F_ACK : 0);
    batch += messages[i].bytes();
    if (batch.size() > kTransactionLimit) return reader.error(EMSGSIZE, "too many changes at once");
  }
  const std::uint32_t last = sequence_;
  finish.finish(++sequence_, 0);
  batch += finish.bytes();
  fit_send_buffer(fd_.get(), batch.size());
  SECURE_TRY(send(fd_.get(), batch, reader));

  std::optional<Error> refusal;
  for (bool done = false; !done;) {
    auto datagram = reader.next();
    // With a refusal in hand it does not matter which answers were lost.
    if (!datagram && refusal) break;
    if (!datagram) return datagram.error();
    const bool whole = each_message(*datagram, [&](const nlmsghdr& header, std::string_view payload) {
      const std::uint32_t offset = header.nlmsg_seq - first;
      if (header.nlmsg_type != NLMSG_ERROR || offset > last - first + 1) return;
      const auto answer = acknowledgement(header, payload);
      const int err = answer ? answer->err : EBADMSG;
      // The kernel refuses the whole (no permission, no nf_tables, a failed commit) with the number of its beginning; answers to
      // the messages may follow, as if they had been carried out.
      const bool all = offset == 0 || offset > last - first;
      if (err != 0 && !refusal) {
        refusal = reader.error(err, answer ? answer->text : "the kernel's answer is malformed");
        index = all ? messages.size() : offset - 1;
      }
      if (all && err != 0) reader.hurry();
      done = done || header.nlmsg_seq == last;
    });
    if (!whole && !refusal) return reader.error(EBADMSG, "the kernel's answer is malformed");
  }
  if (failed != nullptr) *failed = index;
  if (refusal) return std::move(*refusal);
  return Ok{};
}

}  // namespace secure::netlink
