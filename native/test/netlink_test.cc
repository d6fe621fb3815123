// SPDX-License-Identifier: Apache-2.0
#include "netlink.h"

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstring>

#include "check.h"
#include "netlink_reply.h"
#include "netns.h"

using namespace secure;
using netlink::Message;
using netlink::Socket;
using namespace std::literals;

namespace {

std::string attributes(const Message& message) { return std::string(message.bytes().substr(sizeof(nlmsghdr))); }

int count(std::string_view bytes) {
  int n = 0;
  netlink::each_attribute(bytes, [&](std::uint16_t, std::string_view) { ++n; });
  return n;
}

std::string message_bytes(std::uint16_t type, std::uint16_t flags, std::string_view payload) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + std::string(payload);
}

std::string number(std::int32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

std::optional<netlink::Acknowledgement> acknowledged(const std::string& bytes) {
  std::optional<netlink::Acknowledgement> out;
  netlink::each_message(bytes, [&](const nlmsghdr& header, std::string_view payload) { out = netlink::acknowledgement(header, payload); });
  return out;
}

Message nft(std::uint16_t type, std::uint16_t flags, std::uint8_t family = NFPROTO_INET) {
  Message message(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), flags);
  message.header(nfgenmsg{family, NFNETLINK_V0, 0});
  return message;
}

Message table(const std::string& name, std::uint16_t flags = NLM_F_CREATE | NLM_F_EXCL) {
  return nft(NFT_MSG_NEWTABLE, flags).text(NFTA_TABLE_NAME, name);
}

int tables(Socket& socket) {
  int n = 0;
  Message message = nft(NFT_MSG_GETTABLE, 0);
  auto done = socket.dump(message, "list tables", [&](const nlmsghdr&, std::string_view) { ++n; });
  return done ? n : -done.error().err;
}

}  // namespace

TEST(netlink_message_layout) {
  Message message(RTM_NEWLINK, NLM_F_CREATE);
  message.u8(1, 7).text(2, "ab").be32(3, 1).be64(4, 1).flag(5);
  const auto at = message.begin(6);
  message.u16(7, 0x0102);
  message.end(at);
  message.finish(9, NLM_F_ACK);
  nlmsghdr header;
  std::memcpy(&header, message.bytes().data(), sizeof header);
  CHECK_EQ(header.nlmsg_len, message.bytes().size());
  CHECK_EQ(header.nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK);
  CHECK_EQ(header.nlmsg_seq, 9U);
  const std::string all = attributes(message);
  CHECK_EQ(count(all), 6);
  CHECK_EQ(netlink::find_attribute(all, 1), "\x07"sv);
  CHECK_EQ(netlink::find_attribute(all, 2), "ab\0"sv);
  CHECK_EQ(netlink::find_attribute(all, 3), "\0\0\0\1"sv);
  CHECK_EQ(netlink::find_attribute(all, 4), "\0\0\0\0\0\0\0\1"sv);
  CHECK(netlink::find_attribute(all, 5).data() != nullptr && netlink::find_attribute(all, 5).empty());
  CHECK_EQ(netlink::find_attribute(netlink::find_attribute(all, 6), 7).size(), 2U);
  CHECK(netlink::find_attribute(all, 8).data() == nullptr);
  CHECK_EQ(netlink::to_text("ab\0cd"sv), "ab");
  CHECK_EQ(netlink::to_u32("\1\0\0"sv), 0U);
}

// A length that does not fit its field would make the kernel read the value as attributes.
TEST(netlink_oversized_attributes_are_not_sent) {
  Message fits(RTM_NEWLINK, 0), large(RTM_NEWLINK, 0), nest(RTM_NEWLINK, 0);
  fits.attr(1, std::string(65531, 'x'));
  large.attr(1, std::string(65532, 'x'));
  const auto at = nest.begin(1);
  for (int i = 0; i < 2; ++i) nest.attr(2, std::string(40000, 'x'));
  nest.end(at);
  CHECK(!fits.oversized() && large.oversized() && nest.oversized());
  auto socket = Socket::open(NETLINK_ROUTE);
  REQUIRE(socket.ok());
  auto sent = socket->request(large, "x");
  REQUIRE(!sent.ok());
  CHECK_EQ(sent.error().err, EMSGSIZE);
}

TEST(netlink_malformed_attributes_end_the_walk) {
  CHECK_EQ(count(""sv), 0);
  CHECK_EQ(count("\4\0\1"sv), 0);                      // half a header
  CHECK_EQ(count("\0\0\1\0\4\0\1\0"sv), 0);            // no length: would never end
  CHECK_EQ(count("\3\0\1\0"sv), 0);                    // shorter than its header
  CHECK_EQ(count("\xff\xff\1\0abcd"sv), 0);            // longer than what is there
  CHECK_EQ(count("\4\0\1\0\x09\0\2\0abcd"sv), 1);      // the second one is cut off
  CHECK_EQ(count("\5\0\1\0a"sv), 1);                   // the last one without its padding
  CHECK_EQ(count("\4\0\1\x80\4\0\1\x40"sv), 2);
  // Flags are no part of the type, and the first of two counts.
  CHECK_EQ(netlink::find_attribute("\5\0\1\x80" "a\0\0\0\5\0\1\0b"sv, 1), "a");
}

