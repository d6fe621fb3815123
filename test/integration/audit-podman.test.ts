// SPDX-License-Identifier: Apache-2.0
// Debian's podman, which answers like docker and says more in a dialect of its own: the same checks over what it says.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { collectEngineTargets } from '../../src/audit/engines.ts';
import { auditCollected } from '../../src/audit/recorded.ts';
import type { Audited } from '../../src/audit/types.ts';
import { command, EngineFixture } from '../support/engine.ts';
import { cannotRun, until } from '../support/secure.ts';

const CLOSED = [
  ...[
    '--read-only',
    '--cap-drop',
    'all',
    '--security-opt',
    'no-new-privileges',
    '--user',
    '10001',
    '--memory',
    '64m',
    '--cpus',
    '0.5',
  ],
  ...['--pids-limit', '64', '--ulimit', 'core=0:0', '--ulimit', 'nofile=1024:4096', '--health-cmd', 'true'],
];

describe.skipIf(cannotRun())('an audit of podman', () => {
  let fixture: EngineFixture;
  let service: ChildProcess;
  let socket: string;
  let audited: readonly Audited[];
  const words = () => [
    ...[
      '--root',
      join(fixture.directory, 'root'),
      '--runroot',
      join(fixture.directory, 'run'),
      '--tmpdir',
      join(fixture.directory, 'tmp'),
    ],
    ...['--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs'],
  ];
  const podman = async (...args: readonly string[]) => {
    const found = await command('podman', [...words(), ...args]);
    expect(found, `${args.join(' ')}: ${found.stderr}`).toMatchObject({ code: 0 });
  };
  const open = (name: string): string[] =>
    (audited.find((each) => each.name === name)?.results ?? [])
      .filter(({ verdict }) => verdict.status === 'fail' || verdict.status === 'unknown')
      .map(({ check, verdict }) => `${check.id.slice(-4)}${verdict.status === 'unknown' ? '?' : ''}`);

  beforeAll(async () => {
    fixture = new EngineFixture('libpod');
    socket = join(fixture.directory, 'socket');
    await podman(
      'import',
      '-c',
      'CMD ["sleep", "1000"]',
      fixture.tar(fixture.busybox(), 'busybox'),
      'localhost/busybox:1',
    );
    // They are made and not started: what a runtime of this machine can do is tested elsewhere.
    await podman('create', '--network', 'none', '--name', 'closed', ...CLOSED, 'localhost/busybox:1');
    await podman(
      'create',
      '--network',
      'host',
      '--pid',
      'host',
      '--name',
      'open',
      '--privileged',
      'localhost/busybox:1',
    );
    service = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', 'podman', ...words(), 'system', 'service', '-t', '0', `unix://${socket}`],
      {
        stdio: 'ignore',
      },
    );
    await until('podman listens', () => existsSync(socket));
    audited = auditCollected(
      await collectEngineTargets({ engine: 'podman', path: socket, user: null, connect: socket }),
    );
  }, 120_000);
  afterAll(async () => {
    const ended = new Promise((resolve) => service.once('close', resolve));
    service.kill('SIGTERM');
    await ended;
    await podman('rm', '-af');
    rmSync(socket, { force: true });
    expect(await fixture.destroy()).toEqual([]);
  }, 120_000);

  it('finds the engine, its image and both containers', () => {
    expect(audited.map(({ name }) => name).sort()).toEqual(
      ['podman', 'podman/closed', 'podman/localhost/busybox:1', 'podman/open'].sort(),
    );
  });

  it('passes what is closed, and says what of it nobody can know', () => {
    // Its ids are those of the host, this kernel has no security module for it, and podman does not tell what was imported.
    expect(open('podman/closed').sort()).toEqual(['0004', '0008', '0019?']);
  });

  it('finds what is open', () => {
    const found = open('podman/open');
    for (const id of ['0001', '0003', '0004', '0005', '0006', '0007', '0012', '0013', '0020', '0024', '0031'])
      expect(found).toContain(id);
    for (const id of ['0014', '0015', '0029']) expect(found).not.toContain(id);
  });

  it('has an answer of every check of an engine', () => {
    const results = audited.find(({ target }) => target === 'engine')?.results ?? [];
    expect(results).toHaveLength(CHECKS.engine.length);
    expect(open('podman')).toContain('0001');
    // It has no swarm, no plugins, and decides about ids for each container.
    const idle = results
      .filter(({ verdict }) => verdict.status === 'not-applicable')
      .map(({ check }) => check.id.slice(-4));
    for (const id of ['0002', '0008', '0013', '0018']) expect(idle).toContain(id);
  });
});
