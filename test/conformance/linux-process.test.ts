// SPDX-License-Identifier: Apache-2.0
// Parts of runtime-spec config-linux.md that a process gets: seccomp, personality, time-offsets, memory-policy, sysctl, netdevices, intelrdt;
// and the annotations of docs/hardening.md.
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bundle, type Config } from '../support/bundle.ts';
import { cannotRun } from '../support/secure.ts';

describe.skipIf(cannotRun())('config-linux.md', () => {
  let bundle: Bundle;
  beforeEach(() => {
    bundle = new Bundle();
  });
  afterEach(() => bundle.remove());
  const sh = (script: string, change?: (config: Config) => void) => bundle.run(['/bin/sh', '-c', script], change);
  const linux =
    (values: Record<string, unknown>, ...namespaces: string[]) =>
    (config: Config) => {
      Object.assign(config.linux, values);
      for (const type of namespaces) config.linux.namespaces.push({ type });
    };

  it('#personality: LINUX32 is another machine, flags are refused', () => {
    expect(sh('busybox uname -m', linux({ personality: { domain: 'LINUX32' } })).stdout).toMatch(/i686|armv8l/);
    expect(sh('busybox uname -m', linux({ personality: { domain: 'LINUX' } })).stdout).toMatch(/x86_64|aarch64/);
    for (const personality of [{ domain: 'X' }, { domain: 'LINUX', flags: ['ADDR_NO_RANDOMIZE'] }])
      expect(sh('true', linux({ personality })).stderr).toContain('/linux/personality/');
  });

  it('#time-offsets: are set in a new time namespace, and an error without one', () => {
    const timeOffsets = { monotonic: { secs: 7881, nanosecs: 2718281 }, boottime: { secs: 1337, nanosecs: 3141519 } };
    const { stdout, stderr } = sh('cat /proc/self/timens_offsets', linux({ timeOffsets }, 'time'));
    expect(stdout + stderr).toMatch(/monotonic\s+7881\s+2718281\nboottime\s+1337\s+3141519\n/);
    expect(sh('cat /proc/self/timens_offsets', linux({}, 'time')).stdout).toMatch(
      /monotonic\s+0\s+0\nboottime\s+0\s+0\n/,
    );
    expect(sh('true', linux({ timeOffsets })).stderr).toContain('/linux/timeOffsets');
  });

  it('#time-offsets: with a user namespace, whose root may not write them itself', () => {
    const timeOffsets = { monotonic: { secs: 7881, nanosecs: 5 } };
    const mappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    bundle.giveTo(100_000);
    const inside = (change: Record<string, unknown>) => (config: Config) => {
      linux({ timeOffsets, uidMappings: mappings, gidMappings: mappings, ...change }, 'time')(config);
      config.linux.namespaces.push({ type: 'user' });
    };
    const { stdout, stderr } = sh('cat /proc/self/timens_offsets', inside({}));
    expect(stdout + stderr).toMatch(/monotonic\s+7881\s+5\nboottime\s+0\s+0\n/);
    const beyond = sh('true', inside({ timeOffsets: { monotonic: { secs: -1_000_000_000, nanosecs: 0 } } }));
    expect([beyond.code, beyond.stderr]).toEqual([1, expect.stringContaining('TIME_OFFSETS_FAILED')]);
  });

  it('#memory-policy: is set before the program runs, and a mode or node that cannot be is an error', () => {
    const policy = (memoryPolicy: unknown) => sh('cat /proc/self/numa_maps | grep -c bind:0', linux({ memoryPolicy }));
    const bound = policy({ mode: 'MPOL_BIND', nodes: '0' });
    expect(Number(bound.stdout), bound.stderr).toBeGreaterThan(0);
    expect(policy({ mode: 'MPOL_NONE' }).stderr).toContain('/linux/memoryPolicy/mode');
    expect(policy({ mode: 'MPOL_BIND', nodes: '8000' }).stderr).toContain('MEMORY_POLICY_FAILED');
  });

  it('#sysctl: those of own namespaces are set, others are refused', () => {
    const set = (key: string, value: string) =>
      sh(`cat /proc/sys/${key.replaceAll('.', '/')}`, linux({ sysctl: { [key]: value } }));
    expect(set('kernel.msgmax', '4321').stdout).toBe('4321\n');
    expect(set('net.ipv4.ip_forward', '1').stdout).toBe('1\n');
    expect(set('kernel.domainname', 'inside').stdout).toBe('inside\n');
    for (const key of [
      'kernel.core_pattern',
      'kernel.hostname',
      'vm.swappiness',
      'user.max_user_namespaces',
      'net.//kernel.core_pattern',
    ])
      expect(set(key, 'x').stderr).toContain('/linux/sysctl');
  });

  it('#seccomp: refused, missing and foreign calls; errnoRet', () => {
    const profile = (rule: object, extra: object = {}) =>
      linux({
        seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'mkdirat'], ...rule }], ...extra },
      });
    expect(sh('busybox mkdir /tmp/x', profile({ action: 'SCMP_ACT_ERRNO', errnoRet: 28 })).stderr).toContain(
      'No space left',
    );
    expect(sh('busybox mkdir /tmp/x', profile({ action: 'SCMP_ACT_ERRNO' })).stderr).toContain('not permitted');
    expect(sh('busybox mkdir /tmp/x', profile({ action: 'SCMP_ACT_KILL_PROCESS' })).code).toBe(159);
    expect(
      sh(
        'grep Seccomp: /proc/self/status',
        profile({ action: 'SCMP_ACT_LOG' }, { flags: ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC'] }),
      ).stdout,
    ).toContain('2');
    expect(sh('true', profile({ action: 'SCMP_ACT_ALLOW', errnoRet: 1 })).stderr).toContain('SECCOMP_INVALID');
    expect(sh('true', profile({ action: 'SCMP_ACT_NOTIFY' })).stderr).toContain('SECCOMP_NO_LISTENER');
    expect(sh('true', profile({ action: 'SCMP_ACT_NOTIFY' }, { listenerPath: '/nonexistent' })).stderr).toContain(
      'failed to connect with seccomp agent',
    );
  });

  it('#seccomp: without noNewPrivileges it is there as well', () => {
    const change = (config: Config) => {
      config.process.noNewPrivileges = false;
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
      };
    };
    expect(sh('busybox mkdir /tmp/x', change).stderr).toContain('not permitted');
  });

  it('#netdevices: a device moves with its addresses under its new name, is up, and a missing one is an error', () => {
    const name = `sc${process.pid % 100000}`;
    execFileSync('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`]);
    try {
      execFileSync('ip', ['address', 'add', '169.254.169.77/32', 'dev', name]);
      execFileSync('ip', ['link', 'set', name, 'mtu', '1789']);
      const { stdout, stderr } = sh(
        'busybox ip address show dev inside',
        linux({ netDevices: { [name]: { name: 'inside' } } }),
      );
      expect(stdout + stderr).toMatch(/inside[@\w]*: <[^>]*UP[^>]*> mtu 1789[\s\S]*169\.254\.169\.77\/32/);
    } finally {
      try {
        execFileSync('ip', ['link', 'del', name], { stdio: 'ignore' });
      } catch {
        // It ended with the container's namespace.
      }
    }
    expect(sh('true', linux({ netDevices: { [name]: {} } })).stderr).toContain('NET_DEVICE_FAILED');
  });

  it('#intelrdt: without resctrl it is an error', () => {
    expect(sh('true', linux({ intelRdt: { closID: 'c', l3CacheSchema: 'L3:0=f' } })).stderr).toContain(
      'RDT_UNAVAILABLE',
    );
  });

  it('annotations: Landlock, memory that was writable, what is not known', () => {
    const annotated = (values: Record<string, string>) => (config: Config) => {
      Object.assign(config, { annotations: values });
    };
    const landlock = JSON.stringify({
      handledAccessFs: ['write_file', 'make_reg'],
      pathBeneath: [{ parent: ['/tmp'], allowedAccess: ['write_file', 'make_reg'] }],
    });
    const { stdout } = sh(
      'echo a > /tmp/a && cat /tmp/a; echo b > /etc/b || echo refused',
      annotated({ 'run.secure.landlock': landlock }),
    );
    expect(stdout).toBe('a\nrefused\n');
    expect(sh('echo in', annotated({ 'run.secure.refuse-exec-gain': 'true' })).stdout).toBe('in\n');
    expect(sh('true', annotated({ 'run.secure.other': 'x' })).stderr).toContain('/annotations/run.secure.other');
  });
});
