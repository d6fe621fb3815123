// SPDX-License-Identifier: Apache-2.0
#include "policy.h"

#include <algorithm>
#include <array>

#include "policy_parts.h"

namespace secure::policy {

namespace {

// What our runtime, as crun does, takes from annotations reaches beyond the container: files of the host that are written, sockets that are
// connected to, properties of units. Users of some engines set annotations; what engines themselves need of them stays.
bool acts(const std::pair<std::string, std::string>& one) {
  static constexpr std::array<std::string_view, 3> kFamilies{"run.oci.", "org.systemd.property.", "org.criu."};
  static constexpr std::array<std::string_view, 4> kKept{"run.oci.systemd.subgroup", "run.oci.seccomp_fail_unknown_syscall", "org.systemd.property.CollectMode", "org.systemd.property.TimeoutStopUSec"};
  const std::string_view key = one.first;
  return std::any_of(kFamilies.begin(), kFamilies.end(), [&](auto family) { return key.starts_with(family); }) && std::find(kKept.begin(), kKept.end(), key) == kKept.end();
}

void hold_annotations(spec::Spec& spec, Report& report) {
  for (const auto& one : spec.annotations)
    if (acts(one)) report.tighten("annotations", "/annotations/" + one.first, "left out");
  drop_annotations(spec);
}

// containerd's CRI and CRI-O say so of each of their containers.
bool of_kubelet(const spec::Spec& spec) {
  static constexpr std::array<std::string_view, 2> kKeys{"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"};
  return std::any_of(spec.annotations.begin(), spec.annotations.end(), [](const auto& one) { return std::find(kKeys.begin(), kKeys.end(), one.first) != kKeys.end(); });
}

}  // namespace

void drop_annotations(spec::Spec& spec) { std::erase_if(spec.annotations, acts); }

std::string Policy::origin(std::string_view control) const {
  for (const auto& [known, where] : origins)
    if (known == control) return where;
  return {};
}

void Report::refuse(const Policy& policy, std::string_view control, std::string at, std::string text) {
  const std::string origin = policy.origin(control);
  text += " (run." + std::string(control) + (origin.empty() ? ")" : ", " + origin + ")");
  refused.push_back({std::string(control), std::move(at), std::move(text)});
}

void Report::tighten(std::string_view control, std::string at, std::string text) { tightened.push_back({std::string(control), std::move(at), std::move(text)}); }

void hold_container(const Policy& policy, const Facts& facts, spec::Spec& spec, Report& report) {
  hold_namespaces(policy, facts, spec, report);
  hold_mounts(policy, facts, spec, report);
  hold_devices(policy, facts, spec.devices, spec.resources.devices, "/linux/resources/devices", report);
  for (const auto& device : spec.net_devices) report.refuse(policy, "engines.hostNamespaces", "/linux/netDevices", "the network device " + device.host + " of the host is moved into it");
  hold_root(policy, spec, report);
  hold_limits(policy, true, spec.resources, "/linux/resources", report);
  hold_annotations(spec, report);
  if (spec.has_process) {
    hold_process(policy, facts, spec.process, "/process", report);
    hold_oom_score(policy, facts, true, of_kubelet(spec), spec.process, report);
  }
  confine(policy, facts, spec, report);
}

void hold_exec(const Policy& policy, const Facts& facts, spec::Spec& spec, spec::Process& process, Report& report) {
  // What the container was made read-only by is not in its config.
  if (policy.read_only) hold_root(policy, spec, report);
  hold_annotations(spec, report);
  report.tightened.clear();
  hold_process(policy, facts, process, "/process", report);
  hold_oom_score(policy, facts, false, of_kubelet(spec), process, report);
  confine(policy, facts, spec, report);
}

void hold_update(const Policy& policy, const Facts& facts, spec::Resources& change, Report& report) {
  if (!change.devices.empty()) hold_devices(policy, facts, {}, change.devices, "/devices", report);
  hold_limits(policy, false, change, "", report);
}

// Of each control a few, the rest is in the log: `--privileged` asks for every device there is, and of a long message conmon hands podman the beginning.
Status verdict(const Policy& policy, const Report& report, std::string_view what) {
  if (report.refused.empty()) return Ok{};
  constexpr std::size_t kShown = 3;
  std::string text = "the policy " + policy.name + " (" + policy.digest.substr(0, 19) + ") refuses " + std::string(what) + ": ";
  std::vector<std::string_view> told;
  for (const auto& first : report.refused) {
    if (std::find(told.begin(), told.end(), first.control) != told.end()) continue;
    std::size_t count = 0;
    for (const auto& one : report.refused) {
      if (one.control != first.control || ++count > kShown) continue;
      text += (told.empty() && count == 1 ? "" : "; ") + one.at + (one.at.empty() ? "" : ": ") + one.text;
    }
    if (count > kShown) text += " and " + std::to_string(count - kShown) + " more";
    told.emplace_back(first.control);
  }
  return fail(Stage::config, "POLICY_REFUSED", 0, std::move(text), "ask for less, or change the policy where it says so and compile it again: secure policy compile");
}

}  // namespace secure::policy
