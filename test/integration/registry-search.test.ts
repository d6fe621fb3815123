// SPDX-License-Identifier: Apache-2.0
// What docker-registry lists: repositories, and ten thousand tags of one.
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, selfSigned } from '../support/certificates.ts';
import { type DockerRegistry, noRegistry, startRegistry } from '../support/docker-registry.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';
import { startTokenServer, type TokenServer } from '../support/token-server.ts';

describe.skipIf(cannotRun() || noRegistry())('searching docker-registry', () => {
  let secure: Secure;
  let certificate: Certificate;
  let tokens: TokenServer;
  let [plain, bearer]: DockerRegistry[] = [];
  let env: Record<string, string> = {};
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    certificate = selfSigned(join(secure.root, 'tls'));
    tokens = await startTokenServer(certificate);
    plain = await startRegistry(join(secure.root, 'plain'));
    const token = { realm: tokens.realm, issuer: certificate };
    bearer = await startRegistry(join(secure.root, 'bearer'), { tls: certificate, token });
    env = { NODE_EXTRA_CA_CERTS: certificate.cert, XDG_RUNTIME_DIR: secure.root };
    await secure.call(['login', '-u', 'me', '--password-stdin', bearer.host], { env, input: 'secret' });
    for (const { host } of [plain, bearer]) {
      for (const name of ['team/busybox:1', 'other/app:1', 'other/app:2']) {
        const pushed = await secure.call(['image', 'push', '-q', 'busybox', `${host}/${name}`], { env });
        expect(pushed.code).toBe(0);
      }
    }
  });
  afterAll(async () => {
    tokens.stop();
    await Promise.all([plain?.stop(), bearer?.stop()]);
    await secure.destroy();
  });
  const call = (...args: string[]) => secure.call(['search', ...args], { env });

  it('finds repositories by a part of their names', async () => {
    for (const host of [plain, bearer].map((registry) => registry?.host ?? '')) {
      const found = JSON.parse((await call('--json', `${host}/busy`)).stdout);
      expect(found).toMatchObject({ schemaVersion: 1, results: [{ name: `${host}/team/busybox` }], more: false });
      const { stdout, stderr } = await call('--limit', '1', `${host}/`);
      expect(stdout.split('\n')[1]?.trim()).toBe(`${host}/other/app`);
      expect(stderr).toContain('--limit');
      // In no order: docker-registry does not sort them.
      expect((await call('--list-tags', `${host}/other/app`)).stdout.trim().split('\n').sort()).toEqual(['1', '2']);
    }
  });

  it('lists ten thousand tags', async () => {
    const tags = join(secure.root, 'plain/data/docker/registry/v2/repositories/other/app/_manifests/tags');
    expect(readdirSync(tags)).toContain('1');
    for (let i = 0; i < 10_000; i++) {
      mkdirSync(join(tags, `t${i}/current`), { recursive: true });
      cpSync(join(tags, '1/current/link'), join(tags, `t${i}/current/link`));
    }
    const { code, stdout } = await call('--list-tags', `${plain?.host}/other/app`);
    expect([code, new Set(stdout.trim().split('\n')).size]).toEqual([0, 10_002]);
    const few = JSON.parse((await call('--list-tags', '--limit', '3', '--json', `${plain?.host}/other/app`)).stdout);
    expect(few).toMatchObject({ tags: { length: 3 }, more: true });
  });

  it('is refused without having logged in, and says so of what is not there', async () => {
    const nobody = { ...env, DOCKER_CONFIG: join(secure.root, 'nothing') };
    const refused = await secure.call(['search', `${bearer?.host}/app`], { env: nobody });
    expect(errorCode(refused)).toBe('REGISTRY_AUTH');
    expect(errorCode(await call('--list-tags', '--json', `${plain?.host}/no/thing`))).toBe('MANIFEST_UNKNOWN');
    expect(errorCode(await call('--limit', '0', 'x'))).toBe('INVALID_VALUE');
    expect(errorCode(await call())).toBe('MISSING_ARGUMENT');
    // Through a proxy that is not there: a test does not ask Docker Hub.
    const hub = await secure.call(['search', 'nginx'], { env: { HTTPS_PROXY: 'http://127.0.0.1:1' } });
    expect(errorCode(hub)).toBe('REGISTRY_UNREACHABLE');
  });
});
