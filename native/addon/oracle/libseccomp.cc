// SPDX-License-Identifier: Apache-2.0
#include "libseccomp.h"

// Named by its full path: the core has a header of the same name, which comes first.
#include LIBSECCOMP_HEADER

#include <sys/mman.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "fd.h"

namespace secure::oracle {

namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

constexpr std::size_t kMaxProgram = 1 << 20;

Error failed(int code, const std::string& doing) { return fail(Stage::seccomp, "LIBSECCOMP_FAILED", -code, doing); }

std::optional<std::uint32_t> action_value(const std::string& name, unsigned errno_ret) {
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") return SCMP_ACT_KILL_THREAD;
  if (name == "SCMP_ACT_KILL_PROCESS") return SCMP_ACT_KILL_PROCESS;
  if (name == "SCMP_ACT_TRAP") return SCMP_ACT_TRAP;
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(errno_ret);
  if (name == "SCMP_ACT_TRACE") return SCMP_ACT_TRACE(errno_ret);
  if (name == "SCMP_ACT_NOTIFY") return SCMP_ACT_NOTIFY;
  if (name == "SCMP_ACT_LOG") return SCMP_ACT_LOG;
  if (name == "SCMP_ACT_ALLOW") return SCMP_ACT_ALLOW;
  return std::nullopt;
}

std::optional<scmp_compare> operation(const std::string& name) {
  if (name == "SCMP_CMP_NE") return SCMP_CMP_NE;
  if (name == "SCMP_CMP_LT") return SCMP_CMP_LT;
  if (name == "SCMP_CMP_LE") return SCMP_CMP_LE;
  if (name == "SCMP_CMP_EQ") return SCMP_CMP_EQ;
  if (name == "SCMP_CMP_GE") return SCMP_CMP_GE;
  if (name == "SCMP_CMP_GT") return SCMP_CMP_GT;
  if (name == "SCMP_CMP_MASKED_EQ") return SCMP_CMP_MASKED_EQ;
  return std::nullopt;
}

Error invalid(const std::string& what, const std::string& value) {
  return fail(Stage::seccomp, "SECCOMP_INVALID", 0, what + " '" + value + "' is unknown");
}

Status add_architectures(scmp_filter_ctx filter, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    std::string lower = name.starts_with("SCMP_ARCH_") ? name.substr(10) : name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::uint32_t arch = seccomp_arch_resolve_name(lower.c_str());
    if (arch == 0) return invalid("the architecture", name);
    if (int code = seccomp_arch_add(filter, arch); code < 0 && code != -EEXIST) return failed(code, "add architecture " + name);
  }
  return Ok{};
}

Result<std::vector<scmp_arg_cmp>> conditions(const spec::SeccompRule& rule) {
  std::vector<scmp_arg_cmp> out;
  for (const auto& arg : rule.args) {
    const auto op = operation(arg.op);
    if (!op) return invalid("the comparison", arg.op);
    out.push_back({arg.index, *op, arg.value, arg.value_two});
  }
  return out;
}

Status add_rule(scmp_filter_ctx filter, std::uint32_t action, int number, const std::vector<scmp_arg_cmp>& args,
                const std::string& name) {
  std::set<unsigned> indexes;
  for (const auto& arg : args) indexes.insert(arg.arg);
  // libseccomp takes one condition per argument; runc and crun then make a rule of each.
  if (indexes.size() != args.size()) {
    for (const auto& arg : args)
      if (int code = seccomp_rule_add_array(filter, action, number, 1, &arg); code < 0 && code != -EEXIST)
        return failed(code, "add a rule for " + name);
    return Ok{};
  }
  const int code = seccomp_rule_add_array(filter, action, number, static_cast<unsigned>(args.size()), args.data());
  return code < 0 && code != -EEXIST ? Status(failed(code, "add a rule for " + name)) : Status(Ok{});
}

Result<std::string> exported(scmp_filter_ctx filter) {
  Fd memory(::memfd_create("seccomp-oracle", MFD_CLOEXEC));
  if (!memory.valid()) return fail(Stage::seccomp, "LIBSECCOMP_FAILED", errno, "memfd_create");
  if (int code = seccomp_export_bpf(filter, memory.get()); code < 0) return failed(code, "export the program");
  if (::lseek(memory.get(), 0, SEEK_SET) < 0) return fail(Stage::seccomp, "LIBSECCOMP_FAILED", errno, "lseek");
  return read_fd(memory.get(), kMaxProgram, "libseccomp's program");
}

}  // namespace

Result<Program> compile(const spec::Seccomp& profile) {
  const auto fallback = action_value(profile.default_action, profile.default_errno_ret.value_or(EPERM));
  if (!fallback) return invalid("the default action", profile.default_action);
  const Filter filter(seccomp_init(*fallback), &seccomp_release);
  if (!filter) return fail(Stage::seccomp, "LIBSECCOMP_FAILED", ENOMEM, "seccomp_init");
  SECURE_TRY(add_architectures(filter.get(), profile.architectures));
  Program out;
  for (const auto& rule : profile.rules) {
    const auto action = action_value(rule.action, rule.errno_ret.value_or(EPERM));
    if (!action) return invalid("the action", rule.action);
    if (*action == *fallback) continue;
    SECURE_LET(args, conditions(rule));
    for (const auto& name : rule.names) {
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) {
        out.unknown_names.push_back(name);
        continue;
      }
      SECURE_TRY(add_rule(filter.get(), *action, number, args, name));
    }
  }
  SECURE_LET(instructions, exported(filter.get()));
  out.instructions = std::move(instructions);
  return out;
}

}  // namespace secure::oracle
