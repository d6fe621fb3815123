// SPDX-License-Identifier: Apache-2.0
#include "netdevice.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/stat.h>

#include <cstring>

#include "fd.h"
#include "rtnl.h"
#include "rtnl_parts.h"

namespace secure::netdevice {

namespace {

// Any index that the kernel does not give by itself, so that a device whose name it chooses ("eth%d") is found again.
constexpr int kFirstIndex = 0x5ec00000;

struct Device {
  const spec::NetDevice* wanted = nullptr;
  int index = 0, new_index = 0;
  std::vector<std::string> addresses;  // whole RTM_NEWADDR payloads
};

Error failed(const spec::NetDevice& device, const std::string& what, int err, std::string hint = {}) {
  return fail(Stage::network, "NET_DEVICE_FAILED", err, "/linux/netDevices/" + device.host + ": " + what, std::move(hint));
}

template <typename T>
bool read_header(std::string_view payload, T& out) {
  if (payload.size() < sizeof out) return false;
  std::memcpy(&out, payload.data(), sizeof out);
  return true;
}

// The specification: permanent, of global scope, of any family.
void keep_address(std::vector<Device>& devices, std::string_view payload) {
  ifaddrmsg header{};
  if (!read_header(payload, header) || header.ifa_scope != RT_SCOPE_UNIVERSE) return;
  const std::string_view attributes = payload.substr(NLMSG_ALIGN(sizeof header));
  const std::string_view flags = netlink::find_attribute(attributes, IFA_FLAGS);
  if (((flags.empty() ? header.ifa_flags : netlink::to_u32(flags)) & IFA_F_PERMANENT) == 0) return;
  for (auto& device : devices)
    if (device.index == static_cast<int>(header.ifa_index)) device.addresses.emplace_back(payload);
}

Result<std::vector<Device>> find_all(netlink::Socket& socket, const spec::Spec& spec) {
  std::vector<Device> out;
  for (const auto& one : spec.net_devices) {
    SECURE_LET(link, rtnl::find(socket, one.host));
    if (!link) return failed(one, "there is no such device on the host", ENODEV, "ip link shows those that are there");
    Device device{&one, link->index, kFirstIndex + static_cast<int>(out.size()), {}};
    out.push_back(std::move(device));
  }
  auto dumped = rtnl::restarted([&]() -> Status {
    for (auto& device : out) device.addresses.clear();
    netlink::Message message(RTM_GETADDR, NLM_F_DUMP);
    message.header(ifaddrmsg{});
    return socket.dump(message, "read the addresses of the host", [&](const nlmsghdr& header, std::string_view payload) {
      if (header.nlmsg_type == RTM_NEWADDR) keep_address(out, payload);
    });
  });
  if (!dumped) return std::move(dumped.error());
  return out;
}

Status send_away(netlink::Socket& socket, const Device& device, int netns) {
  netlink::Message message = rtnl::change(device.index);
  message.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns));
  message.text(IFLA_IFNAME, device.wanted->name);
  message.u32(IFLA_NEW_IFINDEX, static_cast<std::uint32_t>(device.new_index));
  auto sent = socket.request(message, "move the device");
  if (sent) return Ok{};
  return failed(*device.wanted, "move it to the container as " + device.wanted->name, sent.error().err,
                sent.error().err == EEXIST ? "the container's network namespace has a device of that name"
                : sent.error().err == EINVAL ? "some devices cannot leave their namespace: loopback, tunnels' fallback devices, wireless ones" : "");
}

Status arrive(netlink::Socket& socket, const Device& device) {
  for (const auto& payload : device.addresses) {
    ifaddrmsg header{};
    (void)read_header(payload, header);
    const std::string_view attributes = std::string_view(payload).substr(NLMSG_ALIGN(sizeof header));
    header.ifa_index = static_cast<std::uint32_t>(device.new_index);
    netlink::Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
    message.header(header);
    // Not the label, which begins with the old name, nor the times.
    netlink::each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
      if (type == IFA_ADDRESS || type == IFA_LOCAL || type == IFA_BROADCAST || type == IFA_FLAGS || type == IFA_RT_PRIORITY) message.attr(type, value);
    });
    if (auto s = socket.request(message, "give it its address back"); !s) return failed(*device.wanted, s.error().message, s.error().err);
  }
  netlink::Message up = rtnl::change(device.new_index, IFF_UP, IFF_UP);
  if (auto s = socket.request(up, "switch it on"); !s) return failed(*device.wanted, s.error().message, s.error().err);
  return Ok{};
}

// A socket stays in the network namespace that it was made in.
Result<netlink::Socket> socket_in(int netns) {
  Fd own(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!own.valid()) return fail(Stage::network, "NET_DEVICE_FAILED", errno, "open the network namespace of the host", "is /proc mounted?");
  if (::setns(netns, CLONE_NEWNET) < 0) return fail(Stage::network, "NET_DEVICE_FAILED", errno, "enter the network namespace of the container");
  auto socket = netlink::Socket::open(NETLINK_ROUTE);
  if (::setns(own.get(), CLONE_NEWNET) < 0) return fail(Stage::network, "NET_DEVICE_FAILED", errno, "return to the network namespace of the host");
  return socket;
}

}  // namespace

Status move(const spec::Spec& spec, pid_t pid) {
  if (spec.net_devices.empty()) return Ok{};
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/net";
  Fd netns(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat theirs {}, ours {};
  if (!netns.valid() || ::fstat(netns.get(), &theirs) < 0 || ::stat("/proc/self/ns/net", &ours) < 0)
    return fail(Stage::network, "NET_DEVICE_FAILED", errno, "open the network namespace of the container");
  if (theirs.st_ino == ours.st_ino)
    return fail(Stage::network, "NET_DEVICE_FAILED", 0, "/linux/netDevices: unable to move network devices without a NET namespace: the container's is the host's own");
  SECURE_LET(host, netlink::Socket::open(NETLINK_ROUTE));
  SECURE_LET(devices, find_all(host, spec));
  SECURE_LET(inside, socket_in(netns.get()));
  for (const auto& device : devices) {
    SECURE_TRY(send_away(host, device, netns.get()));
    SECURE_TRY(arrive(inside, device));
  }
  return Ok{};
}

}  // namespace secure::netdevice
