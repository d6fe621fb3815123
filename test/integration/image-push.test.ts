// SPDX-License-Identifier: Apache-2.0
// Images into Debian's docker-registry, and skopeo's opinion of what arrived.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, selfSigned } from '../support/certificates.ts';
import { type DockerRegistry, noRegistry, startRegistry } from '../support/docker-registry.ts';
import { ociLayout } from '../support/oci.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';
import { startTokenServer, type TokenServer } from '../support/token-server.ts';

describe.skipIf(cannotRun() || noRegistry())('pushing to docker-registry', () => {
  let secure: Secure;
  let certificate: Certificate;
  let tokens: TokenServer;
  let [open, basic, bearer]: DockerRegistry[] = [];
  let env: Record<string, string> = {};
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    certificate = selfSigned(join(secure.root, 'tls'));
    tokens = await startTokenServer(certificate);
    open = await startRegistry(join(secure.root, 'open'));
    basic = await startRegistry(join(secure.root, 'basic'), { tls: certificate, basic: true });
    const token = { realm: tokens.realm, issuer: certificate };
    bearer = await startRegistry(join(secure.root, 'bearer'), { tls: certificate, token });
    env = { NODE_EXTRA_CA_CERTS: certificate.cert, XDG_RUNTIME_DIR: secure.root };
    for (const { host } of [basic, bearer]) {
      const { code } = await call(['login', '-u', 'me', '--password-stdin', host], 'secret');
      expect(code).toBe(0);
    }
  });
  afterAll(async () => {
    tokens.stop();
    await Promise.all([open, basic, bearer].map((registry) => registry?.stop()));
    await secure.destroy();
  });
  const call = (args: string[], input = '', cwd = secure.root) => secure.call(args, { env, input, cwd });
  // Not synchronously: the token server is in this process.
  const skopeo = async (...args: string[]) => {
    const options = { env: { ...secure.env, ...env, SSL_CERT_FILE: certificate.cert } };
    return (await promisify(execFile)('skopeo', args, options)).stdout;
  };
  const hosts = () => [open, basic, bearer].map((registry) => registry?.host ?? '');
  const insecure = (host: string) => (host === open?.host ? ['--tls-verify=false'] : []);

  it('has the same digest there, and skopeo reads it', async () => {
    const made = ociLayout(join(secure.root, 'layout-mixed'), {
      layers: [
        { files: [{ path: 'plain', data: 'a' }] },
        { files: [{ path: 'gzip', data: 'b' }], compression: 'gzip' },
        { files: [{ path: 'zstd', data: 'c' }], compression: 'zstd' },
      ],
    });
    await call(['image', 'import', made.directory, '--name', 'mixed']);
    for (const host of hosts()) {
      const { code, stdout, stderr } = await call(['image', 'push', 'mixed', `${host}/team/app:1`]);
      expect([host, code, stdout]).toEqual([host, 0, `${host}/team/app:1@${made.digest}\n`]);
      expect(stderr).toContain('pushing');
      const shown = JSON.parse(await skopeo('inspect', ...insecure(host), `docker://${host}/team/app:1`));
      expect([shown.Digest, shown.Layers]).toEqual([made.digest, made.layers.map(({ digest }) => digest)]);
      const again = await call(['image', 'push', '-q', '--json', 'mixed', `${host}/team/app:2`]);
      expect(JSON.parse(again.stdout)).toMatchObject({
        digest: made.digest,
        blobs: [{ outcome: 'present' }, {}, {}, {}],
      });
      expect(again.stderr).toBe('');
    }
  });

  it('mounts what it has in another repository, with a token for both', async () => {
    for (const host of hosts()) {
      const name = `${host}/team/app:1`;
      expect((await call(['image', 'pull', '-q', name])).code).toBe(0);
      const before = tokens.asked.length;
      const pushed = JSON.parse((await call(['image', 'push', '--json', name, `${host}/other/app:1`])).stdout);
      expect(pushed.blobs.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
        'mounted',
        'mounted',
        'mounted',
        'mounted',
      ]);
      if (host === bearer?.host) {
        expect(tokens.asked.slice(before)).toContainEqual([
          'repository:other/app:pull,push',
          'repository:team/app:pull',
        ]);
      }
      await skopeo('inspect', ...insecure(host), `docker://${host}/other/app:1`);
    }
  });

  it('takes a layer in chunks', async () => {
    const data = randomBytes(70 << 20);
    const made = ociLayout(join(secure.root, 'layout-big'), { layers: [{ files: [{ path: 'big', data }] }] });
    await call(['image', 'import', made.directory, '--name', 'big']);
    for (const host of hosts()) {
      const { code, stdout } = await call(['image', 'push', '-q', 'big', `${host}/team/big:1`]);
      expect([host, code, stdout]).toEqual([host, 0, `${host}/team/big:1@${made.digest}\n`]);
    }
    const target = join(secure.root, 'copied');
    await skopeo(
      '--insecure-policy',
      'copy',
      '-q',
      '--preserve-digests',
      '--src-tls-verify=false',
      `docker://${open?.host}/team/big:1`,
      `oci:${target}:x`,
    );
    expect(errorCode(await call(['image', 'import', target, '--name', 'back']))).toBeUndefined();
    expect((await call(['image', 'ls', '--json'])).stdout).toContain(made.digest);
  });

  it('shows a bar for each blob on a terminal', async () => {
    const { code, stdout } = await secure.terminal('image', 'push', 'busybox', `${open?.host}/terminal/app:1`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/pushing sha256:[0-9a-f]{12} \[=* *\] /);
    expect(stdout).toMatch(/pushing sha256:[0-9a-f]{12} [\d.]+ [kM]?B\r?\n/);
  });

  it('Docker, schema 2, as it came', async () => {
    const host = open?.host ?? '';
    const layers = [{ files: [{ path: 'a', data: 'docker' }], compression: 'gzip' as const }];
    const made = ociLayout(join(secure.root, 'layout-docker'), { layers, name: 'it' });
    open?.push(`${made.directory}:it`, 'team/docker:1', '--format', 'v2s2');
    const pulled = (await call(['image', 'pull', '-q', `${host}/team/docker:1`])).stdout.trim();
    const pushed = await call(['image', 'push', '-q', `${host}/team/docker:1`, `${host}/copy/docker:1`]);
    expect(pushed.stdout.split('@')[1]?.trim()).toBe(pulled.split('@')[1]);
    const raw = JSON.parse(await skopeo('inspect', '--raw', '--tls-verify=false', `docker://${host}/copy/docker:1`));
    expect(raw.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  });

  it('is refused without having logged in, and where there is no registry', async () => {
    const empty = { ...env, DOCKER_CONFIG: join(secure.root, 'nothing') };
    for (const host of hosts().slice(1)) {
      const result = await secure.call(['image', 'push', 'mixed', `${host}/team/x:1`], { env: empty });
      expect([result.code, errorCode(result)]).toEqual([2, 'REGISTRY_AUTH']);
    }
    expect(errorCode(await call(['image', 'push', 'mixed', '127.0.0.1:1/x']))).toBe('REGISTRY_UNREACHABLE');
    expect(errorCode(await call(['image', 'push', 'mixed']))).toBe('INVALID_VALUE');
    expect(errorCode(await call(['image', 'push', '--json', 'no-such-image', `${open?.host}/x`]))).toBe(
      'IMAGE_NOT_FOUND',
    );
  });
});
