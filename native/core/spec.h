// SPDX-License-Identifier: Apache-2.0
// The part of an OCI runtime config.json (runtime-spec 1.3) and of the plan extension
// (schemas/plan.schema.json) that the runtime carries out, as plain data.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json.h"
#include "result.h"

namespace secure::spec {

struct IdMap {
  std::uint32_t container = 0;
  std::uint32_t host = 0;
  std::uint32_t size = 0;
};

struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  std::vector<std::string> options;
  std::vector<IdMap> uid_mappings, gid_mappings;  // stored ids and where they are seen; empty: the container's own
  std::string at;                                 // its JSON pointer, for errors
  std::uint64_t mount_id = 0;                     // of what was decided about, 0: any
  bool resolved = false;                          // the source was resolved when it was decided about: a link on the way now was put there since
};

struct Rlimit {
  std::string type;  // RLIMIT_NOFILE ...
  std::uint64_t soft = 0, hard = 0;
};

struct Capabilities {
  // Bit n = capability n. Unset in the file means 0.
  std::uint64_t bounding = 0, effective = 0, inheritable = 0, permitted = 0, ambient = 0;
};

struct SeccompArg {
  unsigned index = 0;
  std::uint64_t value = 0, value_two = 0;
  std::string op;  // SCMP_CMP_EQ ...
};

struct SeccompRule {
  std::vector<std::string> names;
  std::string action;
  std::optional<unsigned> errno_ret;
  std::vector<SeccompArg> args;
};

struct Seccomp {
  std::string default_action;
  std::optional<unsigned> default_errno_ret;
  std::vector<std::string> architectures, flags;
  std::vector<SeccompRule> rules;
  std::string listener_path{}, listener_metadata{};  // of SCMP_ACT_NOTIFY
  bool refuse_unknown_names = false;                 // annotation run.oci.seccomp_fail_unknown_syscall
};

struct Device {
  std::string path;
  char type = 'c';
  std::int64_t major = 0, minor = 0;
  std::uint32_t mode = 0666, uid = 0, gid = 0;
};

struct DeviceRule {
  bool allow = false;
  char type = 'a';                    // a, b, c
  std::optional<std::int64_t> major, minor;  // absent: any
  std::string access;                 // subset of "rwm"
};

// Weights of block devices, 10 to 1000.
struct WeightDevice {
  std::uint32_t major = 0, minor = 0;
  std::optional<unsigned> weight, leaf_weight;
};
struct ThrottleDevice {
  std::uint32_t major = 0, minor = 0;
  std::uint64_t rate = 0;  // bytes or operations per second; 0 takes a limit away
};
struct BlockIo {
  std::optional<unsigned> weight, leaf_weight;
  std::vector<WeightDevice> weight_devices;
  std::vector<ThrottleDevice> read_bps, write_bps, read_iops, write_iops;
};
struct HugepageLimit {
  std::string page_size;  // 2MB
  std::uint64_t limit = 0;
};
struct RdmaLimit {
  std::string device;
  std::optional<std::uint32_t> handles, objects;
};

// Bytes and microseconds; -1 is unlimited. 0 and absent mean that nothing is asked for, except where noted.
struct Resources {
  std::vector<DeviceRule> devices;
  std::optional<std::int64_t> memory_limit, memory_reservation, memory_swap;
  bool swap_if_accounted = false;  // memory_swap is left out where the kernel does not account swap
  std::optional<std::int64_t> memory_kernel, memory_kernel_tcp;  // the first is ignored: no kernel has it any more
  std::optional<unsigned> memory_swappiness;                     // 0 counts
  std::optional<bool> use_hierarchy;
  bool disable_oom_killer = false, check_before_update = false;
  std::optional<std::int64_t> pids_limit;
  std::optional<std::uint64_t> cpu_shares, cpu_period, cpu_burst, cpu_rt_period;  // a burst of 0 counts
  std::optional<std::int64_t> cpu_quota, cpu_rt_runtime, cpu_idle;                // an idle of 0 counts
  std::string cpus, mems;
  BlockIo block_io;
  std::vector<HugepageLimit> hugepages;
  std::optional<std::uint32_t> net_class_id;
  std::vector<std::pair<std::string, std::uint32_t>> net_priorities;
  std::vector<RdmaLimit> rdma;
  std::vector<std::pair<std::string, std::string>> unified;  // files of v2 and what is written to them, in order
};

struct Namespace {
  int flag = 0;      // CLONE_NEW*
  std::string path;  // empty: create
  bool foreign = false;  // not the runtime's own when it was decided about, and not to be it when it is joined
};

// Landlock, in the vocabulary of landlockconfig. Names are those of
// <linux/landlock.h> in lower case without prefix: execute, write_file, ...
struct LandlockPath {
  std::vector<std::string> parent, allowed_access;
  bool optional = false;  // a path that does not exist is skipped
};
struct LandlockPort {
  std::vector<std::uint64_t> port;
  std::vector<std::string> allowed_access;  // bind_tcp, connect_tcp
};
struct Landlock {
  int min_abi = 0;
  std::vector<std::string> handled_access_fs, handled_access_net, scoped;
  std::vector<LandlockPath> path_beneath;
  std::vector<LandlockPort> net_port;
};

// sched_setattr(2), as numbers.
struct Scheduler {
  std::uint32_t policy = 0, priority = 0;
  std::int32_t nice = 0;
  std::uint64_t flags = 0, runtime = 0, deadline = 0, period = 0;
};

// execCPUAffinity: as number_set::parse() returns them, empty: not given.
struct CpuAffinity {
  std::vector<unsigned long> initial, final;
};

