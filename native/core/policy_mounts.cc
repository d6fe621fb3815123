// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "mount_options.h"
#include "path.h"
#include "policy_parts.h"

namespace secure::policy {

namespace {

using Options = std::vector<std::string>;

bool has(const Options& options, std::string_view wanted) { return std::find(options.begin(), options.end(), wanted) != options.end(); }

// `name`, such as nosuid, or rnosuid for what is mounted below as well; and nothing that takes it back.
void insist(Options& options, std::string_view name, Options& added) {
  const std::string_view plain = name[0] == 'r' && name != "ro" ? name.substr(1) : name;
  const std::string opposite = plain == "ro" ? "rw" : std::string(plain.substr(2)), below = "r" + opposite;
  const auto gone = std::erase_if(options, [&](const auto& option) { return option == opposite || option == below; });
  if (gone == 0 && has(options, name)) return;
  if (!has(options, name)) options.emplace_back(name);
  added.emplace_back(name);
}

// What is mounted on either is mounted on both: from the container onto the host.
void keep_in(std::string& propagation, const std::string& at, Report& report) {
  if (propagation != "shared" && propagation != "rshared") return;
  propagation = propagation == "shared" ? "slave" : "rslave";
  report.tighten("binds.access", at, propagation);
}

struct Type {
  std::string_view name, destination;  // destination "": anywhere
  std::array<std::string_view, 4> options;
};
constexpr std::array<Type, 7> kTypes{{{"proc", "/proc", {"nosuid", "noexec", "nodev"}},
                                      {"sysfs", "/sys", {"nosuid", "noexec", "nodev", "ro"}},
                                      {"cgroup", "", {"nosuid", "noexec", "nodev", "ro"}},
                                      {"cgroup2", "", {"nosuid", "noexec", "nodev", "ro"}},
                                      {"mqueue", "", {"nosuid", "noexec", "nodev"}},
                                      {"devpts", "", {"nosuid", "noexec"}},
                                      {"tmpfs", "", {"nosuid", "nodev"}}}};

class Mounts {
 public:
  Mounts(const Policy& policy, const Facts& facts, spec::Spec& spec, Report& report)
      : policy_(policy), facts_(facts), spec_(spec), report_(report), sources_(policy, facts, names(facts, spec), protects_root(facts, spec)) {}

  void hold() {
    hold_root_path();
    for (std::size_t i = 0; i < spec_.mounts.size(); ++i) hold_one(spec_.mounts[i], "/mounts/" + std::to_string(i));
    keep_in(spec_.rootfs_propagation, "/linux/rootfsPropagation", report_);
  }

 private:
  using Own = Sources::Own;

  static Names names(const Facts& facts, const spec::Spec& spec) {
    Names out{facts.id, spec::annotation(spec, "io.kubernetes.cri.sandbox-id"), spec::annotation(spec, "io.kubernetes.cri.sandbox-uid"), false};
    if (out.pod.empty()) out.pod = spec::annotation(spec, "io.kubernetes.pod.uid");
    out.any_pod = out.pod.empty() && facts.bundle.find("/io.containerd.runtime.v2.task/k8s.io/") != std::string::npos;
    return out;
  }

  [[nodiscard]] std::string absolute(const std::string& path) const { return path.starts_with('/') ? path : facts_.bundle + "/" + path; }

  void refuse(const char* control, const std::string& at, std::string text) { report_.refuse(policy_, control, at, std::move(text)); }

  void hold_root_path() {
    root_ = absolute(spec_.root_path);
    const std::string at = facts_.resolve(root_);
    if (at.empty()) return refuse("binds.deny", "/root/path", root_ + " cannot be looked at: it is missing, or a link that leads nowhere");
    if (!sources_.own_root(at)) {
      if (auto why = sources_.denied(at); !why.empty()) return refuse("binds.deny", "/root/path", std::move(why));
      if (!sources_.listed(at)) return refuse("binds.sources", "/root/path", at + " is none of the paths that may be mounted");
    }
    root_ = spec_.root_path = at;
    spec_.root_resolved = true;
  }

  // no: of nobody but who asks for it. nullopt: refused.
  std::optional<Own> allowed(const std::string& source, const std::string& at) {
    const Own kind = sources_.own(source);
    if (kind != Own::no) {
      auto why = sources_.mounted_over(source, kind);
      if (why.empty()) return kind;
      refuse("binds.deny", at, std::move(why));
      return std::nullopt;
    }
    static constexpr std::array<std::string_view, 5> kSockets{"docker.sock", "containerd.sock", "crio.sock", "podman.sock", "buildkitd.sock"};
    const std::string_view name = std::string_view(source).substr(source.rfind('/') + 1);
    if (std::find(kSockets.begin(), kSockets.end(), name) != kSockets.end()) {
      refuse("binds.deny", at, source + " is an engine's socket, and as good as root on the host");
      return std::nullopt;
    }
    if (auto why = sources_.denied(source); !why.empty()) {
      refuse("binds.deny", at, std::move(why));
      return std::nullopt;
    }
    if (sources_.listed(source)) return Own::no;
    refuse("binds.sources", at, source + " is none of the paths that may be mounted");
    return std::nullopt;
  }

