// SPDX-License-Identifier: Apache-2.0
// Debian's podman on our runtime, with everything that it writes in one directory.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { command, EngineFixture } from '../support/engine.ts';
import { type Engine, engineChecks } from '../support/engine-checks.ts';
import { cannotRun } from '../support/secure.ts';

describe.skipIf(cannotRun())('podman', () => {
  let fixture: EngineFixture;
  let podman: Engine;

  beforeAll(async () => {
    fixture = new EngineFixture('libpod');
    const at = (name: string) => join(fixture.directory, name);
    const words = [
      ...['podman', '--root', at('root'), '--runroot', at('run'), '--tmpdir', at('tmp'), '--volumepath', at('volumes')],
      ...['--cgroup-manager', 'cgroupfs', '--events-backend', 'file', '--storage-driver', 'overlay'],
      // Without --runtime-flag: podman forgets those when it deletes.
      ...['--runtime', runtimeBinary()],
    ];
    const [program = '', ...rest] = words;
    const run = (...args: readonly string[]) => command(program, [...rest, ...args], { cwd: fixture.directory });
    // Limits can only be lowered here, and podman asks for more unless it is told.
    const options = ['--network', 'none', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000'];
    // On cgroup v1 conmon writes that file into the directory that podman was called in, so `inspect` says false, on every runtime.
    podman = { words, options, run, oomSeen: async () => existsSync(at('oom')) };
    const roots = {
      busybox: fixture.busybox(),
      nginx: await fixture.debian('nginx-light', 'nginx'),
      redis: await fixture.debian('redis-server', 'redis'),
    };
    for (const [name, root] of Object.entries(roots))
      expect(await run('import', '-q', fixture.tar(root, name), name)).toMatchObject({ code: 0 });
  }, 300_000);
  afterAll(async () => {
    await podman.run('rm', '-fa', '-t', '0');
    await podman.run('pod', 'rm', '-fa');
    expect(await fixture.destroy()).toEqual([]);
  });

  engineChecks(() => podman);

  it('maps users', async () => {
    const maps = ['--uidmap', '0:100000:65536', '--gidmap', '0:100000:65536'];
    const ran = await podman.run('run', '--rm', ...maps, ...podman.options, 'busybox', 'cat', '/proc/self/uid_map');
    expect(ran.stdout.trim().split(/\s+/)).toEqual(['0', '100000', '65536']);
  });
});
