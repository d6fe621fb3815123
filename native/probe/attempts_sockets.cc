// SPDX-License-Identifier: Apache-2.0
// Families of sockets. A family, or a protocol of netlink, that the kernel has not loaded is not asked for: it would load it. What a filter says is
// asked all the same, with a type of socket that there is not: the kernel refuses that (EINVAL) before it looks for the family.
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "attempts.h"
#include "files.h"
#include "writer.h"

namespace secure::isolation {

namespace {

constexpr int kNoType = 15;  // SOCK_MAX is 11

// False: `answer` has been given.
bool past_filter(Answer& answer, int family, int protocol) {
  if (::socket(family, kNoType, protocol) < 0 && errno == EINVAL) return true;
  answer.refuse(errno, "by a filter");
  return false;
}

void family(Answer& answer, int number, int type, std::string_view name) {
  if (!past_filter(answer, number, 0)) return;
  if (!lists("/proc/net/protocols", name)) return answer.allow("no filter keeps it back; not tried, since the kernel would load a module");
  const int fd = ::socket(number, type | SOCK_CLOEXEC, 0);
  // Known by one of its protocols, and unknown for this namespace or type.
  if (fd < 0 && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT)) return answer.allow("no filter keeps it back");
  answer.settle(fd);
}

// The kernel's own end is listed in every network namespace.
bool netlink_is_there(int protocol) {
  char text[16384];
  std::string_view left = text_of("/proc/net/netlink", text), line;
  while (next_line(left, line)) {
    (void)next_word(line);
    if (parse_decimal(next_word(line)) == protocol) return true;
  }
  return false;
}

template <int kProtocol>
void netlink(Answer& answer) {
  if (!past_filter(answer, AF_NETLINK, kProtocol)) return;
  if (!netlink_is_there(kProtocol)) return answer.allow("no filter keeps it back; not tried, since the kernel would load a module");
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, kProtocol);
  // The kernel would take it: this is the error of a filter that does as if there was no such protocol.
  if (fd < 0 && errno == EINVAL) return answer.refuse(errno, "by a filter");
  answer.settle(fd);
}

// Nothing is sent, and nothing is received: it has no address and lives for no time.
void raw(Answer& answer) { answer.settle(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)); }
// Protocol 0: it gets no packet.
void packet(Answer& answer) { family(answer, AF_PACKET, SOCK_RAW, "PACKET"); }
void algorithm(Answer& answer) { family(answer, AF_ALG, SOCK_SEQPACKET, "ALG"); }
void vsock(Answer& answer) { family(answer, AF_VSOCK, SOCK_STREAM, "AF_VSOCK"); }
void tipc(Answer& answer) { family(answer, AF_TIPC, SOCK_SEQPACKET, "TIPC"); }
void bluetooth(Answer& answer) { family(answer, AF_BLUETOOTH, SOCK_RAW, "HCI"); }

// CVE-2023-32233, CVE-2024-1086: the tables of nf_tables, with the capabilities of a namespace of one's own.
void userns_netfilter(Answer& answer) {
  if (!past_filter(answer, AF_NETLINK, NETLINK_NETFILTER)) return;
  if (!become_namespace_root(answer, CLONE_NEWNET)) return;
  if (!netlink_is_there(NETLINK_NETFILTER)) return answer.skip("the kernel has not loaded it");
  answer.settle(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
}

}  // namespace

std::span<const Attempt> socket_attempts() {
  static constexpr Attempt kAttempts[] = {
      {"socket-raw", "socket", raw},
      {"socket-packet", "socket", packet},
      {"socket-alg", "socket", algorithm},
      {"socket-vsock", "socket", vsock},
      {"socket-tipc", "socket", tipc},
      {"socket-bluetooth", "socket", bluetooth},
      {"netlink-route", "socket", netlink<NETLINK_ROUTE>},
      {"netlink-sock-diag", "socket", netlink<NETLINK_SOCK_DIAG>},
      {"netlink-xfrm", "socket", netlink<NETLINK_XFRM>},
      {"netlink-audit", "socket", netlink<NETLINK_AUDIT>},
      {"netlink-netfilter", "socket", netlink<NETLINK_NETFILTER>},
      {"netlink-uevent", "socket", netlink<NETLINK_KOBJECT_UEVENT>},
      {"netlink-generic", "socket", netlink<NETLINK_GENERIC>},
      {"netlink-crypto", "socket", netlink<NETLINK_CRYPTO>},
      {"userns-netfilter", "socket", userns_netfilter},
  };
  return kAttempts;
}

}  // namespace secure::isolation
