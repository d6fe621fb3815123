// SPDX-License-Identifier: Apache-2.0
// Debian's dockerd on our runtime, in a network namespace, with everything that it writes in one directory.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { Docker } from '../support/docker.ts';
import { answers, EngineFixture } from '../support/engine.ts';
import { type Engine, engineChecks } from '../support/engine-checks.ts';
import { NetNs } from '../support/netns.ts';
import { cannotRun } from '../support/secure.ts';

describe.skipIf(cannotRun())('dockerd', () => {
  let fixture: EngineFixture;
  let netns: NetNs;
  let docker: Docker;
  let engine: Engine;

  beforeAll(async () => {
    fixture = new EngineFixture('docker');
    netns = await NetNs.create({ sharedMounts: true });
    docker = await Docker.start(netns, join(fixture.directory, 'docker'), [
      ...['--bridge', 'none', '--iptables=false', '--storage-driver', 'overlay2'],
      ...['--exec-opt', 'native.cgroupdriver=cgroupfs'],
      ...['--add-runtime', `secure=${runtimeBinary()}`, '--default-runtime', 'secure'],
    ]);
    const run = (...args: readonly string[]) => docker.run(...args);
    const oomSeen = async (name: string) =>
      (await run('inspect', '-f', '{{.State.OOMKilled}}', name)).stdout === 'true\n';
    engine = { words: docker.words(), options: ['--network', 'none'], run, oomSeen };
    const roots = {
      busybox: fixture.busybox(),
      nginx: await fixture.debian('nginx-light', 'nginx'),
      redis: await fixture.debian('redis-server', 'redis'),
    };
    for (const [name, root] of Object.entries(roots))
      expect(await run('import', fixture.tar(root, name), name)).toMatchObject({ code: 0 });
  }, 300_000);
  afterAll(async () => {
    const { stdout } = await docker.run('ps', '-aq');
    const all = stdout.split('\n').filter(Boolean);
    if (all.length > 0) await docker.run('rm', '-f', ...all);
    await docker.stop();
    await netns.destroy();
    expect(await fixture.destroy()).toEqual([]);
  });

  engineChecks(() => engine);

  it('sees that a container is healthy', async () => {
    const health = ['--health-cmd', 'true', '--health-interval', '1s'];
    expect(
      (await engine.run('run', '-d', '--name', 'well', ...engine.options, ...health, 'busybox', 'sleep', '1000')).code,
    ).toBe(0);
    await answers('healthy\n', () => engine.run('inspect', '-f', '{{.State.Health.Status}}', 'well'));
    expect((await engine.run('rm', '-f', 'well')).code).toBe(0);
  });

  it('changes limits of a running container', async () => {
    const limits = ['--memory', '64m', '--memory-swap', '64m'];
    expect(
      (await engine.run('run', '-d', '--name', 'less', ...engine.options, ...limits, 'busybox', 'sleep', '1000')).code,
    ).toBe(0);
    expect(await engine.run('update', '--memory', '48m', '--memory-swap', '48m', 'less')).toMatchObject({ code: 0 });
    const read = await engine.run('exec', 'less', 'cat', '/sys/fs/cgroup/memory/memory.limit_in_bytes');
    expect(read.stdout).toBe(`${48 << 20}\n`);
    expect((await engine.run('rm', '-f', 'less')).code).toBe(0);
  });
});
