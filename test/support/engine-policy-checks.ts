// SPDX-License-Identifier: Apache-2.0
// What docker and podman have to be like with the policy underneath, whose command lines are nearly the same.
import { expect, it } from 'vitest';
import { HARDENED, limitFile, MEMORY, type SecureHost, statusOf } from './engine-secure.ts';
import type { Result } from './secure.ts';

export interface PolicyEngine {
  readonly machine: SecureHost;
  /** Options of every `run`. */
  readonly options: readonly string[];
  /** Words that remove a running container. */
  readonly remove: readonly string[];
  run(...args: readonly string[]): Promise<Result>;
}

/** What is asked for, and the control of the policy that refuses it. */
const REFUSED: readonly (readonly [string, readonly string[], string])[] = [
  ['everything', ['--privileged'], 'capabilities'],
  ['the network of the host', ['--network', 'host'], 'engines.hostNamespaces'],
  ['the processes of the host', ['--pid', 'host'], 'engines.hostNamespaces'],
  ['the IPC objects of the host', ['--ipc', 'host'], 'engines.hostNamespaces'],
  ['the root of the host', ['-v', '/:/host'], 'binds.deny'],
  ['the root of the host, read-only', ['-v', '/:/host:ro'], 'binds.deny'],
  ['a directory of the host', ['-v', '/etc:/host'], 'binds.deny'],
  ['the root of the host, as a link', ['-v', '/run/plain/link:/host'], 'binds.deny'],
  ["the engine's socket", ['-v', '/run/plain/docker.sock:/run/docker.sock'], 'binds.deny'],
  ['a device', ['--device', '/dev/fuse'], 'engines.devices'],
  ['a device under another name', ['--device', '/dev/fuse:/dev/null2'], 'engines.devices'],
  ['one capability', ['--cap-add', 'SYS_ADMIN'], 'capabilities'],
  ['all capabilities', ['--cap-add', 'ALL'], 'capabilities'],
];

export function policyChecks(engine: () => PolicyEngine): void {
  const run = (...args: readonly string[]) => engine().run(...args);
  const start = (...args: readonly string[]) => run('run', ...engine().options, ...args);
  const once = (...args: readonly string[]) => start('--rm', ...args);
  const last = () => engine().machine.decisions().at(-1);

  it('hardens a container that asks for nothing', async () => {
    const ran = await once('busybox', 'cat', '/proc/self/status', limitFile('memory'), limitFile('pids'));
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(statusOf(ran.stdout)).toMatchObject(HARDENED);
    expect(ran.stdout.split('\n').slice(-3)).toEqual([`${MEMORY}`, '100', '']);
    const decision = last();
    expect(decision).toMatchObject({ command: 'create', decision: 'allow', refused: [] });
    expect(decision?.digest).toBe(engine().machine.digest());
    expect(decision?.tightened.map(({ control }) => control)).toEqual(
      expect.arrayContaining(['capabilities', 'noNewPrivileges', 'memory', 'pids', 'seccomp.profile']),
    );
  });

  it('keeps what is tighter already', async () => {
    const asked = ['--cap-drop', 'all', '--memory', '64m', '--pids-limit', '20'];
    const ran = await once(...asked, 'busybox', 'cat', '/proc/self/status', limitFile('memory'), limitFile('pids'));
    expect(statusOf(ran.stdout)).toMatchObject({
      ...HARDENED,
      CapBnd: '0'.repeat(16),
      CapEff: '0'.repeat(16),
      CapPrm: '0'.repeat(16),
    });
    expect(ran.stdout.split('\n').slice(-3)).toEqual([`${64 << 20}`, '20', '']);
  });

  it.each(REFUSED)('refuses %s', async (_, options, control) => {
    const own = options.includes('--network')
      ? engine().options.filter((word) => !/^(--network|none)$/.test(word))
      : engine().options;
    const before = engine().machine.decisions().length;
    const ran = await run('run', '--rm', ...own, ...options, 'busybox', 'echo', 'in');
    expect(ran.code, ran.stdout).not.toBe(0);
    expect(ran.stdout).not.toContain('in\n');
    expect(ran.stderr).toContain(`run.${control}`);
    const decisions = engine().machine.decisions().slice(before);
    expect(decisions).toMatchObject([{ command: 'create', decision: 'refuse' }]);
    expect(decisions[0]?.refused.map((each) => each.control)).toContain(control);
  });

  it('gives a volume, without set-user-id and devices on it', async () => {
    const ran = await once('-v', 'named:/data', 'busybox', 'sh', '-c', 'touch /data/x && grep " /data " /proc/mounts');
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(/nosuid/);
    expect(ran.stdout).toMatch(/nodev/);
  });

  it('holds what is executed in a container, and its limits, to the same', async () => {
    expect(await start('-d', '--name', 'held', 'busybox', 'sleep', '1000')).toMatchObject({ code: 0 });
    const status = await run('exec', 'held', 'cat', '/proc/self/status');
    expect(statusOf(status.stdout)).toMatchObject(HARDENED);
    const privileged = await run('exec', '--privileged', 'held', 'cat', '/proc/self/status');
    expect(privileged.code).not.toBe(0);
    expect(privileged.stdout).not.toContain('CapEff');
    expect(last()).toMatchObject({ command: 'exec', decision: 'refuse' });
    await run('update', '--memory', '4g', '--memory-swap', '4g', 'held');
    expect((await run('exec', 'held', 'cat', limitFile('memory'))).stdout).toBe(`${MEMORY}\n`);
    expect((await run(...engine().remove, 'held')).code).toBe(0);
  });

  it.each([
    [
      'of which one byte is another',
      'printf X | dd of="$P" bs=1 seek=20 conv=notrunc status=none',
      /its digest is another/,
    ],
    ['of which one byte of the name is another', 'sed -i "s/:./:x/" "$D/current"', /not one line with a digest/],
    ['that is missing', 'rm "$D/current"', /there is no policy/],
    ['whose file is missing', 'rm "$P"', /there is no policy/],
    ['that others can write', 'chmod 666 "$P"', /writable by others/],
    ["that is not root's", 'chown 1000 "$D"', /is not root's/],
    ['that is a link', 'mv "$P" "$P.x"; ln -s "$P.x" "$P"', /is a link/],
  ])('refuses every container with a policy %s', async (_, script, message) => {
    await engine().machine.spoiled(script, async () => {
      const ran = await once('busybox', 'echo', 'in');
      expect(ran.code).not.toBe(0);
      expect(ran.stdout).not.toContain('in\n');
      expect(ran.stderr).toMatch(message);
    });
  });

  it('executes nothing in a container without a policy, and stops it all the same', async () => {
    expect(await start('-d', '--name', 'before', 'busybox', 'sleep', '1000')).toMatchObject({ code: 0 });
    await engine().machine.spoiled('rm "$D/current"', async () => {
      expect((await run('exec', 'before', 'echo', 'in')).stdout).not.toContain('in\n');
      expect(await run(...engine().remove, 'before')).toMatchObject({ code: 0 });
    });
    expect((await once('busybox', 'echo', 'in')).stdout).toContain('in\n');
  });
}
