// SPDX-License-Identifier: Apache-2.0
// Images of a real registry, put there by another implementation, and how `secure run` comes by them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DockerRegistry, noRegistry, startRegistry } from '../support/docker-registry.ts';
import { architecture, ociLayout, sha256 } from '../support/oci.ts';
import { FakeRegistry, INDEX, MANIFEST, snapshot } from '../support/registry.ts';
import { cannotRun, errorCode, Secure, until } from '../support/secure.ts';

const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json';

describe.skipIf(cannotRun() || noRegistry())('images of a registry', () => {
  let secure: Secure;
  let registry: DockerRegistry;
  let busybox = '';
  const layout = (name: string, spec: Partial<Parameters<typeof ociLayout>[1]> = {}) =>
    ociLayout(join(secure.root, 'layouts', name), {
      layers: [
        { files: [{ path: 'etc/' }, { path: 'etc/name', data: name }], compression: 'gzip' },
        { files: [{ path: 'more', data: name.repeat(1000) }], compression: 'zstd' },
      ],
      name: 'it',
      ...spec,
    });
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    registry = await startRegistry(join(secure.root, 'registry'));
    // The image that the instance was made with, below a name of the registry.
    registry.push(join(secure.root, 'layout'), 'team/busybox:1');
    busybox = `${registry.host}/team/busybox:1`;
  });
  afterAll(async () => {
    await registry.stop();
    await secure.destroy();
  });
  const pull = (text: string, ...flags: string[]) => secure.run('image', 'pull', ...flags, `${registry.host}/${text}`);
  const inspect = (text: string) => secure.json('image', 'inspect', text);
  const state = () => snapshot(join(secure.root, 'state'));

  it('OCI with layers of gzip and zstd', async () => {
    const made = layout('oci');
    registry.push(`${made.directory}:it`, 'team/oci:1', '--preserve-digests');
    const { code, stdout, stderr } = await pull('team/oci:1');
    expect([code, stdout]).toEqual([0, `${registry.host}/team/oci:1@${made.digest}\n`]);
    expect(stderr).toContain('unpacking');
    expect(await inspect(`${registry.host}/team/oci:1`)).toMatchObject({ digest: made.digest, origin: 'pulled' });
    expect((await pull('team/oci:1', '--quiet')).stderr).toBe('');
    expect((await pull('team/oci:1')).stderr).not.toContain('copying');
  });

  it('Docker, schema 2', async () => {
    // Plain and gzip: Docker's format has no zstd.
    const layers = [{ files: [{ path: 'a', data: 'a' }] }, { files: [{ path: 'b' }], compression: 'gzip' as const }];
    registry.push(`${layout('docker', { layers }).directory}:it`, 'team/docker:1', '--format', 'v2s2');
    expect((await pull('team/docker:1')).code).toBe(0);
    const image = await inspect(`${registry.host}/team/docker:1`);
    expect(image).toMatchObject({ origin: 'pulled', manifest: { mediaType: DOCKER } });
  });

  it('an index of two platforms', async () => {
    const other = architecture === 'amd64' ? 'arm64' : 'amd64';
    const manifests = [other, architecture].map((name) => {
      const made = layout(`index-${name}`, { architecture: name });
      registry.push(`${made.directory}:it`, `team/index:${name}`, '--preserve-digests');
      const size = readFileSync(made.blob(made.digest)).length;
      return { mediaType: MANIFEST, digest: made.digest, size, platform: { os: 'linux', architecture: name } };
    });
    const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
    const url = `http://${registry.host}/v2/team/index/manifests/1`;
    expect((await fetch(url, { method: 'PUT', body, headers: { 'content-type': INDEX } })).status).toBe(201);
    expect((await pull('team/index:1')).stdout).toContain(manifests[1]?.digest);
    expect(await inspect(`${registry.host}/team/index:1`)).toMatchObject({ index: sha256(body) });
    expect((await pull(`team/index@${sha256(body)}`, '--platform', `linux/${other}`)).stdout).toContain(
      manifests[0]?.digest,
    );
    const before = state();
    expect(errorCode(await pull('team/index:1', '--platform', 'linux/s390x'))).toBe('PLATFORM_MISSING');
    expect(errorCode(await pull('team/index:2'))).toBe('MANIFEST_UNKNOWN');
    expect(errorCode(await pull('team/nothing:1'))).toBe('MANIFEST_UNKNOWN');
    expect(state()).toEqual(before);
  });

  it('run fetches what is missing, once', async () => {
    expect(errorCode(await secure.run('run', '--pull', 'never', busybox, 'true'))).toBe('IMAGE_NOT_FOUND');
    expect(errorCode(await secure.run('run', '--dry-run', busybox, 'true'))).toBe('IMAGE_NOT_FOUND');
    const first = await secure.run('run', '--rm', busybox, 'echo', 'from a registry');
    expect(first).toMatchObject({
      stderr: expect.stringContaining(registry.host),
      code: 0,
      stdout: 'from a registry\n',
    });
    expect(first.stderr).toContain(registry.host);
    const second = await secure.run('run', '--rm', busybox, 'echo', 'again');
    expect(second).toEqual({ code: 0, stdout: 'again\n', stderr: '' });
    const plan = await secure.run('run', '--dry-run', '--json', busybox, 'true');
    expect(JSON.parse(plan.stdout).secure.image).toMatchObject({ reference: busybox, origin: 'pulled' });
    const always = await secure.run('run', '--rm', '--pull', 'always', busybox, 'true');
    expect([always.code, always.stderr.includes('present')]).toEqual([0, true]);
  });

  it('run names what was looked for here and what the registry said', async () => {
    const { code, stderr } = await secure.run('run', `${registry.host}/team/absent`, 'true');
    expect([code, /: MANIFEST_UNKNOWN: /.test(stderr)]).toEqual([125, true]);
    expect(stderr).toContain('/team/absent:latest is not in the store');
    // Through a proxy that is not there: a test does not ask docker.io.
    const env = { HTTPS_PROXY: 'http://127.0.0.1:1' };
    const short = await secure.call(['run', 'no-such-image'], { env });
    expect([short.code, errorCode(short)]).toEqual([125, 'REGISTRY_UNREACHABLE']);
    expect(short.stderr).toContain('localhost/no-such-image:latest and docker.io/library/no-such-image:latest');
    expect(errorCode(await secure.run('run', 'localhost/no-such-image'))).toBe('IMAGE_NOT_FOUND');
    expect(errorCode(await secure.run('run', '--pull', 'always', 'busybox'))).toBe('INVALID_VALUE');
  });

  it('run does not use what is here where the registry was to be asked and is gone', async () => {
    const fake = await FakeRegistry.start();
    fake.publish(layout('gone'));
    const image = `${fake.host}/team/app:1`;
    expect((await secure.run('image', 'pull', '-q', image)).code).toBe(0);
    fake.routes.clear();
    expect(errorCode(await secure.run('run', '--pull', 'always', image, '/a'))).toBe('MANIFEST_UNKNOWN');
  });

  it('run downloads nothing that the policy refuses anyway', async () => {
    const fake = await FakeRegistry.start();
    fake.publish(layout('refused'));
    const before = state();
    const result = await secure.run('run', '--profile', 'strict', '--trust', `${fake.host}/team/app:1`, 'true');
    expect([result.code, errorCode(result)]).toEqual([125, 'IMAGE_UNTRUSTED']);
    expect(result.stderr).toContain('--profile default');
    expect(fake.seen).toEqual([]);
    expect(state()).toEqual(before);
  });

  it('a certificate of an authority that this host was told to trust', async () => {
    const directory = join(secure.root, 'tls');
    mkdirSync(directory);
    const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
    const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`;
    execFileSync('openssl', words.split(' '), { stdio: 'ignore' });
    const fake = await FakeRegistry.start({ key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') });
    const made = layout('tls');
    fake.publish(made);
    const args = ['image', 'pull', `${fake.host}/team/app:1`];
    for (const env of [{}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }])
      expect(errorCode(await secure.call(args, { env }))).toBe('REGISTRY_UNREACHABLE');
    const trusting = await secure.call(args, { env: { NODE_EXTRA_CA_CERTS: cert } });
    expect([trusting.code, trusting.stdout]).toEqual([0, `${fake.host}/team/app:1@${made.digest}\n`]);
  });

  it('a proxy is asked for what is elsewhere, and not for what is here', async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const env = { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
      const nonsense = { HTTPS_PROXY: 'http://[' };
      const unusable = await secure.call(['image', 'pull', 'registry.example/app'], { env: nonsense });
      expect(errorCode(unusable)).toBe('REGISTRY_UNREACHABLE');
      const elsewhere = await secure.call(['image', 'pull', 'registry.example/app'], { env });
      expect(errorCode(elsewhere)).toBe('REGISTRY_UNREACHABLE');
      expect((await secure.call(['image', 'pull', '-q', busybox], { env })).code).toBe(0);
      expect(asked).toEqual(['registry.example:443']);
    } finally {
      proxy.close();
    }
  });

  it('killed in the middle leaves garbage that prune finds, and the next pull succeeds', async () => {
    const fake = await FakeRegistry.start();
    const made = layout('killed');
    fake.publish(made);
    const slow = fake.blobPath(made.layers[1]?.digest ?? '');
    const reply = fake.routes.get(slow);
    fake.routes.set(slow, (_, response) => void response.write('x'));
    const before = state();
    const child = secure.start('image', 'pull', `${fake.host}/team/app:1`);
    await until('the slow layer is asked for', () => fake.paths.includes(slow));
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(readdirSync(join(secure.root, 'state/tmp'))).toHaveLength(1);
    expect((await secure.run('image', 'prune')).code).toBe(0);
    expect(state()).toEqual(before);
    if (reply !== undefined) fake.routes.set(slow, reply);
    expect((await secure.run('image', 'pull', `${fake.host}/team/app:1`)).code).toBe(0);
  });

  it('a run of an image that is here loads nothing of the network', async () => {
    const probe = join(secure.root, 'modules.mjs');
    writeFileSync(
      probe,
      `process.on('exit', () => process._rawDebug('LOADED', process.moduleLoadList.filter((name) => /NativeModule (https?|tls|dns|_http_client)$/.test(name)).join()));\n`,
    );
    const env = { NODE_OPTIONS: `--import=${probe}` };
    const { code, stderr } = await secure.call(['run', '--dry-run', busybox, 'true'], { env });
    expect([code, /^LOADED (.*)$/m.exec(stderr)?.[1]]).toEqual([0, '']);
    expect((await secure.call(['image', 'pull', busybox], { env })).stderr).toMatch(/^LOADED .*tls/m);
  });
});
