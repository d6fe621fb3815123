// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "path.h"
#include "policy_parts.h"

namespace secure::policy {

namespace {

using Rights = std::vector<std::string>;

class Builder {
 public:
  Builder(const Policy& policy, const Facts& facts, const spec::Spec& spec, Report& report) : wanted_(policy.landlock), policy_(policy), abi_(facts.landlock_abi), spec_(spec), report_(report) {}

  std::optional<spec::Landlock> build() {
    const bool files = spec_.root_readonly && part(wanted_.files, "landlock.files", wanted_.abi_files);
    const bool ioctl = part(wanted_.ioctl, "landlock.ioctl", wanted_.abi_ioctl);
    const bool ports = (wanted_.listen || wanted_.connect) && part(wanted_.ports, "landlock.ports", wanted_.abi_ports);
    const bool scopes = part(wanted_.scopes, "landlock.scopes", wanted_.abi_scopes);
    for (const auto& right : wanted_.rights)
      if (right.abi <= abi_ && (right.name == "ioctl_dev" ? ioctl : files)) out_.handled_access_fs.push_back(right.name);
    if (!out_.handled_access_fs.empty()) add_files();
    if (ports) add_ports();
    if (scopes) out_.scoped = wanted_.scope_names;
    if (out_.handled_access_fs.empty() && out_.handled_access_net.empty() && out_.scoped.empty()) return std::nullopt;
    out_.min_abi = 1;
    return std::move(out_);
  }

 private:
  bool part(Level level, const char* control, int abi) {
    if (level == Level::off) return false;
    if (abi_ >= abi) return true;
    if (level == Level::required)
      report_.refuse(policy_, control, "", "it needs Landlock ABI " + std::to_string(abi) + ", and this kernel has " + (abi_ == 0 ? std::string("none") : std::to_string(abi_)));
    return false;
  }

  template <typename Is>
  Rights rights(Is is) const {
    Rights out;
    for (const auto& right : wanted_.rights)
      if (is(right) && std::find(out_.handled_access_fs.begin(), out_.handled_access_fs.end(), right.name) != out_.handled_access_fs.end()) out.push_back(right.name);
    return out;
  }

  void rule(std::vector<std::string> paths, Rights allowed) {
    if (!paths.empty() && !allowed.empty()) out_.path_beneath.push_back({std::move(paths), std::move(allowed), true});
  }

  [[nodiscard]] std::vector<std::string> writable() const {
    std::vector<std::string> out;
    for (const auto& mount : spec_.mounts) {
      const bool kernel = path::at_or_below(mount.destination, "/proc") || path::at_or_below(mount.destination, "/sys") || mount.destination == "/dev" || mount.destination == "/dev/pts";
      if (!kernel && policy::writable(mount.options)) out.push_back(mount.destination);
    }
    return out;
  }

  void add_files() {
    rule({"/"}, rights([](const Right& r) { return r.read; }));
    rule(writable(), rights([](const Right& r) { return r.write; }));
    const auto device = rights([](const Right& r) { return r.device; });
    rule(wanted_.nodes, device);
    std::vector<std::string> granted;
    for (const auto& one : spec_.devices) granted.push_back(one.path);
    rule(std::move(granted), device);
    auto terminals = device;
    if (std::find(out_.handled_access_fs.begin(), out_.handled_access_fs.end(), "read_dir") != out_.handled_access_fs.end()) terminals.emplace_back("read_dir");
    rule({"/dev/pts"}, terminals);
    if (spec_.process.terminal) rule({"/dev/console"}, device);
  }

  void add_ports() {
    const auto add = [&](const char* access, const std::optional<std::vector<std::uint64_t>>& ports) {
      if (!ports) return;
      out_.handled_access_net.emplace_back(access);
      if (!ports->empty()) out_.net_port.push_back({*ports, {access}});
    };
    add("bind_tcp", wanted_.listen);
    add("connect_tcp", wanted_.connect);
  }

  const Landlock& wanted_;
  const Policy& policy_;
  int abi_;
  const spec::Spec& spec_;
  Report& report_;
  spec::Landlock out_;
};

}  // namespace

void confine(const Policy& policy, const Facts& facts, spec::Spec& spec, Report& report) {
  if (!policy.filter.empty()) {
    spec.outer_filter = policy.filter;
    report.tighten("seccomp.profile", "/linux/seccomp", spec.seccomp ? "and the filter of the policy" : "the filter of the policy");
  }
  spec.outer_landlock = Builder(policy, facts, spec, report).build();
  if (spec.outer_landlock) report.tighten("landlock", "", "of the policy");
}

}  // namespace secure::policy