TEST(netlink_acknowledgements) {
  const std::string request = message_bytes(RTM_NEWLINK, 0, "");
  auto ack = acknowledged(message_bytes(NLMSG_ERROR, NLM_F_CAPPED, number(0) + request));
  REQUIRE(ack.has_value());
  CHECK_EQ(ack->err, 0);
  const std::string words = "\x0b\0\1\0no\x1b[2J\0\0"s;
  ack = acknowledged(message_bytes(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, number(-EINVAL) + request + words));
  REQUIRE(ack.has_value());
  CHECK_EQ(ack->err, EINVAL);
  CHECK_EQ(ack->text, "no?[2J");
  // Not capped: the words are behind the whole request, as far as it says it goes.
  const std::string full = message_bytes(RTM_NEWLINK, 0, "12345678");
  ack = acknowledged(message_bytes(NLMSG_ERROR, NLM_F_ACK_TLVS, number(-EINVAL) + full + words));
  CHECK_EQ(ack ? ack->text : "none", "no?[2J");
  std::string liar = full;
  liar[0] = liar[1] = liar[2] = liar[3] = '\xff';
  ack = acknowledged(message_bytes(NLMSG_ERROR, NLM_F_ACK_TLVS, number(INT32_MIN) + liar + words));
  REQUIRE(ack.has_value());
  CHECK_EQ(ack->text, "");
  CHECK_EQ(ack->err, EIO);
  CHECK(!acknowledged(message_bytes(NLMSG_ERROR, 0, "abc")));
  CHECK(!acknowledged(message_bytes(NLMSG_ERROR, 0, number(0) + "abc")));
  CHECK_EQ(acknowledged(message_bytes(NLMSG_DONE, 0, number(-EPERM)))->err, EPERM);
  CHECK(acknowledged(message_bytes(NLMSG_DONE, 0, "")).has_value());
}

TEST(netlink_malformed_datagrams) {
  int seen = 0;
  const auto visit = [&](const nlmsghdr&, std::string_view) { ++seen; };
  const std::string good = message_bytes(16, 0, "abcd");
  CHECK(netlink::each_message(good + good, visit));
  CHECK_EQ(seen, 2);
  CHECK(!netlink::each_message(good + "abc", visit));
  std::string bad = good;
  bad[0] = 15;
  CHECK(!netlink::each_message(bad, visit));
  bad[0] = 0;
  CHECK(!netlink::each_message(bad, visit));
  bad[0] = 21;
  CHECK(!netlink::each_message(bad, visit));
  CHECK_EQ(seen, 3);
}

TEST(netlink_error_says_what_the_kernel_says) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(check::in_netns([] {
             check::Expect expect;
             auto socket = Socket::open(NETLINK_ROUTE);
             if (!socket) return 1;
             Message message(RTM_NEWROUTE, NLM_F_CREATE);
             rtmsg route{};
             route.rtm_family = AF_INET;
             route.rtm_type = RTN_UNICAST;
             message.header(route).attr(RTA_GATEWAY, "\x0a\0\0\1"sv);
             auto done = socket->request(message, "route the packets");
             EXPECT(expect, !done.ok() && done.error().code == "NETLINK_FAILED" && done.error().err != 0);
             // The words of the kernel are between ours and those of errno.
             EXPECT(expect, !done.ok() && done.error().message == "route the packets: Nexthop has invalid gateway", done.error().text());
             // The socket goes on after an error.
             int devices = 0;
             Message list(RTM_GETLINK, 0);
             list.header(ifinfomsg{});
             EXPECT(expect, socket->dump(list, "list", [&](const nlmsghdr&, std::string_view) { ++devices; }).ok() && devices > 0);
             return expect.failures;
           }),
           0);
}

// Without rights the whole transaction is refused, with the number of its beginning.
TEST(netlink_transaction_without_rights) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(check::in_netns([] {
             auto socket = Socket::open(NETLINK_NETFILTER);
             if (!socket || ::setresuid(65534, 65534, 65534) != 0) return 1;
             std::vector<Message> messages{table("a"), table("b")};
             std::size_t failed = 99;
             auto done = socket->transaction(messages, "x", &failed);
             if (done.ok()) return 2;
             return done.error().err == EPERM && failed == 2 && !done.error().hint.empty() ? 0 : 3;
           }),
           0);
}

