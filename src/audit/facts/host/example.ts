// SPDX-License-Identifier: Apache-2.0
// A complete, well-configured machine with docker: every check passes or does not apply. Examples of checks are merged over it.
import type { HostFacts } from '../host.ts';
import { ALL_FILES, ENGINE_PROGRAMS, SOCKETS } from './files.ts';
import type { FileFact } from './tree.ts';

const at = (logical: string) => ({ logical, path: logical.slice(1) });
const daemon = (value: unknown) => ({ value, location: at('/etc/docker/daemon.json') });
const file = (mode: number, gid = 0): FileFact => ({ type: 'file', mode, uid: 0, gid });
const directory = (mode: number): FileFact => ({ type: 'directory', mode, uid: 0, gid: 0 });

const FILES: Readonly<Record<string, FileFact>> = {
  '/run/docker.sock': { type: 'socket', mode: 0o660, uid: 0, gid: 998 },
  '/run/containerd/containerd.sock': { type: 'socket', mode: 0o660, uid: 0, gid: 0 },
  '/etc/docker': directory(0o755),
  '/etc/docker/daemon.json': file(0o644),
  '/etc/containerd': directory(0o755),
  '/etc/containerd/config.toml': file(0o644),
  '/usr/lib/systemd/system/docker.service': file(0o644),
  '/usr/lib/systemd/system/docker.socket': file(0o644),
  '/etc/passwd': file(0o644),
  '/etc/group': file(0o644),
  '/etc/subuid': file(0o644),
  '/etc/subgid': file(0o644),
  '/etc/shadow': file(0o640, 42),
  '/etc/gshadow': file(0o640, 42),
  '/var/lib/docker': directory(0o710),
  '/run/systemd/timesync': directory(0o755),
  '/usr/bin/dockerd': file(0o755),
  '/usr/bin/containerd': file(0o755),
  '/usr/bin/containerd-shim-runc-v2': file(0o755),
  '/usr/bin/runc': file(0o755),
};

export const exampleFacts: HostFacts = {
  root: '/',
  kernel: {
    release: '6.18.1',
    sysctls: {
      'fs.protected_fifos': '1',
      'fs.protected_hardlinks': '1',
      'fs.protected_regular': '2',
      'fs.protected_symlinks': '1',
      'fs.suid_dumpable': '0',
      'kernel.core_pattern': 'core',
      'kernel.dmesg_restrict': '1',
      'kernel.kptr_restrict': '1',
      'kernel.perf_event_paranoid': '3',
      'kernel.randomize_va_space': '2',
      'kernel.unprivileged_bpf_disabled': '2',
      'kernel.yama.ptrace_scope': '1',
      'net.ipv4.conf.all.accept_redirects': '0',
      'net.ipv4.conf.all.accept_source_route': '0',
      'net.ipv4.conf.default.accept_redirects': '0',
      'net.ipv4.ip_forward': '1',
      'user.max_user_namespaces': '127235',
    },
    seccompActions: ['kill_process', 'kill_thread', 'trap', 'errno', 'user_notif', 'trace', 'log', 'allow'],
    vulnerabilities: { meltdown: 'Mitigation: PTI', spectre_v2: 'Mitigation: Retpolines', mds: 'Not affected' },
    appArmor: 'enforcing',
    seLinux: 'absent',
    landlockAbi: 7,
    lockdown: 'integrity',
    swaps: [],
  },
  mounts: [
    { point: '/', type: 'ext4', source: '/dev/sda1', options: ['rw', 'relatime'] },
    { point: '/var/lib/docker', type: 'ext4', source: '/dev/sda2', options: ['rw', 'nodev', 'relatime'] },
    { point: '/sys/fs/cgroup', type: 'cgroup2', source: 'cgroup2', options: ['rw', 'nosuid', 'nodev', 'noexec'] },
  ],
  files: Object.fromEntries(ALL_FILES.map((path) => [path, FILES[path] ?? null])),
  coreHandler: null,
  accounts: [
    { name: 'root', uid: 0, gid: 0 },
    { name: 'dockremap', uid: 997, gid: 997 },
    { name: 'alice', uid: 1000, gid: 1000 },
  ],
  dockerGroup: [],
  subuid: [
    { owner: 'alice', start: 100000, count: 65536, line: 1 },
    { owner: 'dockremap', start: 165536, count: 65536, line: 2 },
  ],
  subgid: [
    { owner: 'alice', start: 100000, count: 65536, line: 1 },
    { owner: 'dockremap', start: 165536, count: 65536, line: 2 },
  ],
  docker: {
    program: '/usr/bin/dockerd',
    config: '/etc/docker/daemon.json',
    problem: null,
    settings: {
      icc: daemon(false),
      'log-level': daemon('info'),
      'userns-remap': daemon('default'),
      'no-new-privileges': daemon(true),
      'live-restore': daemon(true),
      'userland-proxy': daemon(false),
      'log-opts': daemon({ 'max-size': '10m', 'max-file': '3' }),
      'default-ulimits': daemon({ nofile: { Name: 'nofile', Soft: 1024, Hard: 65536 } }),
      hosts: { value: ['fd://'], location: at('/usr/lib/systemd/system/docker.service') },
    },
  },
  auditd: {
    installed: true,
    watches: [
      '/etc/docker',
      '/etc/containerd',
      '/var/lib/docker',
      '/usr/lib/systemd/system',
      '/run/containerd',
      ...ENGINE_PROGRAMS,
      ...SOCKETS,
    ],
    problem: null,
  },
  forwardingLent: false,
};
