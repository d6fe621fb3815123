// SPDX-License-Identifier: Apache-2.0
// Where the passphrase of a key comes from: a file or pipe, the environment, a terminal; never an argument.

import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CLI } from '../support/cli.ts';
import { encrypted, noSodium, pemOf } from '../support/cosign-key.ts';
import { MemoryRegistry } from '../support/memory-registry.ts';
import { FakeRegistry } from '../support/registry.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

describe.skipIf(cannotRun() || noSodium())('a key of cosign', { timeout: 60_000 }, () => {
  let secure: Secure;
  let image = '';
  let key = '';
  let pub = '';
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const der = privateKey.export({ type: 'pkcs8', format: 'der' });
    [key, pub] = [join(secure.root, 'cosign.key'), join(secure.root, 'cosign.pub')];
    writeFileSync(key, pemOf(encrypted(der, 'open sesame')));
    writeFileSync(pub, publicKey.export({ type: 'spki', format: 'pem' }));
  });
  afterAll(() => secure.destroy());
  beforeEach(async () => {
    const registry = await FakeRegistry.start();
    registry.fallback = new MemoryRegistry().reply;
    image = `${registry.host}/team/app:1`;
    expect((await secure.run('image', 'push', 'busybox', image)).code).toBe(0);
  });

  const sign = (options: { env?: Record<string, string>; input?: string } = {}, ...flags: string[]) =>
    secure.call(['image', 'sign', image, '--key', key, ...flags], options);
  const verified = async () => (await secure.run('image', 'verify', image, '--key', pub)).code;

  it('signs with the passphrase that the environment has, as cosign does', async () => {
    expect(errorCode(await sign())).toBe('KEY_INVALID');
    expect(errorCode(await sign({ env: { COSIGN_PASSWORD: 'wrong' } }))).toBe('KEY_INVALID');
    expect(await verified()).toBe(1);
    expect((await sign({ env: { COSIGN_PASSWORD: 'open sesame' } })).code).toBe(0);
    expect(await verified()).toBe(0);
    const both = { COSIGN_PASSWORD: 'wrong', SECURE_KEY_PASSPHRASE: 'open sesame' };
    expect((await sign({ env: both })).code).toBe(0);
  });

  it('signs with the first line of a file or pipe, which comes before the environment', async () => {
    const file = join(secure.root, 'passphrase');
    writeFileSync(file, 'open sesame\nsecond line\n');
    expect((await sign({ env: { COSIGN_PASSWORD: 'wrong' } }, '--passphrase-file', file)).code).toBe(0);
    expect(await verified()).toBe(0);
    for (const stdin of ['/dev/stdin', '-'])
      expect((await sign({ input: 'open sesame\nmore' }, '--passphrase-file', stdin)).code).toBe(0);
    const shell = await secure.shell(
      `printf 'open sesame\\n' | "$@" image sign ${image} --key ${key} --passphrase-file /dev/fd/3 3<&0 </dev/null`,
    );
    expect(shell.code).toBe(0);
    const fifo = join(secure.root, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const writer = spawn('sh', ['-c', `printf 'open sesame\\n' > '${fifo}'`], { stdio: 'ignore' });
    expect((await sign({}, '--passphrase-file', fifo)).code).toBe(0);
    writer.kill();
    for (const path of ['/nowhere/file', '/', '/dev/zero'])
      expect(errorCode(await sign({}, '--passphrase-file', path)), path).toBe('INVALID_VALUE');
  });

  it('asks on a terminal, where nothing of it is shown', async () => {
    const words = [process.execPath, '--', CLI];
    const line = [...words, 'image', 'sign', image, '--key', key].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', line, '/dev/null'], { env: secure.env, cwd: secure.root });
    let shown = '';
    child.stdout.on('data', (chunk) => {
      shown += chunk;
      if (shown.endsWith('Passphrase of the key: ')) child.stdin.write('open sesame\r');
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, shown]).toEqual([0, expect.stringContaining('team/app@sha256:')]);
    expect(shown).not.toContain('sesame');
    expect(await verified()).toBe(0);
  });
});