  void bind(spec::Mount& mount, const std::string& at) {
    const std::string source = absolute(mount.source);
    if (has(mount.options, "copy-symlink") || has(mount.options, "src-nofollow")) return refuse("binds.sources", at, source + " is to be mounted as a link");
    const std::string resolved = facts_.resolve(source);
    // What is not there now could be anything by the time that it is mounted.
    if (resolved.empty()) return refuse("binds.sources", at, source + " cannot be looked at: it is missing, or a link that leads nowhere");
    // /proc and /sys without what masks them are there by the time that it is mounted.
    if (path::below(source, absolute(spec_.root_path)) || path::at_or_below(resolved, root_)) return refuse("binds.sources", at, resolved + " is in the root of the container itself");
    const auto kind = allowed(resolved, at);
    if (!kind) return;
    mount.source = resolved;
    mount.resolved = true;
    mount.mount_id = facts_.mount_id(resolved);
    // Of what is mounted below as well.
    const std::string all = has(mount.options, "rbind") ? "r" : "";
    Options added;
    for (const char* name : {"nosuid", "nodev"}) insist(mount.options, all + name, added);
    if (policy_.read_only_binds && *kind == Own::no) insist(mount.options, all + "ro", added);
    if (policy_.noexec && writable(mount.options)) insist(mount.options, all + "noexec", added);
    // What an engine mounts on a volume later is none of this container's.
    if (*kind == Own::volume || *kind == Own::file) {
      std::erase_if(mount.options, [](const auto& option) { return mount_options::propagation(option).has_value(); });
      mount.options.emplace_back("rprivate");
    }
    tell(added, at);
  }

  void tell(const Options& added, const std::string& at) {
    std::string text;
    for (const auto& option : added) text += (text.empty() ? "" : ",") + option;
    if (!text.empty()) report_.tighten("binds.access", at, text);
  }

  void file_system(spec::Mount& mount, const std::string& at) {
    const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& one) { return one.name == mount.type; });
    if (type == kTypes.end()) return refuse("binds.sources", at, "a mount of type '" + mount.type + "' is none that a container is given");
    // Masks and read-only paths are of the one at its usual place.
    if (!type->destination.empty() && mount.destination != type->destination) return refuse("maskedPaths", at, mount.type + " is to be mounted on " + mount.destination);
    Options added;
    const bool devices = mount.type == "tmpfs" && mount.destination == "/dev";
    for (const auto option : type->options)
      if (!option.empty() && !(devices && option == "nodev")) insist(mount.options, option, added);
    if (mount.type == "tmpfs" && !devices && policy_.noexec) insist(mount.options, "noexec", added);
    tell(added, at);
  }

  void hold_one(spec::Mount& mount, const std::string& at) {
    mount.options = mount_options::split(mount.options);
    // It would be read otherwise the second time.
    const auto odd = std::find_if(mount.options.begin(), mount.options.end(), [](const auto& option) { return option.find_first_of(",\"\\") != std::string::npos; });
    if (odd != mount.options.end()) return refuse("binds.access", at, "the option '" + *odd + "' is quoted");
    if (has(mount.options, "remount")) return refuse("binds.access", at, "a remount could take back what another mount is");
    for (auto& option : mount.options) keep_in(option, at, report_);
    if (mount.type == "bind" || has(mount.options, "bind") || has(mount.options, "rbind")) bind(mount, at);
    else file_system(mount, at);
  }

  const Policy& policy_;
  const Facts& facts_;
  spec::Spec& spec_;
  Report& report_;
  Sources sources_;
  std::string root_;
};

void add_missing(std::vector<std::string>& to, const std::vector<std::string>& wanted, const char* control, Report& report) {
  std::size_t added = 0;
  for (const auto& path : wanted) {
    if (has(to, path)) continue;
    to.push_back(path);
    ++added;
  }
  if (added > 0) report.tighten(control, std::string("/linux/") + control, std::to_string(added) + " more");
}

std::vector<std::string> tmpfs_options(const Policy& policy, const std::string& path, const spec::Process& process) {
  std::vector<std::string> out{"nosuid", "nodev"};
  if (policy.noexec) out.emplace_back("noexec");
  if (path == "/tmp" || path == "/var/tmp") {
    out.emplace_back("mode=1777");
    return out;
  }
  out.emplace_back("mode=755");
  if (process.uid != 0) out.push_back("uid=" + std::to_string(process.uid));
  if (process.gid != 0) out.push_back("gid=" + std::to_string(process.gid));
  return out;
}

}  // namespace

bool writable(const std::vector<std::string>& options) {
  bool out = true;
  for (const auto& option : options) {
    if (option == "ro" || option == "rro") out = false;
    else if (option == "rw" || option == "rrw") out = true;
  }
  return out;
}

void hold_mounts(const Policy& policy, const Facts& facts, spec::Spec& spec, Report& report) { Mounts(policy, facts, spec, report).hold(); }

void hold_root(const Policy& policy, spec::Spec& spec, Report& report) {
  add_missing(spec.masked_paths, policy.masked_paths, "maskedPaths", report);
  add_missing(spec.readonly_paths, policy.readonly_paths, "readonlyPaths", report);
  if (!policy.read_only || spec.root_readonly) return;
  spec.root_readonly = true;
  report.tighten("engines.readOnly", "/root/readonly", "true");
  const std::size_t given = spec.mounts.size();
  for (const auto& path : policy.writable) {
    const bool mounted = std::any_of(spec.mounts.begin(), spec.mounts.begin() + static_cast<std::ptrdiff_t>(given),
                                     [&](const auto& mount) { return mount.destination != "/" && path::at_or_below(path, mount.destination); });
    if (mounted) continue;
    spec.mounts.push_back({path, "tmpfs", "tmpfs", tmpfs_options(policy, path, spec.process), {}, {}, "/mounts/" + std::to_string(spec.mounts.size())});
  }
}

}  // namespace secure::policy
