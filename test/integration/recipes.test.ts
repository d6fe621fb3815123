// SPDX-License-Identifier: Apache-2.0
// Unmodified images under strict, because a recipe knows them. nginx is in network-load.test.ts.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { debianState } from '../support/debian.ts';
import { NetNs } from '../support/netns.ts';
import { cannotRun, Secure, until } from '../support/secure.ts';

describe.skipIf(cannotRun())('recipes, under strict', () => {
  let netns: NetNs;
  let secure: Secure;
  const packages = { redis: 'redis-server', busybox: 'busybox-static' } as const;

  beforeEach(async ({ task }) => {
    netns = await NetNs.create();
    secure = await Secure.create({ netns });
    const name = task.name.startsWith('redis') ? 'redis' : 'busybox';
    const state = secure.env.SECURE_STATE_ROOT ?? '';
    rmSync(state, { recursive: true });
    await debianState(state, packages[name], name);
  }, 120_000);
  afterEach(async () => {
    await secure.destroy();
    expect(await netns.devices()).toEqual(['lo']);
    await netns.destroy();
  });

  it('redis answers, and keeps what it is given', async () => {
    await secure.detached('--profile', 'strict', '--name', 'db', '-p', '127.0.0.1:6379:6379', 'redis');
    const ask = (command: string) =>
      netns.run('busybox', ['nc', '-w', '2', '127.0.0.1', '6379'], { input: `${command}\r\nQUIT\r\n` });
    await until('redis answers', async () => (await ask('PING')).stdout.startsWith('+PONG'));
    expect((await ask('SET key value')).stdout).toMatch(/^\+OK/);
    expect((await ask('SAVE')).stdout).toMatch(/^\+OK/);
    expect((await ask('GET key')).stdout).toMatch(/^\$5\r\nvalue/);
    const { stdout } = await secure.run('exec', 'db', 'sh', '-c', 'id -un; ls /var/lib/redis; touch /usr/x');
    expect(stdout).toBe('redis\ndump.rdb\n');
  });

  it('busybox httpd serves a directory of the image', async () => {
    await secure.detached('--profile', 'strict', '-p', '127.0.0.1:8080:80', 'busybox', 'httpd', '-f', '-h', '/bin');
    const get = (path: string) => netns.run('curl', ['-sfm', '2', '-o', '/dev/null', `http://127.0.0.1:8080${path}`]);
    await until('httpd answers', async () => (await get('/busybox')).code === 0);
    expect((await get('/nothing')).code).toBe(22);
  });
});
