// SPDX-License-Identifier: Apache-2.0
// The text of a compiled policy. Its shape is src/policies/engines/types.ts; a field that is not there is an error, since absent would be lenient.
#include <sys/utsname.h>

#include <array>
#include <cstring>

#include "caps.h"
#include "json.h"
#include "policy.h"
#include "rlimit.h"
#include "spec_parts.h"

namespace secure::policy {

namespace {

constexpr std::string_view kFormat = "secure/engines/1";
constexpr std::size_t kMaxFilter = 4096;

json::Node need(const json::Node& node, std::string_view key) {
  json::Node out = node[key];
  if (!out.present()) out.report("is missing");
  return out;
}

bool yes(const json::Node& node, std::string_view key) { return need(node, key).boolean(); }
std::vector<std::string> strings(const json::Node& node, std::string_view key) { return need(node, key).strings(); }

Level level(const json::Node& node, std::string_view key) {
  const json::Node at = need(node, key);
  const std::string text = at.str();
  if (text == "required") return Level::required;
  if (text == "wished") return Level::wished;
  if (text != "off") at.report("is no level: '" + text + "'");
  return Level::off;
}

LsmLevel lsm_level(const json::Node& node) {
  const json::Node at = need(node, "lsm");
  const std::string text = at.str();
  if (text == "required") return LsmLevel::required;
  if (text == "required-where-enforced") return LsmLevel::required_where_enforced;
  if (text == "wished") return LsmLevel::wished;
  if (text != "off") at.report("is no level: '" + text + "'");
  return LsmLevel::off;
}

std::uint64_t capabilities(const json::Node& node) {
  std::uint64_t out = 0;
  for (const auto& item : node.items()) {
    const int number = caps::number(item.str());
    if (number < 0) item.report("is no capability");
    else out |= 1ULL << static_cast<unsigned>(number);
  }
  return out;
}

// null: none. Only what `key` names may be null.
bool is_null(const json::Node& node, const char* key) { return node.raw() != nullptr && node.raw()->IsObject() && node.raw()->HasMember(key) && (*node.raw())[key].IsNull(); }

std::optional<std::int64_t> bound(const json::Node& node, const char* key) {
  if (is_null(node, key)) return std::nullopt;
  return need(node, key).integer(0, INT64_MAX, 0);
}

std::optional<std::vector<std::uint64_t>> ports(const json::Node& node, const char* key) {
  if (is_null(node, key)) return std::nullopt;
  std::vector<std::uint64_t> out;
  for (const auto& item : need(node, key).items()) out.push_back(static_cast<std::uint64_t>(item.integer(0, 65535, 0)));
  return out;
}

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// RFC 4648, with padding.
std::optional<std::string> base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  unsigned bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = i >= text.size() - padding ? 0 : sextet(text[i]);
    if (value < 0) return std::nullopt;
    bits = bits << 6U | static_cast<unsigned>(value);
    if (i % 4 != 3) continue;
    for (unsigned shift = 16;; shift -= 8) {
      out += static_cast<char>(bits >> shift & 0xffU);
      if (shift == 0) break;
    }
    bits = 0;
  }
  out.resize(out.size() - padding);
  return out;
}

std::vector<sock_filter> filter(const json::Node& root) {
  if (is_null(root, "filter")) return {};
  const json::Node at = need(root, "filter");
  const auto bytes = base64(at.str());
  if (!bytes || bytes->empty() || bytes->size() % sizeof(sock_filter) != 0 || bytes->size() / sizeof(sock_filter) > kMaxFilter) {
    at.report("is no filter");
    return {};
  }
  std::vector<sock_filter> out(bytes->size() / sizeof(sock_filter));
  std::memcpy(out.data(), bytes->data(), bytes->size());
  utsname host{};
  const json::Node architecture = need(root, "architecture");
  if (::uname(&host) != 0 || architecture.str() != host.machine) architecture.report("is not this machine's: the policy has to be compiled where it is enforced");
  return out;
}