TEST(netlink_transaction_is_all_or_nothing) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(check::in_netns([] {
             check::Expect expect;
             auto socket = Socket::open(NETLINK_NETFILTER);
             if (!socket) return 1;
             std::vector<Message> none;
             EXPECT(expect, socket->transaction(none, "nothing").ok());
             std::vector<Message> good{table("a"), table("b"), table("c")};
             auto done = socket->transaction(good, "make the tables");
             EXPECT(expect, done.ok(), done ? "" : done.error().text());
             EXPECT(expect, tables(*socket) == 3);
             std::vector<Message> bad{table("d"), table("e"), table("b"), table("f"), table("a")};
             std::size_t failed = 99;
             done = socket->transaction(bad, "make more", &failed);
             EXPECT(expect, !done.ok() && done.error().err == EEXIST);
             EXPECT(expect, failed == 2, std::to_string(failed));
             EXPECT(expect, tables(*socket) == 3);
             // The same messages again, now without what was in the way.
             bad.erase(bad.begin() + 4);
             bad.erase(bad.begin() + 2);
             done = socket->transaction(bad, "make more", &failed);
             EXPECT(expect, done.ok(), done ? "" : done.error().text());
             EXPECT(expect, tables(*socket) == 6);
             return expect.failures;
           }),
           0);
}

// More than the send buffer holds, and more refusals than the receive buffer: the first one is still known.
TEST(netlink_transaction_of_many) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(check::in_netns([] {
             check::Expect expect;
             auto socket = Socket::open(NETLINK_NETFILTER);
             if (!socket) return 1;
             constexpr int kMany = 6000;
             std::vector<Message> good, again;
             for (int i = 0; i < kMany; ++i) good.push_back(table(std::string(20, 't') + std::to_string(i)));
             auto done = socket->transaction(good, "make the tables");
             EXPECT(expect, done.ok(), done ? "" : done.error().text());
             EXPECT(expect, tables(*socket) == kMany);
             again.push_back(table("new"));
             for (int i = 0; i < kMany; ++i) again.push_back(table(std::string(20, 't') + std::to_string(i)));
             std::size_t failed = 0;
             done = socket->transaction(again, "make them again", &failed);
             EXPECT(expect, !done.ok() && done.error().err == EEXIST, done ? "" : done.error().text());
             EXPECT(expect, failed == 1, std::to_string(failed));
             // Answers that were not read belong to nobody else.
             EXPECT(expect, tables(*socket) == kMany, std::to_string(tables(*socket)));
             std::vector<Message> one{table("new")};
             EXPECT(expect, socket->transaction(one, "make one").ok());
             return expect.failures;
           }),
           0);
}

// A socket belongs to the namespace that it was opened in, wherever its process goes.
TEST(netlink_socket_stays_in_its_namespace) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(check::in_netns([] {
             auto first = Socket::open(NETLINK_NETFILTER);
             if (!first) return 1;
             std::vector<Message> messages{table("a")};
             if (!first->transaction(messages, "x")) return 2;
             if (::unshare(CLONE_NEWNET) != 0) return 3;
             auto second = Socket::open(NETLINK_NETFILTER);
             return second && tables(*first) == 1 && tables(*second) == 0 ? 0 : 4;
           }),
           0);
}

// Whoever has CAP_NET_ADMIN in a network namespace may send to every socket in it: not to ours, which could take it for an answer.
TEST(netlink_socket_hears_the_kernel_only) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(check::in_netns([] {
             Fd listening(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)),
                 forger(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
             sockaddr_nl to{};
             to.nl_family = AF_NETLINK;
             to.nl_pid = 4711;
             const std::string lie = message_bytes(NLMSG_ERROR, 0, number(0) + message_bytes(RTM_NEWLINK, 0, ""));
             const auto forged = [&] {
               return ::sendto(forger.get(), lie.data(), lie.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to) < 0 ? errno : 0;
             };
             sockaddr_nl from = to;
             from.nl_pid = 4712;
             // An ordinary socket gets it.
             if (::bind(forger.get(), reinterpret_cast<sockaddr*>(&from), sizeof from) != 0 ||
                 ::bind(listening.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 || forged() != 0) return 1;
             listening.reset();
             // Ours is the first of this process, which the kernel numbers after it.
             auto socket = Socket::open(NETLINK_ROUTE);
             to.nl_pid = static_cast<unsigned>(::getpid());
             return socket && forged() == ECONNREFUSED ? 0 : 2;
           }),
           0);
}

// The late answer to a request that was given up is not that to the next one.
TEST(netlink_answers_belong_to_their_request) {
  if (!check::is_root()) SKIP("needs root");
  CHECK_EQ(check::in_netns([] {
             Fd probe(::open("/dev/null", O_RDONLY | O_CLOEXEC));
             const int number = probe.get();  // the next socket's
             probe.reset();
             auto socket = Socket::open(NETLINK_ROUTE);
             Message refused(RTM_DELLINK, 0), accepted(RTM_GETLINK, 0);
             ifinfomsg device{};
             device.ifi_index = 4711;
             refused.header(device);
             refused.finish(4711, NLM_F_ACK);
             const auto bytes = refused.bytes();
             if (!socket || ::send(number, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return 1;
             device.ifi_index = 1;
             int answers = 0;
             accepted.header(device);
             auto done = socket->get(accepted, "look", [&](const nlmsghdr&, std::string_view) { ++answers; });
             return done.ok() && answers == 1 ? 0 : 2;
           }),
           0);
}
