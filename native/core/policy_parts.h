// SPDX-License-Identifier: Apache-2.0
// Internal to the policy: one function per part of a config.
#pragma once

#include "policy.h"

namespace secure::policy {

void hold_namespaces(const Policy& policy, const Facts& facts, spec::Spec& spec, Report& report);
void hold_mounts(const Policy& policy, const Facts& facts, spec::Spec& spec, Report& report);
void hold_root(const Policy& policy, spec::Spec& spec, Report& report);
// The rules that replace those of `resources`; `devices` are the nodes that were asked for.
void hold_devices(const Policy& policy, const Facts& facts, const std::vector<spec::Device>& devices, std::vector<spec::DeviceRule>& rules, const std::string& at, Report& report);
void hold_limits(const Policy& policy, bool absent_too, spec::Resources& resources, const std::string& at, Report& report);
// Of an exec the score is that of the container where it is not given. `of_kubelet`: the score is a kubelet's to give.
void hold_oom_score(const Policy& policy, const Facts& facts, bool absent_too, bool of_kubelet, spec::Process& process, Report& report);
void hold_process(const Policy& policy, const Facts& facts, spec::Process& process, const std::string& at, Report& report);
// Filter and Landlock, which a process brings along or joins with.
void confine(const Policy& policy, const Facts& facts, spec::Spec& spec, Report& report);

// Is `path` within `pattern`, a path or DIR/** (DIR itself too)?
bool within(std::string_view pattern, std::string_view path);
bool within_any(const std::vector<std::string>& patterns, std::string_view path);
// Whether a mount with these options can be written to: the last one counts (mount(8)).
bool writable(const std::vector<std::string>& options);
// Components of a path against those of a pattern: `*` within one, `**` at the end, `{id}`, `{sandbox}` and `{pod}` the name of that
// kind; without one nothing matches.
struct Names {
  std::string id, sandbox, pod;
  bool any_pod = false;  // the engine is a kubelet's, and does not say which
};
bool matches(std::string_view pattern, std::string_view path, const Names& names);

// Has it a user namespace in which root of the host is nobody?
bool protects_root(const Facts& facts, const spec::Spec& spec);

// Paths of the host: what may be mounted.
class Sources {
 public:
  Sources(const Policy& policy, const Facts& facts, Names names, bool protected_root);
  enum class Own : unsigned char { no, file, volume, pod };
  // Made by an engine for its containers?
  [[nodiscard]] Own own(const std::string& source) const;
  // The root file system of a container, beneath an engine's root?
  [[nodiscard]] bool own_root(const std::string& path) const;
  // Why a path is never given away; empty: it may be.
  [[nodiscard]] std::string denied(const std::string& source) const;
  [[nodiscard]] bool listed(const std::string& source) const;
  // Why what an engine has made is something else by now: `docker volume create -o o=bind -o device=/etc`, a subPath of a hostPath. Empty: it is not.
  [[nodiscard]] std::string mounted_over(const std::string& source, Own kind) const;

 private:
  [[nodiscard]] const std::string* root_of(const std::string& source) const;
  [[nodiscard]] bool matches_beneath_roots(std::string_view pattern, const std::string& path) const;
  const Policy& policy_;
  const Facts& facts_;
  Names names_;
  std::vector<std::string> deny_;
};

}  // namespace secure::policy
