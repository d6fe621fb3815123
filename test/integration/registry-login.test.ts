// SPDX-License-Identifier: Apache-2.0
// Debian's docker-registry behind TLS with users of its own and with a token server, and what skopeo makes of what we store.

import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Certificate, selfSigned } from '../support/certificates.ts';
import { CLI } from '../support/cli.ts';
import { installHelper } from '../support/credential-helper.ts';
import { type DockerRegistry, noRegistry, startRegistry } from '../support/docker-registry.ts';
import { ociLayout } from '../support/oci.ts';
import { cannotRun, errorCode, type Result, Secure } from '../support/secure.ts';
import { startTokenServer, type TokenServer } from '../support/token-server.ts';

describe.skipIf(cannotRun() || noRegistry())('a registry that knows its users', () => {
  let secure: Secure;
  let certificate: Certificate;
  let tokens: TokenServer;
  let [basic, bearer]: DockerRegistry[] = [];
  let docker = '';
  let env: Record<string, string> = {};
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    certificate = selfSigned(join(secure.root, 'tls'));
    tokens = await startTokenServer(certificate);
    basic = await startRegistry(join(secure.root, 'basic'), { tls: certificate, basic: true });
    bearer = await startRegistry(join(secure.root, 'bearer'), {
      tls: certificate,
      token: { realm: tokens.realm, issuer: certificate },
    });
    docker = join(secure.root, '.docker');
    env = { NODE_EXTRA_CA_CERTS: certificate.cert, XDG_RUNTIME_DIR: join(secure.root, 'runtime') };
    mkdirSync(join(secure.root, 'runtime'));
  });
  afterAll(async () => {
    tokens.stop();
    await Promise.all([basic?.stop(), bearer?.stop()]);
    await secure.destroy();
  });
  beforeEach(() => rmSync(docker, { recursive: true, force: true }));

  const both = (): [string, string][] => [
    ['users of its own', basic?.host ?? ''],
    ['a token server', bearer?.host ?? ''],
  ];
  const call = (args: string[], input = '', more = {}) => secure.call(args, { env: { ...env, ...more }, input });
  const login = (host: string, password = 'secret', user = 'me') =>
    call(['login', '-u', user, '--password-stdin', host], `${password}\n`);
  const skopeo = (...args: string[]): Promise<Result> =>
    new Promise((resolve) => {
      const options = { env: { ...secure.env, ...env, SSL_CERT_FILE: certificate.cert } };
      execFile('skopeo', args, options, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  const layout = () =>
    ociLayout(join(secure.root, `layout-${Math.random()}`), {
      layers: [{ files: [{ path: 'a', data: 'a' }] }],
      name: 'it',
    });

  it('accepts us, and then skopeo with what we stored; after logging out, nobody', async () => {
    for (const [name, host] of both()) {
      const { code, stdout, stderr } = await login(host);
      expect([name, code, stdout]).toEqual([name, 0, `logged in to ${host} as me\n`]);
      expect(stdout + stderr).not.toContain('secret');
      const made = layout();
      const copied = await skopeo(
        '--insecure-policy',
        'copy',
        '-q',
        '--preserve-digests',
        `oci:${made.directory}:it`,
        `docker://${host}/team/app:1`,
      );
      expect([name, copied.code, copied.stderr]).toEqual([name, 0, '']);
      expect((await call(['image', 'pull', '-q', `${host}/team/app:1`])).stdout).toContain(made.digest);
      expect((await call(['logout', host])).code).toBe(0);
      expect((await skopeo('inspect', `docker://${host}/team/app:1`)).code).not.toBe(0);
      expect(errorCode(await call(['image', 'pull', '-q', `${host}/team/app:1`]))).toBe('REGISTRY_AUTH');
    }
  });

  it('accepts us with what skopeo stored, wherever it is told to', async () => {
    for (const [name, host] of both()) {
      const made = layout();
      await login(host);
      await skopeo(
        '--insecure-policy',
        'copy',
        '-q',
        '--preserve-digests',
        `oci:${made.directory}:it`,
        `docker://${host}/team/skopeo:1`,
      );
      await call(['logout', host]);
      expect([name, (await skopeo('login', '-u', 'me', '-p', 'secret', host)).code]).toEqual([name, 0]);
      expect((await call(['image', 'pull', '-q', `${host}/team/skopeo:1`])).stdout).toContain(made.digest);
      // Ours undoes theirs.
      expect((await call(['logout', host])).stdout).toContain('auth.json');
      expect((await skopeo('login', '--get-login', host)).code).not.toBe(0);
      const file = join(secure.root, 'own-auth.json');
      expect((await skopeo('login', '--authfile', file, '-u', 'me', '-p', 'secret', host)).code).toBe(0);
      const pulled = await call(['image', 'pull', '-q', `${host}/team/skopeo:1`], '', { REGISTRY_AUTH_FILE: file });
      expect(pulled.stdout).toContain(made.digest);
    }
  });

  it('accepts us with what a helper keeps, and skopeo with the same', async () => {
    const host = basic?.host ?? '';
    const helper = installHelper(secure.root, 'it');
    mkdirSync(docker);
    const file = join(docker, 'config.json');
    writeFileSync(file, JSON.stringify({ credHelpers: { [host]: 'it' } }));
    const PATH = `${helper.path}:/usr/sbin:/sbin`;
    const stored = await call(['login', '-u', 'me', '--password-stdin', host, '--json'], 'secret', { PATH });
    expect(JSON.parse(stored.stdout)).toEqual({
      schemaVersion: 1,
      registry: host,
      username: 'me',
      file,
      helper: 'it',
      checked: true,
    });
    expect(readFileSync(file, 'utf8')).not.toContain('c2VjcmV0');
    env = { ...env, PATH };
    try {
      expect((await skopeo('list-tags', `docker://${host}/team/app`)).stderr).not.toContain('unauthorized');
      expect((await call(['logout', host])).stdout).toContain(host);
      expect(helper.content()).toEqual({});
    } finally {
      const { PATH: _, ...rest } = env;
      env = rest;
    }
  });

  it('refuses what is wrong, which is not stored and in no message', async () => {
    for (const [name, host] of both()) {
      const wrong = await call(['login', '-u', 'me', '--password-stdin', '--json', host], 's3cret-wrong');
      expect([name, wrong.code, errorCode(wrong)]).toEqual([name, 2, 'REGISTRY_AUTH']);
      expect(wrong.stdout + wrong.stderr).not.toContain('s3cret-wrong');
    }
    expect(() => readFileSync(join(docker, 'config.json'))).toThrow();
  });

  it('does not get a password from the command line', async () => {
    for (const form of [['-p', 's3cret'], ['--password', 's3cret'], ['--password=s3cret'], ['-ps3cret']]) {
      const { code, stdout, stderr } = await call(['login', '-u', 'me', ...form, basic?.host ?? '']);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('--password-stdin');
      expect(stderr).not.toContain('s3cret');
    }
  });

  it('cannot be logged in to without a terminal or stdin', async () => {
    const host = basic?.host ?? '';
    expect(errorCode(await call(['login', '-u', 'me', host]))).toBe('MISSING_ARGUMENT');
    expect(errorCode(await call(['login', '--password-stdin', host]))).toBe('USAGE');
    expect(errorCode(await call(['login', '-u', 'me', '--password-stdin', host], 'two\nlines\n'))).toBe(
      'INVALID_VALUE',
    );
    expect(errorCode(await call(['login', '-u', 'me', '--password-stdin', host], 'x'.repeat(100_000)))).toBe(
      'INVALID_VALUE',
    );
    expect(errorCode(await call(['logout', '--all', host]))).toBe('USAGE');
  });

  /** With a terminal on which `typed` is typed as it is asked for. Returns everything that the terminal showed. */
  function onTerminal(args: string[], typed: [string, string][]): Promise<{ code: number; shown: string }> {
    const words = [process.execPath, '--', CLI, ...args];
    const child = spawn('script', ['-qec', words.map((word) => `'${word}'`).join(' '), '/dev/null'], {
      env: { ...secure.env, ...env },
      cwd: secure.root,
    });
    let shown = '';
    const rest = [...typed];
    child.stdout.on('data', (chunk) => {
      shown += chunk;
      const [next] = rest;
      if (next === undefined || !shown.endsWith(next[0])) return;
      rest.shift();
      child.stdin.write(next[1]);
    });
    return new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? -1, shown })));
  }

  it('is asked for on a terminal, where the password is not shown', async () => {
    const host = basic?.host ?? '';
    const { code, shown } = await onTerminal(
      ['login', host],
      [
        ['Username: ', 'mx\u007fe\r'],
        ['Password: ', 'wrong\u0015secrett\u007f\r'],
      ],
    );
    expect([code, shown]).toEqual([0, expect.stringContaining(`logged in to ${host} as me`)]);
    expect(shown).not.toMatch(/secre|wrong/);
    expect((await skopeo('login', '--get-login', host)).stdout).toBe('me\n');
  });

  it('is asked for what was typed ahead, and given up with Ctrl-C', async () => {
    const host = basic?.host ?? '';
    const ahead = await onTerminal(['login', host], [['Username: ', 'me\rsecret\r']]);
    expect(ahead.code).toBe(0);
    expect(ahead.shown).not.toContain('secret');
    await call(['logout', host]);
    const stopped = await onTerminal(
      ['login', host],
      [
        ['Username: ', 'me\r'],
        ['Password: ', 'sec\u0003'],
      ],
    );
    expect(stopped.code).toBe(130);
    expect(() => readFileSync(join(docker, 'config.json'), 'utf8')).not.toThrow();
    expect(readFileSync(join(docker, 'config.json'), 'utf8')).not.toContain('auth"');
  });
});
