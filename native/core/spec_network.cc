// SPDX-License-Identifier: Apache-2.0
// /secure/network and /secure/files. The bridge's name becomes a path and a table, a file's name a path: both are closed alphabets.
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "address.h"
#include "spec_parts.h"

namespace secure::spec {

namespace {

constexpr std::size_t kMaxPorts = 1024;
constexpr std::size_t kMaxFiles = 64;
constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
constexpr std::string_view kBridge = "abcdefghijklmnopqrstuvwxyz0123456789._-";

std::optional<net::Prefix> read_prefix(const json::Node& node, int family, unsigned min, unsigned max) {
  auto prefix = net::parse_prefix(node.str());
  if (!prefix) {
    node.report("must be a subnet: " + prefix.error().message);
    return std::nullopt;
  }
  if (prefix->base.family != family || prefix->length < min || prefix->length > max) {
    node.report(std::string("must be an IPv") + (family == AF_INET ? "4" : "6") + " subnet from /" + std::to_string(min) + " to /" +
                std::to_string(max));
    return std::nullopt;
  }
  return *prefix;
}

// Empty until its slot is filled.
std::string read_address(const json::Node& node, const std::optional<net::Prefix>& subnet) {
  std::string text = node.str();
  if (text.empty() || !subnet) return text;
  auto address = net::parse_address(text);
  if (!address || !subnet->contains(*address) || address->text() != text)
    node.report("must be an address of " + subnet->text());
  return text;
}

std::uint16_t read_port(const json::Node& node, std::int64_t min) {
  if (!node.present()) node.report("must be a port");
  return static_cast<std::uint16_t>(node.integer(min, 65535, min));
}

void read_egress(const json::Node& node, Network& out) {
  if (node.present() && node.raw()->IsString()) {
    const std::string text = node.str();
    if (text != "none" && text != "any") node.report("must be none, any or a list of ports");
    out.egress_any = text == "any";
    return;
  }
  if (!node.present()) node.report("must be none, any or a list of ports");
  for (const auto& item : node.items()) {
    out.egress_ports.push_back(read_port(item, 1));
    if (std::count(out.egress_ports.begin(), out.egress_ports.end(), out.egress_ports.back()) > 1) item.report("repeats a port");
    if (out.egress_ports.size() > kMaxPorts) return node.report("has more than " + std::to_string(kMaxPorts) + " ports");
  }
}

PublishedPort read_published(const json::Node& node, bool has_ipv6) {
  PublishedPort out;
  out.protocol = node["protocol"].str();
  if (out.protocol != "tcp" && out.protocol != "udp") node["protocol"].report("must be tcp or udp");
  out.host_address = node["hostAddress"].str();
  auto address = net::parse_address(out.host_address);
  // One spelling for each: it is compared with others.
  if (!address || address->text() != out.host_address) node["hostAddress"].report("must be an address");
  else if (address->family == AF_INET6 && !has_ipv6) node["hostAddress"].report("is IPv6, and the network has no subnet6");
  out.host_port = read_port(node["hostPort"], 0);
  out.container_port = read_port(node["containerPort"], 1);
  return out;
}

}  // namespace

Network read_network(const json::Node& node) {
  Network out;
  if (node["driver"].str() != "bridge") node["driver"].report("must be bridge");
  out.bridge = node["bridge"].str();
  if (out.bridge.empty() || out.bridge.size() > 15 || kLower.find(out.bridge[0]) == std::string_view::npos ||
      out.bridge.find_first_not_of(kBridge) != std::string::npos)
    node["bridge"].report("must be a device name: a lower case letter, then up to 14 of a-z 0-9 . _ -");
  // Settings of every interface would be its settings.
  if (out.bridge == "all" || out.bridge == "default" || out.bridge == "lo") node["bridge"].report("'" + out.bridge + "' means something else to the kernel");
  const auto subnet4 = read_prefix(node["subnet4"], AF_INET, 8, 29);
  if (subnet4) out.subnet4 = subnet4->text();
  std::optional<net::Prefix> subnet6;
  if (node["subnet6"].present()) {
    subnet6 = read_prefix(node["subnet6"], AF_INET6, 16, 112);
    // The host part of the IPv4 address is that of the IPv6 address too.
    if (subnet4 && subnet6 && 128 - subnet6->length < 32 - subnet4->length)
      node["subnet6"].report("must have room for as many addresses as " + subnet4->text());
    if (subnet6) out.subnet6 = subnet6->text();
  } else if (node["address6"].present()) {
    node["address6"].report("needs a subnet6");
  }
  out.address4 = read_address(node["address4"], subnet4);
  out.address6 = read_address(node["address6"], subnet6);
  read_egress(node["egress"], out);
  out.host_access = node["hostAccess"].boolean();
  for (const auto& item : node["ports"].items()) {
    PublishedPort port = read_published(item, subnet6.has_value());
    for (const auto& earlier : out.ports)
      if (port.host_port != 0 && earlier.host_port == port.host_port && earlier.protocol == port.protocol &&
          earlier.host_address == port.host_address)
        item.report("publishes " + port.protocol + " port " + std::to_string(port.host_port) + " a second time");
    out.ports.push_back(std::move(port));
    if (out.ports.size() > kMaxPorts) {
      node["ports"].report("has more than " + std::to_string(kMaxPorts) + " ports");
      break;
    }
  }
  return out;
}

std::vector<GeneratedFile> read_files(const json::Node& node) {
  // What the record holds already: container.cc, log.cc and record*.cc write these.
  static constexpr std::array<std::string_view, 6> kTaken{"config.json", "exit.json", "log", "log.1", "upper", "work"};
  std::vector<GeneratedFile> out;
  for (const auto& item : node.items()) {
    GeneratedFile file{item["name"].str(), item["parts"].strings()};
    if (file.name.empty() || file.name.size() > 64 || file.name[0] == '.' || file.name.find_first_not_of(kName) != std::string::npos)
      item["name"].report("must be 1 to 64 letters, digits, dots, underscores and dashes, and begin with no dot");
    if (std::find(kTaken.begin(), kTaken.end(), file.name) != kTaken.end())
      item["name"].report("'" + file.name + "' is a name of the record's own");
    for (const auto& earlier : out)
      if (earlier.name == file.name) item["name"].report("repeats '" + file.name + "'");
    out.push_back(std::move(file));
    if (out.size() > kMaxFiles) {
      node.report("has more than " + std::to_string(kMaxFiles) + " files");
      break;
    }
  }
  return out;
}

}  // namespace secure::spec