Landlock landlock(const json::Node& node) {
  Landlock out;
  out.files = level(node, "files");
  out.ioctl = level(node, "ioctl");
  out.ports = level(node, "ports");
  out.scopes = level(node, "scopes");
  out.listen = ports(node, "listen");
  out.connect = ports(node, "connect");
  for (const auto& item : need(node, "rights").items())
    out.rights.push_back({need(item, "name").str(), static_cast<int>(need(item, "abi").integer(1, 1000, 1)), yes(item, "read"), yes(item, "write"), yes(item, "device")});
  out.scope_names = strings(node, "scopeNames");
  out.nodes = strings(node, "nodes");
  const json::Node abi = need(node, "abi");
  const auto least = [&](const char* key) { return static_cast<int>(need(abi, key).integer(1, 1000, 1)); };
  out.abi_files = least("files");
  out.abi_ioctl = least("ioctl");
  out.abi_ports = least("ports");
  out.abi_scopes = least("scopes");
  return out;
}

std::vector<spec::DeviceRule> rules(const json::Node& node, std::string_view key) {
  std::vector<spec::DeviceRule> out;
  for (const auto& item : need(node, key).items()) out.push_back(spec::read_device_rule(item));
  return out;
}

}  // namespace

Result<Policy> parse(std::string_view text, std::string digest) {
  auto document = json::parse(text, "the policy");
  if (!document) return fail(Stage::config, "POLICY_CORRUPT", 0, document.error().message);
  json::Sink sink;
  const json::Node root(&*document, &sink, "");
  Policy out;
  out.digest = std::move(digest);
  // First: of another version nothing else is known.
  if (const auto format = need(root, "format"); format.str() != kFormat)
    return fail(Stage::config, "POLICY_CORRUPT", 0, "the policy " + out.digest + " is of the format '" + format.str() + "', and this secure-runtime reads " + std::string(kFormat),
                "compile it with the version of secure that is installed: secure policy compile");
  out.name = need(root, "name").str();
  out.log = need(root, "log").str();
  const json::Node user = need(root, "user");
  out.user_namespace = level(user, "namespace");
  out.non_root = yes(user, "nonRoot");
  out.host_namespaces = strings(root, "hostNamespaces");
  const json::Node caps = need(root, "capabilities");
  out.allowed_capabilities = capabilities(need(caps, "allowed"));
  out.usual_capabilities = capabilities(need(caps, "usual"));
  out.no_new_privileges = yes(root, "noNewPrivileges");
  out.filter = filter(root);
  out.landlock = landlock(need(root, "landlock"));
  out.lsm = lsm_level(root);
  const json::Node top = need(root, "root");
  out.read_only = yes(top, "readOnly");
  out.writable = strings(top, "writable");
  out.noexec = yes(top, "noexec");
  const json::Node mounts = need(root, "mounts");
  out.sources = strings(mounts, "sources");
  out.deny = strings(mounts, "deny");
  out.deny_as_root = strings(mounts, "denyAsRoot");
  out.read_only_binds = yes(mounts, "readOnly");
  out.roots = strings(mounts, "roots");
  out.own = strings(mounts, "own");
  out.own_roots = strings(mounts, "ownRoots");
  const json::Node devices = need(root, "devices");
  out.devices = strings(devices, "allowed");
  out.device_rules = rules(devices, "rules");
  out.usual_devices = rules(devices, "usual");
  out.masked_paths = strings(root, "maskedPaths");
  out.readonly_paths = strings(root, "readonlyPaths");
  const json::Node limits = need(root, "limits");
  out.memory = bound(limits, "memory");
  out.pids = bound(limits, "pids");
  out.cpu = bound(limits, "cpu");
  for (const auto& item : need(root, "rlimits").items()) {
    spec::Rlimit limit{need(item, "type").str(), need(item, "soft").u64(), need(item, "hard").u64()};
    if (rlimit::number(limit.type) < 0) item.report("is no limit");
    out.rlimits.push_back(std::move(limit));
  }
  for (const auto& [control, where] : need(root, "origins").members()) out.origins.emplace_back(control, where.str());
  if (sink.error) return fail(Stage::config, "POLICY_CORRUPT", 0, "the policy " + out.digest + ": " + sink.error->message, "compile it again: secure policy compile");
  return out;
}

}  // namespace secure::policy