struct Process {
  bool terminal = false;
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> additional_gids;
  std::optional<std::uint32_t> umask;
  std::vector<std::string> args, env;
  std::string cwd = "/";
  Capabilities capabilities;
  bool has_capabilities = false;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  std::string apparmor_profile, selinux_label;
  std::optional<std::pair<unsigned, unsigned>> console_size;  // rows, columns
  std::optional<Scheduler> scheduler;
  std::optional<int> io_priority;  // as ioprio_set(2) takes it
  CpuAffinity exec_affinity;
  std::vector<std::string> warnings;  // what is left out, as the specification wants it
};

// set_mempolicy(2): mode with its flags, and nodes as number_set::parse() returns them.
struct MemoryPolicy {
  int mode = 0;
  std::vector<unsigned long> nodes;
};

struct TimeOffset {
  std::string clock;  // monotonic, boottime
  std::int64_t secs = 0;
  std::uint32_t nanosecs = 0;
};

struct IntelRdt {
  std::string clos_id;                // empty: the container's id
  std::vector<std::string> schemata;  // lines, in the order of writing
  bool enable_monitoring = false;
};

struct NetDevice {
  std::string host, name;  // in the host's and in the container's network namespace
};

// What a process is denied beyond the runtime specification.
struct Hardening {
  bool refuse_exec_gain = false;         // PR_SET_MDWE
  bool no_store_bypass = false, no_indirect_branch = false;  // PR_SET_SPECULATION_CTRL
};

// runtime-spec config.md#posix-platform-hooks
struct Hook {
  std::string path;
  std::vector<std::string> args, env;
  int timeout = 0;  // seconds, 0: none
};
struct Hooks {
  std::vector<Hook> prestart, create_runtime, create_container, start_container, poststart, poststop;
};

struct Slot {
  std::string at, type, prefix, suffix;
};

// How a detached container is asked whether it works. Times are milliseconds.
struct Health {
  std::vector<std::string> command;
  unsigned interval = 30'000, timeout = 30'000, start_period = 0, start_interval = 5'000, retries = 3;
};

enum class Restart : unsigned char { no, on_failure, always };

struct Monitor {
  bool detach = false, stdin_open = false, remove = false;
  std::string log_driver = "json-file";
  std::uint64_t log_max_bytes = 10U << 20;  // of one file
  unsigned log_max_files = 2;
  std::string stop_signal = "SIGTERM";
  unsigned stop_timeout = 10;
  Restart restart = Restart::no;
  unsigned restart_limit = 0;  // 0: none
  std::optional<Health> health;
};

struct PublishedPort {
  std::string protocol;      // tcp, udp
  std::string host_address;  // 0.0.0.0 and :: are every address of their family
  std::uint16_t host_port = 0, container_port = 0;  // host_port 0: a slot
};

// docs/network.md
struct Network {
  std::string bridge, subnet4, subnet6;  // subnet6 "": no IPv6
  std::string address4, address6;        // slots
  bool egress_any = false;
  std::vector<std::uint16_t> egress_ports;
  bool host_access = false;
  std::vector<PublishedPort> ports;
};

// A file that is written into the container's record before it starts.
struct GeneratedFile {
  std::string name;                // no slash
  std::vector<std::string> parts;  // its text, in pieces; some are slots
};

// The object under the top-level key "secure"; absent for a plain OCI bundle.
struct Extension {
  int schema_version = 0;
  std::string name, profile, image, state_root, run_root, log_path;
  std::vector<std::string> layers;  // unpacked layer directories, lowest first
  std::optional<std::uint32_t> range_size;
  std::string upper_dir, work_dir;
  std::optional<Network> network;
  std::vector<GeneratedFile> files;
  Monitor monitor;
  std::vector<Slot> slots;
};

struct Spec {
  std::string oci_version;
  Process process;
  bool has_process = true;  // without one it can be created and cannot be started
  std::string root_path;
  bool root_resolved = false;  // as a mount's source
  bool root_readonly = false;
  std::string hostname, domainname;
  std::vector<Mount> mounts;
  std::vector<Namespace> namespaces;
  std::vector<IdMap> uid_mappings, gid_mappings;
  std::vector<Device> devices;
  std::string cgroups_path;
  Resources resources;
  std::optional<Seccomp> seccomp;
  std::vector<std::string> masked_paths, readonly_paths;
  std::string rootfs_propagation;  // empty: private
  std::vector<std::pair<std::string, std::string>> sysctl;
  std::string mount_label;
  std::optional<unsigned long> personality;
  std::optional<MemoryPolicy> memory_policy;
  std::vector<TimeOffset> time_offsets;
  std::optional<IntelRdt> intel_rdt;
  std::vector<NetDevice> net_devices;
  Hardening hardening;
  std::optional<Landlock> landlock;  // of the extension, or of an annotation
  // Of a policy (policy.h): around what the config itself asks for.
  std::vector<sock_filter> outer_filter;
  std::optional<Landlock> outer_landlock;
  Hooks hooks;
  std::vector<std::pair<std::string, std::string>> annotations;
  std::optional<Extension> secure;
};

// Empty: there is no such annotation.
std::string annotation(const Spec& spec, std::string_view key);

// Parse and validate. Every rejected field is named by its JSON pointer.
Result<Spec> parse(std::string_view text);
Result<Spec> read(const rapidjson::Document& document);

// The object "process" on its own, as `exec --process` takes it.
Result<Process> parse_process(std::string_view json);
// The array of "mounts" on its own: what is mounted into a container that runs already.
Result<std::vector<Mount>> parse_mounts(std::string_view json);

// The object "linux.resources" on its own, as `update --resources` takes it.
Result<Resources> parse_resources(std::string_view json);

// The object of "linux.seccomp" on its own: a profile file of the engines without Go-specific keys.
Result<Seccomp> parse_seccomp(std::string_view json);

}  // namespace secure::spec
