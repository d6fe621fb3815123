// SPDX-License-Identifier: Apache-2.0
// exec into a container that is hostile: between its arrival and its execve the joining process is the host's.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { attackLayer, digest } from '../support/attack.ts';
import { background, bend, dropUserNamespace, type LoosePlan, planOf, runtime, storePlan } from '../support/plan.ts';
import { cannotRun, Secure, until } from '../support/secure.ts';

/** Everything that a user could grant: tracing, no filter, no Landlock; with and without a user namespace. */
const hostile = (plan: LoosePlan, userNamespace: boolean): LoosePlan =>
  bend(plan, (bent) => {
    const all = ['CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID'];
    bent.process.capabilities = { bounding: all, effective: all, permitted: all };
    delete bent.linux.seccomp;
    bent.secure.landlock = null;
    if (!userNamespace) dropUserNamespace(bent);
  });

describe.skipIf(cannotRun())('exec into a hostile container', () => {
  let secure: Secure;
  let plan: LoosePlan;
  beforeAll(async () => {
    secure = await Secure.create();
    plan = await planOf(secure, '-u', '0', 'busybox', 'true');
    plan.secure.layers.push({ path: attackLayer(secure.root) });
  });
  afterAll(() => secure.destroy());
  const log = (id: string) =>
    readFileSync(join(secure.root, 'state/containers', id, 'log'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { log: string }).log.trim());

  it.each([
    ['true, with a user namespace', true, ['true']],
    // As the program itself, so that the container gets hold of the binary.
    ['the runtime, with a user namespace', true, ['/proc/self/exe', '--version']],
    ['true, without', false, ['true']],
    ['the runtime, without', false, ['/proc/self/exe', '--version']],
  ])(
    'that traces and looks into every new process: %s (CVE-2016-9962, CVE-2019-5736)',
    async (_, userNamespace, command) => {
      // A copy, so that a failure does not cost more than the test.
      const copy = join(secure.root, `secure-runtime-${userNamespace}-${command.length}`);
      cpSync(runtimeBinary(), copy);
      const before = digest(copy);
      const id = await background(secure, hostile(plan, userNamespace), 'attack', 'spy');
      await until('it looks', () => log(id).includes('ready'));
      for (let i = 0; i < 25; i += 1)
        await new Promise((resolve) => {
          const child = spawn(copy, ['exec', id, '--', ...command], {
            cwd: secure.root,
            env: secure.env,
            stdio: 'ignore',
          });
          child.on('exit', resolve);
        });
      const seen = log(id);
      expect((await runtime(secure, 'delete', '--force', id)).code).toBe(0);
      expect(digest(copy)).toBe(before);
      expect(seen).not.toContain('WROTE');
      // Its channel to the host side and its streams: no directory, no file.
      const descriptors = seen.filter((line) => line.startsWith('fd '));
      expect(
        descriptors.filter(
          (line) => !/^fd (pipe:|socket:|\/dev\/null$|anon_inode:|pidfd:|\/proc\/\d+\/status)/.test(line),
        ),
      ).toEqual([]);
      // CAP_SYS_PTRACE of the host's own user namespace may trace anything that it sees: that is what it grants.
      if (userNamespace && command[0] === 'true')
        expect(seen.filter((line) => line === 'attached' || line === 'exe')).toEqual([]);
    },
  );

  it('during its start waits: before its program runs, its root is still the host’s', async () => {
    const slow = bend(plan, (bent) => {
      for (let i = 0; i < 1500; i += 1)
        bent.mounts.push({ destination: `/tmp/${i}`, type: 'tmpfs', source: 'tmpfs', options: ['size=4k'] });
      bent.secure.monitor = { ...bent.secure.monitor, detach: true, remove: false };
    });
    slow.process.args = ['sleep', '600'];
    const before = new Set(readdirSync(join(secure.root, 'state/containers')));
    const child: ChildProcess = spawn(runtimeBinary(), ['launch', storePlan(secure, slow)], {
      env: secure.env,
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const id = await new Promise<string>((resolve) => {
      const states = join(secure.root, 'run/containers');
      const look = () => {
        const fresh = readdirSync(states).find((name) => !before.has(name));
        const file = join(states, fresh ?? 'none', 'state.json');
        // The pid is there as soon as there is a process, long before its program runs.
        if (fresh !== undefined && existsSync(file) && /"pid":[1-9]/.test(readFileSync(file, 'utf8'))) resolve(fresh);
        else setImmediate(look);
      };
      look();
    });
    const inside = await runtime(
      secure,
      'exec',
      id,
      '--',
      '/bin/sh',
      '-c',
      'ls -d /etc/not-executable; wc -l < /proc/mounts',
    );
    expect(await ended).toBe(0);
    expect((await runtime(secure, 'delete', '--force', id)).code).toBe(0);
    expect([inside.code, inside.stdout.split('\n')[0]]).toEqual([0, '/etc/not-executable']);
    expect(Number(inside.stdout.split('\n')[1])).toBeGreaterThan(1500);
  });

  it('runs no program of the host through /proc/self/fd/N', async () => {
    const marker = join(secure.root, 'open');
    mkdirSync(marker);
    cpSync(join(secure.root, 'attack-layer/bin/attack'), join(marker, 'attack'));
    chmodSync(secure.root, 0o755);
    const id = await background(secure, hostile(plan, false), 'sleep', '600');
    for (let n = 0; n <= 40; n += 1) {
      const path = `/proc/self/fd/${n}/${'../'.repeat(12)}${join(marker, 'attack').slice(1)}`;
      const result = await runtime(secure, 'exec', id, '--', path);
      expect([n, result.stdout]).toEqual([n, '']);
    }
    expect((await runtime(secure, 'delete', '--force', id)).code).toBe(0);
  });

  /** VmHWM in KiB, asked for until the process is gone. */
  async function peak(pid: number, end: Promise<unknown>): Promise<number> {
    let most = 0;
    let running = true;
    end.then(() => (running = false));
    while (running) {
      try {
        most = Math.max(most, Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0));
      } catch {
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return most;
  }

  it('that writes 1 GiB to exec and to its log: memory and log stay small (CVE-2022-1708, CVE-2022-31030)', async () => {
    const id = await background(secure, plan, 'sh', '-c', 'head -c 8000000 /dev/zero; echo; echo end; sleep 600');
    const child = spawn(runtimeBinary(), ['container', 'exec', id, '--', 'head', '-c', '1073741824', '/dev/zero'], {
      env: secure.env,
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    expect(await peak(child.pid as number, ended)).toBeLessThan(16 * 1024);
    expect(await ended).toBe(0);
    const { monitorPid } = JSON.parse((await runtime(secure, 'state', id)).stdout) as { monitorPid: number };
    await until('all is logged', () => log(id).includes('end'), 30);
    expect(await peak(monitorPid, Promise.resolve())).toBeLessThan(16 * 1024);
    expect(statSync(join(secure.root, 'state/containers', id, 'log')).size).toBeLessThan(11 << 20);
    expect((await runtime(secure, 'delete', '--force', id)).code).toBe(0);
  });

  it('a monitor holds nothing of whoever started it', async () => {
    const waiting = bend(plan, ({ secure: { monitor } }) => Object.assign(monitor, { detach: true, remove: false }));
    waiting.process.args = ['sleep', '600'];
    const path = storePlan(secure, waiting);
    const { stdout } = await secure.shell(`exec 9>held; flock 9; '${runtimeBinary()}' launch '${path}'`);
    expect((await secure.shell('exec 9>held; flock -n 9')).code).toBe(0);
    expect((await runtime(secure, 'delete', '--force', stdout.trim())).code).toBe(0);
  });

  it('-e without a value is an error instead of another variable', async () => {
    const id = await background(secure, plan, 'sleep', '600');
    for (const entry of ['NAME', '=x', ''])
      expect((await runtime(secure, 'exec', '-e', entry, id, '--', 'true')).code).toBe(125);
    expect((await runtime(secure, 'exec', '-e', 'NAME=', id, '--', 'true')).code).toBe(0);
    expect((await runtime(secure, 'delete', '--force', id)).code).toBe(0);
  });
});
