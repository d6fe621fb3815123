// SPDX-License-Identifier: Apache-2.0
// What a program in a container of ours can do to get out, under the profiles as they are shipped.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, attackLayer } from '../support/attack.ts';
import { background, type LoosePlan, launch, planOf, runtime } from '../support/plan.ts';
import { cannotRun, Secure } from '../support/secure.ts';

const REFUSED = /^(EPERM|ENOSYS|EACCES)$/;
const NO_SOCKET = /^(EPERM|EACCES|EAFNOSUPPORT|ESOCKTNOSUPPORT|EPROTONOSUPPORT)$/;
const SOCKETS = ['vsock', 'alg', 'netfilter', 'packet', 'vsock-high', 'alg-high', 'netfilter-high'];

describe.skipIf(cannotRun()).each([
  ['default', '0'],
  ['default', '65532'],
  ['strict', '65532'],
])('a program under %s as user %s', (profile, user) => {
  let secure: Secure;
  let plan: LoosePlan;
  const run = (...command: string[]) => launch(secure, plan, ...command);
  const sh = async (script: string) => (await run('sh', '-c', script)).stdout;

  beforeAll(async () => {
    secure = await Secure.create();
    plan = await planOf(secure, '--rm', '--profile', profile, '--trust', '-u', user, 'busybox', 'true');
    plan.secure.layers.push({ path: attackLayer(secure.root) });
  });
  afterAll(() => secure.destroy());

  it('gets none of the calls that led out of containers before', async () => {
    const { stdout, stderr } = await run('attack', 'calls');
    expect(stderr).toBe('');
    const got = answers(stdout);
    expect(Object.keys(got).length).toBeGreaterThan(30);
    for (const [name, answer] of Object.entries(got))
      expect(`${name} ${answer}`).toMatch(
        new RegExp(`^${name} (${(SOCKETS.includes(name) ? NO_SOCKET : REFUSED).source.slice(2, -2)})$`),
      );
    // Not EPERM: the C library then falls back to clone, whose flags a filter can see.
    expect(got.clone3).toBe('ENOSYS');
  });

  it('has no inheritable and no ambient capability, and what it has is in its own user namespace (CVE-2022-24769)', async () => {
    const out = await sh('grep -E "^(CapInh|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/self/uid_map');
    expect(out).toMatch(/CapInh:\s0{16}\nCapAmb:\s0{16}\nNoNewPrivs:\s1\nSeccomp:\s2\n/);
    expect(out).toMatch(/^\s+0\s+[1-9]\d{6,}\s+65536\n$/m);
  });

  it('reads and writes nothing of the kernel’s that tells of or changes the host', async () => {
    const secret =
      '/proc/kcore /proc/keys /proc/interrupts /proc/timer_list /proc/acpi /proc/sched_debug /sys/firmware /sys/devices/virtual/powercap';
    // Sanity of the check itself: it does see what the host shows.
    expect(readFileSync('/proc/interrupts', 'utf8').length).toBeGreaterThan(0);
    expect(await sh(`for f in ${secret}; do [ -d $f ] && ls -A $f || cat $f; done 2>/dev/null`)).toBe('');
    const knobs =
      '/proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger /proc/sys/vm/panic_on_oom /sys/kernel/uevent_helper /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs';
    expect(await sh(`exec 2>/dev/null; for f in ${knobs}; do (echo 1 > $f) && echo $f; done; true`)).toBe('');
  });

  it('has no block device, and no other process but its own', async () => {
    expect(await sh('find /dev -type b')).toBe('');
    expect(await sh('cd /proc; echo [0-9]*')).toMatch(/^1( \d)?\n$/);
    expect(await sh(`kill -0 ${process.pid} && echo reached; true`)).toBe('');
  });

  it('has descriptors 0, 1 and 2, in run and in exec, and reaches no file of the host through others', async () => {
    expect((await run('attack', 'descriptors')).stdout).toBe('0 1 2 ');
    const id = await background(secure, plan, 'sleep', '600');
    expect((await runtime(secure, 'exec', id, '--', 'attack', 'descriptors')).stdout).toBe('0 1 2 ');
    const caps = await runtime(secure, 'exec', id, '--', 'grep', '-E', '^Cap(Inh|Amb)', '/proc/self/status');
    expect(caps.stdout).toMatch(/^CapInh:\s0{16}\nCapAmb:\s0{16}\n$/);
    for (let n = 0; n <= 40; n += 1) {
      const result = await runtime(secure, 'exec', '-w', `/proc/self/fd/${n}`, id, '--', 'attack', 'cwd');
      expect([n, result.code, result.stdout]).toEqual([n, 125, '']);
    }
    expect((await runtime(secure, 'delete', '--force', id)).code).toBe(0);
  });

  it('shares no abstract socket with the runtime (CVE-2020-15257)', async () => {
    const id = await background(secure, plan, 'sleep', '600');
    const { monitorPid } = JSON.parse((await runtime(secure, 'state', id)).stdout) as { monitorPid: number };
    const names = readFileSync(`/proc/${monitorPid}/net/unix`, 'utf8').split('\n');
    const inodes = readdirSync(`/proc/${monitorPid}/fd`)
      .map((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${monitorPid}/fd/${fd}`))?.[1])
      .filter((inode) => inode !== undefined);
    expect(names.length).toBeGreaterThan(1);
    expect(names.filter((line) => line.includes('@') && inodes.includes(line.split(/\s+/)[6] ?? ''))).toEqual([]);
    expect((await runtime(secure, 'delete', '--force', id)).code).toBe(0);
  });
});
