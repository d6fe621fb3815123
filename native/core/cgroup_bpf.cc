// SPDX-License-Identifier: Apache-2.0
// The devices controller of v2: a program that the kernel asks on every open(2) and mknod(2) of a device node.
#include <linux/bpf.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "cgroup_tree.h"

namespace secure::cgroup {

namespace {

// Registers: r1 is the context (struct bpf_cgroup_dev_ctx) until it was read.
enum : std::uint8_t { kResult = 0, kContext = 1, kType = 2, kAccess = 3, kMajor = 4, kMinor = 5, kScratch = 6 };

bpf_insn insn(unsigned code, unsigned dst, unsigned src, int offset, std::int32_t imm) {
  bpf_insn out{};
  out.code = static_cast<std::uint8_t>(code);
  out.dst_reg = static_cast<std::uint8_t>(dst & 15U);
  out.src_reg = static_cast<std::uint8_t>(src & 15U);
  out.off = static_cast<std::int16_t>(offset);
  out.imm = imm;
  return out;
}

// 32-bit jumps: an immediate is sign-extended to 64 bits otherwise, and no device number above 2^31 would match.
bpf_insn jump(unsigned operation, unsigned reg, std::uint32_t value) {
  return insn(BPF_JMP32 | operation | BPF_K, reg, 0, 0, static_cast<std::int32_t>(value));
}

std::uint32_t access_mask(std::string_view access) {
  unsigned out = 0;
  for (char c : access) {
    if (c == 'r') out |= BPF_DEVCG_ACC_READ;
    if (c == 'w') out |= BPF_DEVCG_ACC_WRITE;
    if (c == 'm') out |= BPF_DEVCG_ACC_MKNOD;
  }
  return out;
}

void verdict(std::vector<bpf_insn>& code, bool allow) {
  code.push_back(insn(BPF_ALU64 | BPF_MOV | BPF_K, kResult, 0, 0, allow ? 1 : 0));
  code.push_back(insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

// One exception: jump over its verdict unless everything matches.
void exception(std::vector<bpf_insn>& code, const spec::DeviceRule& rule, bool allow) {
  std::vector<std::size_t> jumps;
  auto unless = [&](bpf_insn jump_away) {
    jumps.push_back(code.size());
    code.push_back(jump_away);
  };
  unless(jump(BPF_JNE, kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR));
  if (rule.major) unless(jump(BPF_JNE, kMajor, static_cast<std::uint32_t>(*rule.major)));
  if (rule.minor) unless(jump(BPF_JNE, kMinor, static_cast<std::uint32_t>(*rule.minor)));
  // Allowed only if all that is wanted is granted; denied as soon as one thing that is wanted is denied.
  std::uint32_t mask = access_mask(rule.access);
  code.push_back(insn(BPF_ALU | BPF_MOV | BPF_X, kScratch, kAccess, 0, 0));
  code.push_back(insn(BPF_ALU | BPF_AND | BPF_K, kScratch, 0, 0, static_cast<std::int32_t>(allow ? (7U & ~mask) : mask)));
  unless(jump(allow ? BPF_JNE : BPF_JEQ, kScratch, 0));
  verdict(code, allow);
  for (std::size_t at : jumps) code[at].off = static_cast<std::int16_t>(code.size() - at - 1);
}

std::vector<bpf_insn> generate(const DevicePolicy& policy) {
  std::vector<bpf_insn> code;
  // access_type: access in the upper half, type in the lower.
  code.push_back(insn(BPF_LDX | BPF_MEM | BPF_W, kType, kContext, offsetof(bpf_cgroup_dev_ctx, access_type), 0));
  code.push_back(insn(BPF_ALU | BPF_MOV | BPF_X, kAccess, kType, 0, 0));
  code.push_back(insn(BPF_ALU | BPF_AND | BPF_K, kType, 0, 0, 0xffff));
  code.push_back(insn(BPF_ALU | BPF_RSH | BPF_K, kAccess, 0, 0, 16));
  code.push_back(insn(BPF_LDX | BPF_MEM | BPF_W, kMajor, kContext, offsetof(bpf_cgroup_dev_ctx, major), 0));
  code.push_back(insn(BPF_LDX | BPF_MEM | BPF_W, kMinor, kContext, offsetof(bpf_cgroup_dev_ctx, minor), 0));
  for (const auto& rule : policy.exceptions) exception(code, rule, !policy.default_allow);
  verdict(code, policy.default_allow);
  return code;
}

int bpf(int command, bpf_attr& attr) { return static_cast<int>(::syscall(SYS_bpf, command, &attr, sizeof attr)); }

// By which ours are told from those of an init system.
constexpr char kName[] = "secure_device";

// The programs of this name that are attached to the group itself. Best effort: asking needs Linux 4.15 and rights that a
// nested runtime may lack, and two filters are stricter than one.
std::vector<Fd> ours(int dir) {
  std::uint32_t ids[64];
  bpf_attr query{};
  query.query.target_fd = static_cast<std::uint32_t>(dir);
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_ids = reinterpret_cast<std::uintptr_t>(ids);
  query.query.prog_cnt = std::size(ids);
  std::vector<Fd> out;
  if (bpf(BPF_PROG_QUERY, query) < 0) return out;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(query.query.prog_cnt, std::size(ids)); ++i) {
    bpf_attr by_id{};
    by_id.prog_id = ids[i];
    Fd program(bpf(BPF_PROG_GET_FD_BY_ID, by_id));
    bpf_prog_info info{};
    bpf_attr about{};
    about.info.bpf_fd = static_cast<std::uint32_t>(program.get());
    about.info.info_len = sizeof info;
    about.info.info = reinterpret_cast<std::uintptr_t>(&info);
    if (program.valid() && bpf(BPF_OBJ_GET_INFO_BY_FD, about) == 0 && std::strcmp(info.name, kName) == 0) out.push_back(std::move(program));
  }
  return out;
}

}  // namespace

Status attach_device_filter(int v2_dir, const DevicePolicy& policy) {
  const std::vector<bpf_insn> code = generate(policy);
  static constexpr char kLicense[] = "Apache-2.0";
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.expected_attach_type = BPF_CGROUP_DEVICE;
  load.insns = reinterpret_cast<std::uintptr_t>(code.data());
  load.insn_cnt = static_cast<std::uint32_t>(code.size());
  load.license = reinterpret_cast<std::uintptr_t>(kLicense);
  std::memcpy(load.prog_name, kName, sizeof kName);
  Fd program(bpf(BPF_PROG_LOAD, load));
  if (!program.valid())
    return fail(Stage::cgroup, "DEVICE_FILTER_REFUSED", errno, "load the device filter of the group",
                errno == EPERM ? "this needs CAP_BPF and CAP_SYS_ADMIN in the initial user namespace" : "");
  // A real descriptor: older kernels refuse O_PATH here.
  Fd dir(::openat(v2_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid()) return fail(Stage::cgroup, "DEVICE_FILTER_REFUSED", errno, "open the group for its device filter");
  const auto earlier = ours(dir.get());
  bpf_attr attach{};
  attach.target_fd = static_cast<std::uint32_t>(dir.get());
  attach.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  // Beside the programs of the parents (systemd attaches its own): a device is allowed only if all agree.
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attach) < 0)
    return fail(Stage::cgroup, "DEVICE_FILTER_REFUSED", errno, "attach the device filter to the group");
  // Only now: between the two both count, and never none.
  for (const auto& one : earlier) {
    bpf_attr detach{};
    detach.target_fd = static_cast<std::uint32_t>(dir.get());
    detach.attach_bpf_fd = static_cast<std::uint32_t>(one.get());
    detach.attach_type = BPF_CGROUP_DEVICE;
    if (bpf(BPF_PROG_DETACH, detach) < 0) return fail(Stage::cgroup, "DEVICE_FILTER_REFUSED", errno, "detach the earlier device filter of the group");
  }
  return Ok{};
}

}  // namespace secure::cgroup
