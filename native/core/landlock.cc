// SPDX-License-Identifier: Apache-2.0
#include "landlock.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <span>

#include "landlock_abi.h"

namespace secure::landlock {

namespace {

using kernel::Right;

Error invalid(std::string message) { return fail(Stage::landlock, "LANDLOCK_INVALID", 0, std::move(message)); }

Result<std::uint64_t> bits(std::span<const Right> table, const std::vector<std::string>& names, const char* kind) {
  std::uint64_t set = 0;
  for (const auto& name : names) {
    const Right* found = nullptr;
    for (const auto& right : table)
      if (right.name == name) found = &right;
    if (found == nullptr) return invalid("'" + name + "' is not a Landlock " + kind);
    set |= found->bit;
  }
  return set;
}

// The first right in `set` that needs a newer kernel.
Status supported(std::span<const Right> table, std::uint64_t set, int kernel_abi) {
  for (const auto& right : table)
    if ((set & right.bit) != 0 && right.abi > kernel_abi)
      return fail(Stage::landlock, "LANDLOCK_ABI", 0,
                  std::string(right.name) + " needs Landlock ABI " + std::to_string(right.abi) + ", this kernel has " +
                      std::to_string(kernel_abi),
                  "plan for the host's ABI, or run a newer kernel");
  return Ok{};
}

Status handled(std::span<const Right> table, std::uint64_t allowed, std::uint64_t handled_set) {
  for (const auto& right : table)
    if ((allowed & ~handled_set & right.bit) != 0)
      return invalid(std::string(right.name) + " is allowed by a rule but not handled by the ruleset");
  return Ok{};
}

constexpr std::uint64_t file_rights() {
  std::uint64_t set = 0;
  for (const auto& right : kernel::kFs)
    if (right.for_files) set |= right.bit;
  return set;
}

Status add_path(int ruleset, const Prepared::Path& rule) {
  Fd at(sys_openat2(AT_FDCWD, rule.path.c_str(), O_PATH, 0, RESOLVE_NO_MAGICLINKS));
  if (!at.valid()) {
    if (errno == ENOENT && rule.optional) return Ok{};
    return fail(Stage::landlock, "LANDLOCK_PATH", errno, "open " + rule.path + " for a rule",
                "a rule whose path may be missing has to be optional");
  }
  struct stat st {};
  if (::fstat(at.get(), &st) < 0) return fail(Stage::landlock, "LANDLOCK_PATH", errno, "stat " + rule.path);
  const std::uint64_t access = S_ISDIR(st.st_mode) ? rule.access : rule.access & file_rights();
  if (access == 0) return Ok{};  // the kernel takes no empty rule (ENOMSG), and it would grant nothing
  kernel::PathBeneathAttr attr{access, at.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, kernel::kRulePathBeneath, &attr, 0U) < 0)
    return fail(Stage::landlock, "LANDLOCK_RULE", errno, "add the rule for " + rule.path);
  return Ok{};
}

}  // namespace

int abi() {
  long version = ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, kernel::kCreateRulesetVersion);
  return version < 0 ? 0 : static_cast<int>(version);
}

Result<std::uint64_t> fs_bits(const std::vector<std::string>& names) { return bits(kernel::kFs, names, "file right"); }
Result<std::uint64_t> net_bits(const std::vector<std::string>& names) {
  return bits(kernel::kNet, names, "network right");
}
Result<std::uint64_t> scope_bits(const std::vector<std::string>& names) { return bits(kernel::kScope, names, "scope"); }

Result<Prepared> prepare(const spec::Landlock& config, int kernel_abi) {
  if (kernel_abi < 1 || kernel_abi < config.min_abi)
    return fail(Stage::landlock, "LANDLOCK_ABI", 0,
                "Landlock ABI " + std::to_string(config.min_abi) + " is required, this kernel has " +
                    (kernel_abi < 1 ? "none" : std::to_string(kernel_abi)),
                "build or boot a kernel with Landlock (CONFIG_SECURITY_LANDLOCK, lsm=landlock,...), or use a profile "
                "that does not require it");
  Prepared out;
  SECURE_LET(fs, fs_bits(config.handled_access_fs));
  SECURE_LET(net, net_bits(config.handled_access_net));
  SECURE_LET(scoped, scope_bits(config.scoped));
  SECURE_TRY(supported(kernel::kFs, fs, kernel_abi));
  SECURE_TRY(supported(kernel::kNet, net, kernel_abi));
  SECURE_TRY(supported(kernel::kScope, scoped, kernel_abi));
  if (fs == 0 && net == 0 && scoped == 0) return invalid("the ruleset handles nothing, so it restricts nothing");
  out.fs = fs;
  out.net = net;
  out.scoped = scoped;
  for (const auto& rule : config.path_beneath) {
    SECURE_LET(access, fs_bits(rule.allowed_access));
    SECURE_TRY(handled(kernel::kFs, access, fs));
    for (const auto& parent : rule.parent) {
      if (!parent.starts_with('/')) return invalid("the rule path '" + parent + "' is not absolute");
      out.paths.push_back({parent, access, rule.optional});
    }
  }
  for (const auto& rule : config.net_port) {
    SECURE_LET(access, net_bits(rule.allowed_access));
    SECURE_TRY(handled(kernel::kNet, access, net));
    if (access == 0) continue;
    for (auto port : rule.port) {
      if (port > 65535) return invalid("port " + std::to_string(port) + " is above 65535");
      out.ports.push_back({port, access});
    }
  }
  return out;
}

Result<Fd> build(const Prepared& rules) {
  kernel::RulesetAttr attr{rules.fs, rules.net, rules.scoped};
  // The descriptor is close-on-exec by itself.
  Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0U)));
  if (!ruleset.valid()) return fail(Stage::landlock, "LANDLOCK_RULE", errno, "create the ruleset");
  for (const auto& rule : rules.paths) SECURE_TRY(add_path(ruleset.get(), rule));
  for (const auto& rule : rules.ports) {
    kernel::NetPortAttr port{rule.access, rule.port};
    if (::syscall(SYS_landlock_add_rule, ruleset.get(), kernel::kRuleNetPort, &port, 0U) < 0)
      return fail(Stage::landlock, "LANDLOCK_RULE", errno, "add the rule for port " + std::to_string(rule.port));
  }
  return ruleset;
}

Result<Fd> build(const spec::Landlock& config) {
  SECURE_LET(rules, prepare(config));
  return build(rules);
}

Status enforce(const Fd& ruleset) {
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0U) < 0)
    return fail(Stage::landlock, "LANDLOCK_ENFORCE", errno, "restrict the process to the ruleset",
                errno == EPERM ? "needs no_new_privs or CAP_SYS_ADMIN in its user namespace"
                : errno == E2BIG ? "sixteen Landlock domains are already stacked on this process"
                                 : "");
  return Ok{};
}

}  // namespace secure::landlock
