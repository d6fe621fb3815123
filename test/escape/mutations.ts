// SPDX-License-Identifier: Apache-2.0
// For each way out of a container that a runtime can close: the line that closes it, weakened, and the tests that must then
// fail. scripts/mutations.ts builds each and runs them; docs/escapes.md has the result.

export interface Mutation {
  /** What was exploited before, or the class. */
  readonly rows: readonly string[];
  /** What the weakened runtime does. */
  readonly weakness: string;
  /** Below native/. */
  readonly file: string;
  /** Text that is there exactly once, and what takes its place. */
  readonly from: string;
  readonly to: string;
  /** Test file below test/escape, and part of the names of the tests. */
  readonly test: readonly [file: string, names: string];
}

const engine = 'bundle-engine.test.ts';
const rootfs = 'bundle-rootfs.test.ts';
const process = 'bundle-process.test.ts';

export const MUTATIONS: readonly Mutation[] = [
  {
    rows: ['CVE-2016-9962'],
    weakness: 'a joining process keeps the descriptors of the host side',
    file: 'core/join.cc',
    from: 'if (auto s = close_all_but(keep); !s) stop(sync, s.error());',
    to: '',
    test: [engine, 'CVE-2016-9962'],
  },
  {
    rows: ['CVE-2016-3697', 'CVE-2026-30892'],
    weakness: 'exec --user takes the number that a text begins with',
    file: 'runtime/cmd_exec.cc',
    from: 'auto uid = number::decimal(std::string_view(text).substr(0, colon), 4294967294U);',
    to: 'auto uid = std::optional<std::uint64_t>(::strtoul(text.c_str(), nullptr, 0));',
    test: [engine, 'CVE-2026-30892'],
  },
  {
    rows: ['CVE-2016-3697'],
    weakness: 'the user id of exec is dropped',
    file: 'runtime/cmd_exec.cc',
    from: 'process.uid = static_cast<std::uint32_t>(*uid);',
    to: '',
    test: [engine, 'CVE-2016-3697'],
  },
  {
    rows: ['CVE-2019-5736', 'CVE-2020-14298'],
    weakness: 'the runtime runs from the writable file',
    file: 'runtime/self.cc',
    from: 'if ((fs.f_flag & ST_RDONLY) != 0) return Ok{};',
    to: 'return Ok{};',
    test: [process, 'stays as it is'],
  },
  {
    rows: ['CVE-2019-5736'],
    weakness: 'exec runs from the writable file',
    file: 'runtime/cmd_exec.cc',
    from: 'if (auto s = protect_self(*spec); !s) return report(s.error(), 255);',
    to: '',
    test: [engine, 'CVE-2019-5736'],
  },
  {
    rows: ['CVE-2019-14271'],
    weakness: 'the runtime is linked with shared libraries',
    file: 'CMakeLists.txt',
    from: 'target_link_options(secure-runtime PRIVATE -static-pie -s)',
    to: 'target_link_options(secure-runtime PRIVATE -s)',
    test: [engine, 'CVE-2019-14271'],
  },
  {
    rows: ['CVE-2019-16884', 'CVE-2025-52881'],
    weakness: 'any file system may be mounted on /proc',
    file: 'core/rootfs_mounts.cc',
    from: 'if (!path::at_or_below(d, "/proc")) return Ok{};',
    to: 'if (!path::at_or_below(d, "/proc") || source < 1 << 30) return Ok{};',
    test: [rootfs, 'CVE-2019-16884'],
  },
  {
    rows: ['CVE-2025-52881'],
    weakness: 'a mount may cover a part of /proc through a link',
    file: 'core/rootfs_mounts.cc',
    from: 'if (!on_procfs(target)) return Ok{};',
    to: 'if (!on_procfs(target) || target >= 0) return Ok{};',
    test: [rootfs, 'must not cover a part of /proc'],
  },
  {
    rows: ['CVE-2019-19921', 'CVE-2023-27561', 'CVE-2026-41579'],
    weakness: 'links of the image in the place of /proc, /sys and /dev are followed',
    file: 'core/rootfs_mounts.cc',
    from: 'const bool follow = !kernel_interface(p);',
    to: 'const bool follow = !kernel_interface(p) || !p.destination.empty();',
    test: [rootfs, 'CVE-2019-19921'],
  },
  {
    rows: ['CVE-2019-18837', 'CVE-2021-30465', 'CVE-2024-45310'],
    weakness: 'paths of the image are resolved from the root of the host',
    file: 'core/rootfs_resolve.cc',
    from: 'constexpr std::uint64_t kInside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;',
    to: 'constexpr std::uint64_t kInside = RESOLVE_NO_MAGICLINKS;',
    test: [rootfs, 'leads inside'],
  },
  {
    rows: ['CVE-2026-88264', 'CVE-2025-31133'],
    weakness: 'a node of the image is taken for the device without a look at it',
    file: 'core/rootfs_dev.cc',
    from: 'if (::fstat(fd.get(), &st) < 0 || (st.st_mode & S_IFMT) != type || (type != S_IFIFO && st.st_rdev != rdev))',
    to: 'if (::fstat(fd.get(), &st) < 0)',
    test: [rootfs, 'another file in its place is refused'],
  },
  {
    rows: ['CVE-2020-15257'],
    weakness: 'the socket that a container waits at has an abstract name',
    file: 'core/socket_address.cc',
    from: 'std::memcpy(out.sun_path, path.c_str(), path.size() + 1);',
    to: 'std::memcpy(out.sun_path + 1, path.c_str(), path.size() + 1);',
    test: [engine, 'CVE-2020-15257'],
  },
  {
    rows: ['CVE-2021-41091', 'CVE-2024-25621'],
    weakness: 'other users may look into the state of a container',
    file: 'core/oci_state.cc',
    from: 'if (::mkdirat(root, id.c_str(), 0700) < 0) {',
    to: 'if (::mkdirat(root, id.c_str(), 0755) < 0) {',
    test: [engine, 'CVE-2021-41091'],
  },
  {
    rows: ['CVE-2021-43784'],
    weakness: 'a message of any length is copied into the fixed one',
    file: 'core/sync.cc',
    from: 'std::size_t n = std::min(from.size(), N - 1);',
    to: 'std::size_t n = from.size();',
    test: [engine, 'CVE-2021-43784'],
  },
  {
    rows: ['CVE-2022-0185', 'CVE-2023-31248', 'generic: system calls'],
    weakness: 'the seccomp filter is not loaded',
    file: 'core/process.cc',
    from: 'return prepared.agent != nullptr ? prepared.agent->load(*prepared.filter) : seccomp::load(*prepared.filter);',
    to: 'return Ok{};',
    test: [engine, 'loads the filter'],
  },
  {
    rows: ['CVE-2022-0811'],
    weakness: 'any sysctl may be set',
    file: 'core/spec_sysctl.cc',
    from: 'else if (const char* why = refusal(path, value.str(), out)) value.report(why);',
    to: 'else if (const char* why = refusal(path, value.str(), out); why != nullptr && path.empty()) value.report(why);',
    test: [process, 'CVE-2022-0811'],
  },
  {
    rows: ['CVE-2022-0492', 'CVE-2023-25809'],
    weakness: 'cgroup mounts without a namespace show the whole hierarchy',
    file: 'core/rootfs_cgroup.cc',
    from: 'if (own.empty()) return hierarchy_mount(layout.hierarchies[i], attributes);',
    to: 'if (own.size() < 1000) return hierarchy_mount(layout.hierarchies[i], attributes);',
    test: [process, 'CVE-2022-0492'],
  },
  {
    rows: ['CVE-2022-24769'],
    weakness: 'what is permitted is inheritable too',
    file: 'core/caps.cc',
    from: 'next.data[0] = {low(wanted.effective), low(wanted.permitted), low(wanted.inheritable)};',
    to: 'next.data[0] = {low(wanted.effective), low(wanted.permitted), low(wanted.permitted)};',
    test: [engine, 'CVE-2022-24769'],
  },
  {
    rows: ['generic: capabilities'],
    weakness: 'nothing is dropped from the bounding set',
    file: 'core/caps.cc',
    from: 'if ((have & ~wanted.bounding & bit(n)) == 0) continue;',
    to: 'if (n >= 0) continue;',
    test: [engine, 'beyond the bounding set'],
  },
  {
    rows: ['CVE-2023-0386'],
    weakness: 'no_new_privs is not set',
    file: 'core/process.cc',
    from: 'if (process.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)',
    to: 'if (process.no_new_privileges && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) < 0)',
    test: [engine, 'CVE-2023-0386'],
  },
  {
    rows: ['CVE-2024-21626'],
    weakness: 'descriptors of the runtime are open when the working directory is entered',
    file: 'core/process.cc',
    from: 'if (auto s = close_others(prepared, sync, labels); !s) return failed(std::move(s));',
    to: 'if (auto s = sync < 0 ? close_others(prepared, sync, labels) : Status(Ok{}); !s) return failed(std::move(s));',
    test: [engine, 'CVE-2024-21626'],
  },
  {
    rows: ['CVE-2024-23651', 'CVE-2024-23652'],
    weakness: 'a link in the place of a container’s state is followed',
    file: 'core/oci_state.cc',
    from: `  // An id that cannot exist does not.
  if (!valid_id(id)) return no_such(id);
  Fd dir(::openat(root, id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));`,
    to: `  if (!valid_id(id)) return no_such(id);
  Fd dir(::openat(root, id.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));`,
    test: [engine, 'CVE-2024-23651'],
  },
  {
    rows: ['CVE-2024-9675 and other ids as paths'],
    weakness: 'an id may be any path',
    file: 'core/oci_state.cc',
    from: "id.size() <= 255 && id[0] != '.' && bad_character(id) == std::string_view::npos",
    to: "(id[0] != '\\0' || bad_character(id) == std::string_view::npos)",
    test: [engine, 'an id that is a path'],
  },
  {
    rows: ['CVE-2024-0132', 'CVE-2025-23266'],
    weakness: 'a hook gets the environment of its caller',
    file: 'core/hooks.cc',
    from: '::execve(hook.path.c_str(), argv, envp);',
    to: '::execve(hook.path.c_str(), argv, envp == nullptr ? envp : environ);',
    test: [engine, 'CVE-2024-0132'],
  },
  {
    rows: ['CVE-2024-0132'],
    weakness: 'a hook gets the descriptors of the runtime',
    file: 'core/hooks.cc',
    from: ' || !close_all_but({})) ::_exit(126);',
    to: ') ::_exit(126);\n  for (int fd = 3; fd < 64; ++fd) (void)::fcntl(fd, F_SETFD, 0);',
    test: [engine, 'CVE-2024-0132'],
  },
  {
    rows: ['generic: masked paths'],
    weakness: 'nothing is masked',
    file: 'core/init.cc',
    from: 'SECURE_TRY(rootfs::mask(root.get(), spec.masked_paths, plan.covers));',
    to: '',
    test: [process, 'masks kernel interfaces'],
  },
  {
    rows: ['generic: read-only paths'],
    weakness: 'nothing is made read-only',
    file: 'core/init.cc',
    from: 'SECURE_TRY(rootfs::make_readonly(root.get(), spec.readonly_paths));',
    to: '',
    test: [process, 'masks kernel interfaces'],
  },
  {
    rows: ['generic: devices'],
    weakness: 'device rules are not written',
    file: 'core/cgroup_devices.cc',
    from: 'if (!place->v2) return write_v1(place->fd, policy);',
    to: 'if (!place->v2) return place->fd < 0 ? write_v1(place->fd, policy) : Status(Ok{});',
    test: [process, 'masks kernel interfaces'],
  },
  {
    rows: ['generic: keys'],
    weakness: 'the session keyring of the caller stays',
    file: 'core/process.cc',
    from: 'if (prepared.new_keyring)',
    to: 'if (prepared.new_keyring && prepared.argv.empty())',
    test: [process, 'possesses no key'],
  },
  {
    rows: ['generic: host name'],
    weakness: 'a host name may be set without a uts namespace',
    file: 'core/container.cc',
    from: 'if (!namespaces::has(spec, CLONE_NEWUTS) && (!spec.hostname.empty() || !spec.domainname.empty()))',
    to: 'if (!namespaces::has(spec, CLONE_NEWNS) && (!spec.hostname.empty() || !spec.domainname.empty()))',
    test: [rootfs, 'a host name without a uts namespace'],
  },
];
