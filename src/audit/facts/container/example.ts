// SPDX-License-Identifier: Apache-2.0
// A running container of the strict profile with one published port: every check passes. Examples of checks are merged over it.
import type { ContainerFacts } from '../container.ts';
import type { DeviceRule, PlannedMount } from './plan.ts';
import type { Proven } from './proof.ts';

const kernel = (type: string, destination: string, ...options: readonly string[]): PlannedMount => ({
  destination,
  type,
  source: type,
  options: ['nosuid', 'noexec', 'nodev', ...options],
  own: false,
});
const node = (major: number, minor: number | null): DeviceRule => ({
  allow: true,
  type: 'c',
  major,
  minor,
  access: 'rw',
});
const proven = (planned: string, actual: string = planned): Proven => ({
  planned,
  inForce: true,
  actual,
  required: true,
});

export const exampleFacts: ContainerFacts = {
  id: 'c09da5391b65df3563fc234b3f7db043a67d744f171b88aa90ecbffe70bbf55a',
  name: 'web',
  running: true,
  engine: 'secure',
  gaps: {},
  managed: null,
  plan: {
    uid: 65532,
    args: ['nginx', '-g', 'daemon off;'],
    capabilities: [],
    noNewPrivileges: true,
    label: '',
    rlimits: { RLIMIT_CORE: 0, RLIMIT_NOFILE: 65536 },
    readOnlyRoot: true,
    propagation: 'private',
    mounts: [
      kernel('proc', '/proc'),
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755'],
        own: false,
      },
      kernel('sysfs', '/sys', 'ro'),
      kernel('cgroup', '/sys/fs/cgroup', 'relatime', 'ro'),
      kernel('tmpfs', '/tmp', 'mode=1777'),
      { destination: '/srv', type: 'bind', source: '/srv/web', options: ['bind', 'ro', 'nosuid', 'nodev'], own: false },
    ],
    namespaces: { pid: '', mount: '', uts: '', ipc: '', network: '', cgroup: '', user: '' },
    uidMappings: [{ inside: 0, outside: 1959854080, size: 65536 }],
    seccomp: { defaultAction: 'SCMP_ACT_ERRNO', rules: 27 },
    maskedPaths: [
      '/proc/acpi',
      '/proc/kcore',
      '/proc/keys',
      '/proc/sched_debug',
      '/proc/scsi',
      '/proc/timer_list',
      '/sys/firmware',
    ],
    readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    devices: [
      { allow: false, type: 'a', major: null, minor: null, access: 'rwm' },
      ...[3, 5, 7, 8, 9].map((minor) => node(1, minor)),
      node(5, 0),
      node(5, 2),
      node(136, null),
    ],
    limits: { memory: 4294967296, pids: 1024, cpuQuota: 200000 },
    landlock: ['execute', 'write_file', 'read_file', 'read_dir'],
    network: {
      egress: [443],
      hostAccess: false,
      ports: [{ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, containerPort: 80 }],
    },
    image: {
      reference: 'localhost/nginx:latest',
      digest: 'sha256:bf151b4c68b301e4560a067e458109b94c8178420ede73b9042ead32484d1852',
      origin: 'built',
    },
  },
  proof: {
    'user-namespace': proven('uid 0:1959854080:65536; gid 0:1959854080:65536'),
    user: proven('65532:65532', '65532:65532; outside 1959919612 1959919612 1959919612 1959919612'),
    capabilities: proven('bounding: none; permitted: none; effective: none; inheritable: none; ambient: none'),
    'no-new-privileges': proven('on'),
    seccomp: proven('default SCMP_ACT_ERRNO, 27 rules', 'filter mode, 1 filter(s)'),
    lsm: { planned: null, inForce: false, actual: 'no AppArmor or SELinux label', required: false },
    namespaces: proven(
      'user pid mnt net ipc uts cgroup',
      'own: user:[4026532177] pid:[4026532181] mnt:[4026532178] net:[4026532182] ipc:[4026532180] uts:[4026532179] cgroup:[4026532183]; shared with the host: time:[4026531834]',
    ),
    rootfs: proven('read-only', 'overlay ro,nosuid,nodev,relatime'),
    'masked-paths': proven('7 paths', '5 in force, 2 do not exist'),
    'readonly-paths': proven('5 paths', '4 in force, 1 do not exist'),
    mounts: proven('flags of 6 mounts', 'all flags as planned'),
    'writable-mounts': { planned: null, inForce: true, actual: '4 writable, all nosuid and nodev', required: false },
    descriptors: proven('0, 1 and 2 at most from outside', '3 open; none leads out'),
    memory: proven('4294967296'),
    pids: proven('1024'),
    cpus: proven('200000 of 100000'),
    devices: proven('none but 9 device rules', '9 allowed'),
    'rlimit-core': proven('0:0'),
    'rlimit-nofile': proven('1024:65536'),
    'landlock-files': proven('execute write_file read_file read_dir', 'the process is refused what its user may do'),
  },
};
