// SPDX-License-Identifier: Apache-2.0
#include "schedule.h"

#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <iterator>

#include "number_set.h"

namespace secure::schedule {

namespace {

// sched_setattr(2), whose header does not go with glibc's.
struct Attributes {
  std::uint32_t size, sched_policy;
  std::uint64_t sched_flags;
  std::int32_t sched_nice;
  std::uint32_t sched_priority;
  std::uint64_t sched_runtime, sched_deadline, sched_period;
};
static_assert(sizeof(Attributes) == 48);  // SCHED_ATTR_SIZE_VER0

struct Word {
  std::string_view name;
  unsigned long value;
};

constexpr Word kPolicies[] = {{"SCHED_OTHER", SCHED_NORMAL}, {"SCHED_FIFO", SCHED_FIFO},         {"SCHED_RR", SCHED_RR},
                              {"SCHED_BATCH", SCHED_BATCH},  {"SCHED_ISO", 4 /* reserved, no kernel has it */},
                              {"SCHED_IDLE", SCHED_IDLE},    {"SCHED_DEADLINE", SCHED_DEADLINE}};
constexpr Word kFlags[] = {{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK}, {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
                           {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},       {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
                           {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},     {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
                           {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX}};
constexpr Word kIoClasses[] = {{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT}, {"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE}, {"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE}};
constexpr Word kModes[] = {{"MPOL_DEFAULT", MPOL_DEFAULT},       {"MPOL_PREFERRED", MPOL_PREFERRED},
                           {"MPOL_BIND", MPOL_BIND},             {"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
                           {"MPOL_LOCAL", MPOL_LOCAL},           {"MPOL_PREFERRED_MANY", 5 /* Linux 5.15 */},
                           {"MPOL_WEIGHTED_INTERLEAVE", 6 /* Linux 6.9 */}};
constexpr Word kModeFlags[] = {{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES}, {"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
                               {"MPOL_F_NUMA_BALANCING", 1 << 13 /* Linux 5.12 */}};

template <std::size_t N>
const Word* find(const Word (&table)[N], std::string_view name) {
  for (const auto& word : table)
    if (word.name == name) return &word;
  return nullptr;
}

template <std::size_t N>
int number_of(const Word (&table)[N], std::string_view name) {
  const Word* word = find(table, name);
  return word == nullptr ? -1 : static_cast<int>(word->value);
}

}  // namespace

int policy(std::string_view name) { return number_of(kPolicies, name); }
bool real_time(int policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }
bool deadline(int policy) { return policy == SCHED_DEADLINE; }
std::uint64_t flag(std::string_view name) {
  const Word* word = find(kFlags, name);
  return word == nullptr ? 0 : word->value;
}
int io_class(std::string_view name) { return number_of(kIoClasses, name); }
int io_value(int io_class, int priority) { return static_cast<int>(static_cast<unsigned>(io_class) << IOPRIO_CLASS_SHIFT | static_cast<unsigned>(priority)); }
int memory_mode(std::string_view name) { return number_of(kModes, name); }
int memory_flag(std::string_view name) { return number_of(kModeFlags, name); }

Status apply(const spec::Scheduler& scheduler, pid_t pid) {
  Attributes attr{};
  attr.size = sizeof attr;
  attr.sched_policy = scheduler.policy;
  attr.sched_flags = scheduler.flags;
  attr.sched_nice = scheduler.nice;
  attr.sched_priority = scheduler.priority;
  attr.sched_runtime = scheduler.runtime;
  attr.sched_deadline = scheduler.deadline;
  attr.sched_period = scheduler.period;
  if (::syscall(SYS_sched_setattr, pid, &attr, 0U) == 0) return Ok{};
  return fail(Stage::process, "SCHEDULER_FAILED", errno, "set the scheduling of /process/scheduler",
              errno == EPERM   ? "needs CAP_SYS_NICE in the initial user namespace; on cgroup v1 a real-time policy also a group with cpu.rt_runtime_us, "
                                 "and SCHED_DEADLINE every processor"
              : errno == EBUSY ? "the processors have no time left for this deadline"
              : errno == EINVAL ? "the kernel knows no such combination of policy and parameters" : "");
}

Status apply_io(int value, pid_t pid) {
  constexpr int kProcess = 1;  // IOPRIO_WHO_PROCESS
  if (::syscall(SYS_ioprio_set, kProcess, pid, value) == 0) return Ok{};
  return fail(Stage::process, "IO_PRIORITY_FAILED", errno, "set the I/O priority of /process/ioPriority",
              errno == EPERM ? "IOPRIO_CLASS_RT needs CAP_SYS_NICE in the initial user namespace" : "");
}

Status set_affinity(const std::vector<unsigned long>& cpus) {
  if (::syscall(SYS_sched_setaffinity, 0, cpus.size() * sizeof(unsigned long), cpus.data()) >= 0) return Ok{};
  return fail(Stage::process, "AFFINITY_FAILED", errno, "set the processors of /process/execCPUAffinity",
              errno == EINVAL ? "none of them is online and in the cpuset of the cgroup" : "");
}

std::string affinity_mask() {
  std::array<unsigned long, number_set::kMax / number_set::kWordBits> all{};
  (void)::syscall(SYS_sched_getaffinity, 0, sizeof all, all.data());
  char text[24];
  (void)std::snprintf(text, sizeof text, "0x%lx", all[0]);
  return text;
}

void reset_affinity() {
  static constexpr auto kAll = [] {
    std::array<unsigned long, number_set::kMax / number_set::kWordBits> all{};
    for (auto& word : all) word = ~0UL;
    return all;
  }();
  // Where a filter of the caller refuses it the container runs on less than it could.
  (void)::syscall(SYS_sched_setaffinity, 0, sizeof kAll, kAll.data());
}

Status set_memory_policy(const spec::MemoryPolicy& policy) {
  // One bit more than there are: the kernel takes one off (get_nodes()).
  const unsigned long bits = policy.nodes.empty() ? 0 : policy.nodes.size() * number_set::kWordBits + 1;
  if (::syscall(SYS_set_mempolicy, policy.mode, policy.nodes.empty() ? nullptr : policy.nodes.data(), bits) == 0) return Ok{};
  return fail(Stage::process, "MEMORY_POLICY_FAILED", errno, "set the memory policy of /linux/memoryPolicy",
              errno == ENOSYS   ? "the kernel is built without CONFIG_NUMA"
              : errno == EINVAL ? "a node is not there or not in the cpuset, or the mode does not go with the nodes or flags" : "");
}

}  // namespace secure::schedule
