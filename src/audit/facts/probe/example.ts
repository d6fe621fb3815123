// SPDX-License-Identifier: Apache-2.0
// A container in which everything is refused. Examples of checks are merged over it.
import type { NamespaceKind, ProbeAttempt, ProbeFacts, ProbeNamespace } from './types.ts';
import { NAMESPACES } from './types.ts';

const DENIED: ProbeAttempt = { outcome: 'denied', errno: 'EPERM', by: null, detail: '' };

/** Everything that native/probe tries, in its order. */
export const ATTEMPTS = [
  ...[
    'unshare-user',
    'clone3-user',
    'unshare-user-32-bit',
    'unshare-user-x32',
    'unshare-mount',
    'unshare-net',
    'setns-first-process',
  ],
  ...['mount', 'fsopen', 'userns-mount-tmpfs', 'userns-mount-proc', 'userns-mount-overlay', 'cgroup-v1-mount'],
  ...['pivot-root', 'chroot'],
  ...['ptrace-first-process', 'read-memory-of-first-process', 'root-of-first-process', 'personality-no-randomize'],
  ...['become-user-0', 'set-groups', 'terminal-input', 'console-selection'],
  ...['bpf-socket-filter', 'bpf-kprobe', 'perf-own', 'perf-machine', 'userfaultfd', 'io-uring', 'kexec-load'],
  ...['init-module', 'keyctl', 'add-key', 'open-by-handle', 'kernel-log', 'io-ports'],
  ...['clock-adjust', 'clock-set', 'host-name', 'reboot', 'swapon'],
  ...['write-core-pattern', 'write-modprobe', 'write-binfmt', 'write-uevent-helper', 'write-sysrq-trigger'],
  ...['write-release-agent', 'read-kernel-memory', 'read-kernel-addresses', 'make-device'],
  ...['socket-raw', 'socket-packet', 'socket-alg', 'socket-vsock', 'socket-tipc', 'socket-bluetooth'],
  ...['netlink-route', 'netlink-sock-diag', 'netlink-xfrm', 'netlink-audit', 'netlink-netfilter', 'netlink-uevent'],
  ...['netlink-generic', 'netlink-crypto', 'userns-netfilter'],
] as const;

const own = (inode: number): ProbeNamespace => ({ inode, ofFirst: inode });
const first = (inode: number): ProbeNamespace => ({ inode, ofFirst: null });
const none = '0000000000000000';

export const exampleFacts: ProbeFacts = {
  name: 'web',
  ids: {
    uid: [65532, 65532, 65532],
    gid: [65532, 65532, 65532],
    groups: [],
    uidMap: [[0, 1959854080, 65536]],
    gidMap: [[0, 1959854080, 65536]],
  },
  capabilities: { bounding: none, permitted: none, effective: none, inheritable: none, ambient: none },
  confinement: { noNewPrivileges: true, seccomp: 2, filters: 1, label: null },
  landlock: { abi: 7, refused: [] },
  limits: { core: [0, 0], nofile: [1024, 65536] },
  kernel: { release: '6.18.0', hostname: 'web', bootId: '0d2c5f6e-9d8f-4a53-9a36-3f6f3c9d1f10' },
  namespaces: {
    ...(Object.fromEntries(NAMESPACES.map((kind, i) => [kind, own(4026532177 + i)])) as Record<
      NamespaceKind,
      ProbeNamespace
    >),
    time: first(0xeffffffa),
  },
  processes: { first: 'nginx', visible: 3, kernelThreads: false, foreign: [] },
  root: { flags: ['ro', 'nosuid', 'nodev'], writable: false },
  mounts: {
    complete: true,
    mounts: [
      { root: '/', point: '/', options: 'ro,nosuid,nodev', type: 'overlay', source: 'overlay', shared: false },
      { root: '/', point: '/proc', options: 'rw,nosuid,nodev,noexec', type: 'proc', source: 'proc', shared: false },
    ],
  },
  paths: [
    { path: '/proc/kcore', masked: true, read: true, write: true },
    { path: '/proc/sys', masked: false, read: true, write: false },
  ],
  devices: {
    complete: true,
    nodes: [{ path: '/dev/null', type: 'c', major: 1, minor: 3, read: true, write: true }],
  },
  cgroups: { groups: ['0::/'], writable: [] },
  descriptors: { workingDirectory: 'inside', open: [{ fd: 1, leadsOut: false, link: 'pipe:[1]' }] },
  sockets: [],
  network: { interfaces: [{ name: 'lo', device: false }], abstract: [] },
  keys: { visible: null },
  attempts: {
    ...Object.fromEntries(ATTEMPTS.map((name) => [name, DENIED])),
    'netlink-route': { outcome: 'allowed', errno: null, by: null, detail: '' },
    'netlink-sock-diag': { outcome: 'allowed', errno: null, by: null, detail: '' },
  },
  gaps: {},
  // That of the machine it runs on, which judges.
  host: {
    bootId: '0d2c5f6e-9d8f-4a53-9a36-3f6f3c9d1f10',
    namespaces: Object.fromEntries(NAMESPACES.map((kind, i) => [kind, 4026531832 + i])),
  },
};
