// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { cgroupFacts } from '../../src/runtime/host/cgroups.ts';
import { lsmFacts } from '../../src/runtime/host/lsm.ts';
import { parseMountinfo } from '../../src/runtime/host/mountinfo.ts';
import { CAPABILITY_NAMES, capabilityNames, parseLimits, statusField } from '../../src/runtime/host/process.ts';
import { hostInputs, readHost } from '../../src/runtime/host.ts';

const V2 =
  '31 23 0:28 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot';
const V1 = `31 23 0:28 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:4 - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 / /sys/fs/cgroup/memory rw,nosuid shared:9 master:1 - cgroup cgroup rw,memory
34 31 0:31 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd`;
const HYBRID = `${V1}\n35 31 0:32 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw`;
const none = (): string => '';

describe('cgroupFacts', () => {
  it('v2: controllers come from cgroup.controllers of that mount', () => {
    const asked: string[] = [];
    const facts = cgroupFacts(V2, (mount) => {
      asked.push(mount);
      return 'cpuset cpu io memory pids\n';
    });
    expect(facts).toEqual({ mode: 'v2', controllers: ['cpu', 'cpuset', 'io', 'memory', 'pids'] });
    expect(asked).toEqual(['/sys/fs/cgroup']);
  });
  it('v1: controllers are mount options, without names and flags', () => {
    expect(cgroupFacts(V1, none)).toEqual({ mode: 'v1', controllers: ['cpu', 'cpuacct', 'memory'] });
  });
  it('hybrid: both', () => {
    expect(cgroupFacts(HYBRID, none)).toEqual({ mode: 'hybrid', controllers: ['cpu', 'cpuacct', 'memory'] });
  });
  it('a read-only hierarchy, as inside a container, holds nothing', () => {
    expect(cgroupFacts(V2.replace('rw,nosuid', 'ro,nosuid'), none)).toEqual({ mode: 'none', controllers: [] });
  });
  it('nothing mounted', () => expect(cgroupFacts('', none)).toEqual({ mode: 'none', controllers: [] }));
});

describe('parseMountinfo', () => {
  it('unescapes, and skips any number of optional fields', () => {
    const [mount] = parseMountinfo(
      String.raw`1 2 0:3 / /a\040b\134c rw,relatime shared:1 master:2 unbindable - ext4 /dev/x rw,discard`,
    );
    expect(mount).toEqual({ mountPoint: '/a b\\c', fsType: 'ext4', readOnly: false, superOptions: ['rw', 'discard'] });
  });
  it('leaves out lines that are none', () => {
    expect(parseMountinfo('garbage\n\n1 2 0:3 / /x rw\n1 2 0:3 / /y rw - ')).toEqual([
      expect.objectContaining({ mountPoint: '/y' }),
    ]);
  });
});

describe('lsmFacts', () => {
  const sources = { list: '', appArmorEnabled: '', seLinuxEnforce: '', landlock: true };
  it.each([
    ['no securityfs', {}, { lsms: ['landlock'], appArmorEnforcing: false, seLinuxEnforcing: false }],
    [
      'AppArmor',
      { list: 'lockdown,capability,landlock,yama,apparmor', appArmorEnabled: 'Y\n' },
      {
        lsms: ['lockdown', 'capability', 'landlock', 'yama', 'apparmor'],
        appArmorEnforcing: true,
        seLinuxEnforcing: false,
      },
    ],
    [
      'AppArmor built in, not active',
      { list: 'capability,yama', appArmorEnabled: 'Y\n' },
      { lsms: ['capability', 'yama'], appArmorEnforcing: false, seLinuxEnforcing: false },
    ],
    [
      'SELinux',
      { list: 'capability,selinux', seLinuxEnforce: '1' },
      { lsms: ['capability', 'selinux'], appArmorEnforcing: false, seLinuxEnforcing: true },
    ],
    [
      'SELinux permissive',
      { list: 'capability,selinux', seLinuxEnforce: '0' },
      { lsms: ['capability', 'selinux'], appArmorEnforcing: false, seLinuxEnforcing: false },
    ],
  ])('%s', (_, given, facts) => expect(lsmFacts({ ...sources, ...given })).toEqual(facts));
});

describe('this process', () => {
  it('limits', () => {
    const text = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max open files            1024                 524288               files     
Max nice priority         0                    0                    
Max something new         1                    2                    things    `;
    expect(parseLimits(text)).toEqual({
      RLIMIT_CPU: { soft: -1, hard: -1 },
      RLIMIT_NOFILE: { soft: 1024, hard: 524288 },
      RLIMIT_NICE: { soft: 0, hard: 0 },
    });
  });
  it('capabilities', () => {
    expect(capabilityNames('0000000000000000')).toEqual([]);
    expect(capabilityNames('000001ffffffffff')).toEqual([...CAPABILITY_NAMES]);
    expect(capabilityNames('000001fffeffffff')).toEqual(CAPABILITY_NAMES.filter((name) => name !== 'CAP_SYS_RESOURCE'));
    expect(capabilityNames('ffffffffffffffff')).toHaveLength(CAPABILITY_NAMES.length);
    expect(capabilityNames('not hex')).toEqual([]);
  });
  it('status', () => {
    expect(statusField('Name:\tx\nCapBnd:\t00ff\n', 'CapBnd')).toBe('00ff');
    expect(statusField('Name:\tx\n', 'CapBnd')).toBeUndefined();
  });
});

describe('readHost', () => {
  it('describes the machine that runs this test', async () => {
    const host = await readHost();
    expect(host).toMatchObject({
      euid: process.geteuid?.(),
      bootId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      seccomp: true,
    });
    expect(host.lastCap).toBeGreaterThanOrEqual(40);
    expect(Object.keys(host.rlimits)).toHaveLength(16);
    expect(host.memoryTotal).toBeGreaterThan(2 ** 20);
  });
  it('as inputs every fact is there by value, and soft limits, which Node changes, are not', async () => {
    const host = await readHost();
    const inputs = hostInputs(host);
    expect(inputs.map((input) => input.kind === 'host' && input.fact)).toEqual(
      expect.arrayContaining(['bootId', 'kernelRelease', 'lsms', 'cgroup', 'landlockAbi', 'hardLimits']),
    );
    const { rlimits } = host;
    const raised = Object.fromEntries(Object.entries(rlimits).map(([name, { hard }]) => [name, { soft: 1, hard }]));
    expect(hostInputs({ ...host, rlimits: raised })).toEqual(inputs);
  });
});
