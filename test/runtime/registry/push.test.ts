// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ImageEvent } from '../../../src/runtime/images/events.ts';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { ImageStore } from '../../../src/runtime/images/store.ts';
import { type PushOptions, pushImage } from '../../../src/runtime/registry/push/image.ts';
import { MemoryRegistry } from '../../support/memory-registry.ts';
import { type Layout, type LayoutSpec, ociLayout, sha256 } from '../../support/oci.ts';
import { FakeRegistry, noCredentials, type Reply, send, snapshot, TIMING } from '../../support/registry.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

/** Not to be compressed away, and larger than the buffers of a socket. */
const DATA = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * 7919 + (i >> 8)) % 251));
const make = (spec: Partial<LayoutSpec> = {}) =>
  ociLayout(join(temporaryDirectory(), 'layout'), { layers: [{ files: [{ path: 'a', data: DATA }] }], ...spec });
const UPLOADS = '/v2/team/app/blobs/uploads/';

describe.skipIf(noExtractor())('pushing', () => {
  let registry: FakeRegistry;
  let memory: MemoryRegistry;
  let store: ImageStore;
  let layout: Layout;
  let layer = '';
  const events: ImageEvent[] = [];
  beforeEach(async () => {
    [registry, memory, layout] = [await FakeRegistry.start(), new MemoryRegistry(), make()];
    registry.fallback = memory.reply;
    const opened = await openStore();
    events.length = 0;
    store = await ImageStore.open({ state: opened.paths.state, run: opened.paths.state }, (event) =>
      events.push(event),
    );
    await importImage(store, layout.directory, { name: 'app' });
    layer = layout.layers[0]?.digest ?? '';
  });
  const push = (target = 'team/app:1', options: PushOptions = {}, image = 'app') =>
    pushImage(store, image, `${registry.host}/${target}`, { timing: TIMING, env: noCredentials(), ...options });
  const blobs = (repository = 'team/app') => [...memory.blobsOf(repository).keys()].sort();
  const tag = (name = '1') => memory.manifestsOf('team/app').get(name)?.bytes;
  const methods = (method: string) => registry.seen.filter((seen) => seen.method === method);
  async function refused(options?: PushOptions, target?: string): Promise<string> {
    const before = snapshot(store.paths.state);
    const code = await codeOf(push(target, options));
    expect(snapshot(store.paths.state)).toEqual(before);
    expect(tag()).toBeUndefined();
    return code;
  }

  it('sends what the store holds, byte for byte, and nothing twice', async () => {
    const pushed = await push();
    expect(pushed).toMatchObject({ image: 'localhost/app:latest', destination: `${registry.host}/team/app:1` });
    expect(pushed.digest).toBe(layout.digest);
    expect(tag()).toEqual(readFileSync(layout.blob(layout.digest)));
    expect(blobs()).toEqual([layer, layout.configDigest].sort());
    expect(pushed.blobs.map(({ outcome }) => outcome)).toEqual(['pushed', 'pushed']);
    expect(events.filter(({ type }) => type === 'received').at(-1)).toBeDefined();
    const before = registry.seen.length;
    expect((await push('team/app:2')).blobs.map(({ outcome }) => outcome)).toEqual(['present', 'present']);
    expect(
      registry.seen
        .slice(before)
        .map(({ method }) => method)
        .filter((method) => method !== 'GET'),
    ).toEqual(['HEAD', 'HEAD', 'PUT']);
  });

  it('comes back with the same digest', async () => {
    await push();
    const other = await openStore();
    expect((await registry.pull(other)).digest).toBe(layout.digest);
  });

  it.each(['gzip', 'zstd'] as const)('layers of %s, one of them twice', async (compression) => {
    const files = [{ path: 'b', data: 'b' }];
    const spec = make({
      layers: [
        { files, compression },
        { files: [{ path: 'c' }], compression },
        { files, compression },
      ],
    });
    await importImage(store, spec.directory, { name: 'app' });
    expect((await push()).blobs).toHaveLength(3);
    expect((await registry.pull(await openStore())).digest).toBe(spec.digest);
  });

  it('a layer that is named by its sha512', async () => {
    const directory = join(temporaryDirectory(), 'layout');
    let digest = '';
    const named = ociLayout(directory, {
      layers: [{ files: [{ path: 'a', data: 'sha512' }] }],
      alterManifest: (manifest) => {
        const [entry] = manifest.layers as { digest: string }[];
        const data = readFileSync(join(directory, 'blobs', ...(entry?.digest ?? '').split(':')));
        digest = `sha512:${createHash('sha512').update(data).digest('hex')}`;
        mkdirSync(join(directory, 'blobs/sha512'), { recursive: true });
        writeFileSync(join(directory, 'blobs', ...digest.split(':')), data);
        return { ...manifest, layers: [{ ...entry, digest }] };
      },
    });
    await importImage(store, directory, { name: 'app' });
    await push();
    expect(blobs()).toContain(digest);
    expect((await registry.pull(await openStore())).digest).toBe(named.digest);
  });

  it('where its name says, when nothing else is said', async () => {
    await push();
    const text = `${registry.host}/team/app:1`;
    await registry.pull(store);
    const options = { timing: TIMING, env: noCredentials() };
    expect((await pushImage(store, text, undefined, options)).destination).toBe(text);
    expect(await codeOf(pushImage(store, 'app', undefined, options))).toBe('INVALID_VALUE');
    expect(await codeOf(pushImage(store, 'app', 'localhost/other', options))).toBe('INVALID_VALUE');
    expect(await codeOf(pushImage(store, 'nothing', text, options))).toBe('IMAGE_NOT_FOUND');
    expect(await codeOf(pushImage(store, 'app', 'A', options))).toBe('REFERENCE_INVALID');
  });

  it('by digest only under its own', async () => {
    expect((await push(`team/app@${layout.digest}`)).digest).toBe(layout.digest);
    expect([...memory.manifestsOf('team/app').keys()]).toEqual([layout.digest]);
    expect(await codeOf(push(`team/app@sha256:${'0'.repeat(64)}`))).toBe('INVALID_VALUE');
  });

  it('of an index sends the manifest of this platform', async () => {
    const manifest = readFileSync(layout.blob(layout.digest));
    registry.publish(layout);
    const entry = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: layout.digest,
      size: manifest.length,
    };
    const index = JSON.stringify({ schemaVersion: 2, manifests: [entry] });
    registry.manifest('multi', index, 'application/vnd.oci.image.index.v1+json');
    await registry.pull(store, 'team/app:multi');
    const pushed = await push('team/other:1', {}, `${registry.host}/team/app:multi`);
    expect(memory.manifestsOf('team/other').get('1')?.bytes).toEqual(manifest);
    expect(pushed.digest).toBe(layout.digest);
  });

  describe('what the registry has in another repository', () => {
    beforeEach(async () => {
      await push('base/app:1');
      await registry.pull(store, 'base/app:1');
      registry.seen.length = 0;
    });

    it('is mounted', async () => {
      expect((await push()).blobs.map(({ outcome }) => outcome)).toEqual(['mounted', 'mounted']);
      expect(methods('PATCH')).toEqual([]);
      expect(methods('POST').map(({ path }) => path)).toContain(
        `${UPLOADS}?${new URLSearchParams({ mount: layer, from: 'base/app' })}`,
      );
      expect((await registry.pull(await openStore())).digest).toBe(layout.digest);
    });

    it('is sent where it is not mounted after all', async () => {
      memory.blobs.delete('base/app');
      expect((await push()).blobs.map(({ outcome }) => outcome)).toEqual(['pushed', 'pushed']);
      // The place that came in place of the mount is used.
      expect(methods('POST')).toHaveLength(2);
    });

    it.each([401, 403, 404, 405])('is sent where mounting is answered with %i', async (status) => {
      registry.routes.set(`POST ${UPLOADS}`, (request, response) => {
        if (request.url?.includes('mount='))
          send(status, '', { 'www-authenticate': 'Basic realm="x"' })(request, response);
        else memory.reply(request, response);
      });
      expect((await push()).blobs.map(({ outcome }) => outcome)).toEqual(['pushed', 'pushed']);
      expect(blobs()).toEqual([layer, layout.configDigest].sort());
    });

    it('is an error where another blob is said to be mounted', async () => {
      registry.routes.set(`POST ${UPLOADS}`, send(201, '', { 'docker-content-digest': sha256('other') }));
      expect(await refused()).toBe('DIGEST_MISMATCH');
    });
  });

  describe('in chunks', () => {
    const chunk = 100_000;

    it('of the size that was asked for', async () => {
      await push('team/app:1', { chunk });
      const ranges = methods('PATCH').map(({ headers }) => headers['content-range']);
      expect(ranges.slice(0, 2)).toEqual(['0-99999', '100000-199999']);
      expect(ranges).toHaveLength(Math.ceil(readFileSync(layout.blob(layer)).length / chunk));
      expect(blobs()).toContain(layer);
    });

    it('of at least what the registry wants', async () => {
      memory.least = 250_000;
      await push('team/app:1', { chunk });
      expect(methods('PATCH')[0]?.headers['content-range']).toBe('0-249999');
      expect(blobs()).toContain(layer);
    });

    it('that go on where the connection broke', async () => {
      let broken = 0;
      registry.fallback = (request, response) => {
        memory.reply(request, response);
        if (request.method !== 'PATCH' || request.headers['content-range'] !== '100000-199999' || broken++ > 0) return;
        let size = 0;
        request.on('data', (data: Buffer) => {
          size += data.length;
          if (size > 40_000) request.socket.destroy();
        });
      };
      await push('team/app:1', { chunk });
      expect(blobs()).toContain(layer);
      const ranges = methods('PATCH').map(({ headers }) => Number(headers['content-range']?.split('-')[0]));
      expect(ranges[1]).toBe(100_000);
      // Neither from the start nor from that of the chunk.
      expect(ranges[2]).toBeGreaterThan(100_000);
      expect(ranges[2]).toBeLessThan(200_000);
      expect(methods('POST')).toHaveLength(2);
    });

    it('that begin anew where the registry has forgotten them', async () => {
      let broken = 0;
      registry.fallback = (request, response) => {
        if (request.method === 'PATCH' && request.headers['content-range'] === '100000-199999' && broken++ === 0) {
          memory.uploads.delete(/uploads\/([^?]+)/.exec(request.url ?? '')?.[1] ?? '');
          request.socket.destroy();
        } else memory.reply(request, response);
      };
      await push('team/app:1', { chunk });
      expect(blobs()).toContain(layer);
    });

    it('of which the registry took less than it was given', async () => {
      let once = true;
      registry.fallback = (request, response) => {
        if (request.method !== 'PATCH' || !once) return memory.reply(request, response);
        once = false;
        const parts: Buffer[] = [];
        request.on('data', (data: Buffer) => parts.push(data));
        request.on('end', () => {
          const [id = '', upload] = [...memory.uploads].find(([key]) => request.url?.includes(key)) ?? [];
          if (upload !== undefined) upload.data = Buffer.concat(parts).subarray(0, 30_000);
          const location = `${UPLOADS}${id}?_state=a%20b~c`;
          send(202, '', { location, range: '0-29999' })(request, response);
        });
      };
      await push('team/app:1', { chunk });
      expect(methods('PATCH')[1]?.headers['content-range']).toBe('30000-129999');
      expect(blobs()).toContain(layer);
    });

    it.each([
      ['more than was sent', '0-999999', 'REGISTRY_PROTOCOL'],
      ['nothing more', '0-0', 'REGISTRY_PROTOCOL'],
      ['nonsense', 'bytes */3', 'REGISTRY_PROTOCOL'],
      ['a negative', '0--5', 'REGISTRY_PROTOCOL'],
    ])('of which the registry says to have %s', async (_, range, code) => {
      let asked = 0;
      registry.fallback = (request, response) => {
        if (request.method !== 'PATCH') return memory.reply(request, response);
        asked++;
        request.resume().on('end', () => send(202, '', { location: request.url ?? '', range })(request, response));
      };
      expect(await refused({ chunk })).toBe(code);
      expect(asked).toBeLessThan(4);
    });

    it('that break for ever end', async () => {
      registry.fallback = (request, response) => {
        if (request.method !== 'PATCH') return memory.reply(request, response);
        request.once('data', () => request.socket.destroy());
      };
      expect(await refused({ chunk })).toBe('REGISTRY_UNREACHABLE');
      expect(methods('PATCH').length).toBeLessThan(10);
    });
  });

  it.each([
    ['503', send(503, '')],
    ['429', send(429, '', { 'retry-after': '0' })],
    ['hanging up', (request: Parameters<Reply>[0]) => request.socket.destroy()],
    ['an upload that it does not know', send(404, '')],
  ])('whole recovers from %s', async (name, reply) => {
    let left = name.startsWith('an upload') ? 0 : 2;
    let first = true;
    registry.fallback = (request, response) => {
      if (request.method !== 'PUT' || !request.url?.includes(encodeURIComponent(layer)))
        memory.reply(request, response);
      else if (left-- > 0) request.resume().on('end', () => reply(request, response));
      else if (name.startsWith('an upload') && first) {
        first = false;
        request.socket.destroy();
      } else memory.reply(request, response);
    };
    await push();
    expect(blobs()).toContain(layer);
  });

  it('whole does not begin again what arrived though its answer did not', async () => {
    registry.fallback = (request, response) => {
      if (request.method !== 'PUT' || !request.url?.includes(encodeURIComponent(layer)))
        return memory.reply(request, response);
      memory.reply(request, response);
      response.writeHead = () => {
        request.socket.destroy();
        return response;
      };
    };
    await push();
    expect(methods('PUT').filter(({ path }) => path.includes(encodeURIComponent(layer)))).toHaveLength(1);
  });

  it.each([
    ['503', send(503, ''), 'REGISTRY_UNREACHABLE'],
    ['429 and wants to be asked tomorrow', send(429, '', { 'retry-after': '86400' }), 'REGISTRY_RATE_LIMITED'],
    ['403', send(403, '{"errors":[{"code":"DENIED","message":"no"}]}'), 'REGISTRY_DENIED'],
    ['405', send(405, ''), 'REGISTRY_PROTOCOL'],
    ['a redirect', send(307, '', { location: '/elsewhere' }), 'REGISTRY_PROTOCOL'],
    ['success at once', send(201, ''), 'REGISTRY_PROTOCOL'],
  ] as const)('ends where a place to upload to is answered with %s', async (_, reply, code) => {
    registry.routes.set(`POST ${UPLOADS}`, reply);
    expect(await refused()).toBe(code);
  });

  it.each([
    ['no place', undefined],
    ['no address', 'http://[/'],
    ['a file', 'file:///etc/passwd'],
    ['plain http elsewhere', 'http://registry.example/upload'],
    ['an address with a password', 'https://me:secret@registry.example/'],
    ['an endless address', `/${'x'.repeat(9000)}`],
  ])('ends where it is to go on at %s', async (_, location) => {
    registry.routes.set(`POST ${UPLOADS}`, send(202, '', location === undefined ? {} : { location }));
    expect(await refused()).toBe('REGISTRY_PROTOCOL');
  });

  it('goes on at another server without what authorizes, and nobody asks for it there', async () => {
    const other = await FakeRegistry.start();
    const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    const env = noCredentials({ auths: { [registry.host]: { auth: Buffer.from('me:secret').toString('base64') } } });
    registry.fallback = (request, response) => {
      if (request.headers.authorization !== authorization)
        return send(401, '', { 'www-authenticate': 'Basic realm="x"' })(request, response);
      if (request.method === 'POST')
        return send(202, '', { location: `http://${other.host}/upload` })(request, response);
      memory.reply(request, response);
    };
    other.routes.set('/upload', (request, response) => {
      const digest = decodeURIComponent(request.url?.split('digest=')[1] ?? '');
      const parts: Buffer[] = [];
      request.on('data', (data: Buffer) => parts.push(data));
      request.on('end', () => {
        memory.blobsOf('team/app').set(digest, Buffer.concat(parts));
        send(201, '')(request, response);
      });
    });
    expect((await push('team/app:1', { env })).digest).toBe(layout.digest);
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    other.routes.set('/upload', send(401, '', { 'www-authenticate': 'Basic realm="x"' }));
    memory.blobs.clear();
    memory.manifests.clear();
    expect(await refused({ env })).toBe('REGISTRY_PROTOCOL');
    expect(other.seen.some(({ headers }) => headers.authorization !== undefined)).toBe(false);
  });

  it('asks for a token to write, and for a new one when it expires on the way', async () => {
    let issued = 0;
    registry.routes.set('/token', (_, response) => response.end(JSON.stringify({ token: `t${++issued}` })));
    let uses = 0;
    registry.fallback = (request, response) => {
      const challenge = { 'www-authenticate': `Bearer realm="http://${registry.host}/token",service="s"` };
      if (request.headers.authorization !== `Bearer t${issued}` || (request.method === 'PUT' && ++uses === 1))
        return send(401, '', challenge)(request, response);
      memory.reply(request, response);
    };
    await push();
    const asked = registry.seen.filter(({ path }) => path.startsWith('/token'));
    const scopes = asked.map(({ path }) => new URL(path, 'http://x').searchParams.getAll('scope'));
    expect(scopes).toEqual([['repository:team/app:pull,push'], ['repository:team/app:pull,push']]);
  });

  it.each([
    ['stores another manifest', { 'docker-content-digest': sha256('other') }, 201, 'DIGEST_MISMATCH'],
    ['names no digest', { 'docker-content-digest': 'x' }, 201, 'REGISTRY_PROTOCOL'],
    ['does not know a blob', {}, 400, 'REGISTRY_PROTOCOL'],
    ['answers as if nothing was stored', {}, 200, 'REGISTRY_PROTOCOL'],
  ] as const)('ends where the registry %s', async (_, headers, status, code) => {
    registry.routes.set(`PUT ${registry.manifestPath('1')}`, send(status, '', headers));
    expect(await refused()).toBe(code);
  });

  it('ends where a blob that is there has another size', async () => {
    registry.routes.set(`HEAD ${registry.blobPath(layer)}`, (_, response) =>
      response.writeHead(200, { 'content-length': '1' }).end(),
    );
    expect(await refused()).toBe('DIGEST_MISMATCH');
  });

  it('ends where another blob is said to be stored', async () => {
    registry.fallback = (request, response) => {
      if (request.method !== 'PUT') return memory.reply(request, response);
      request.resume().on('end', () => send(201, '', { 'docker-content-digest': sha256('other') })(request, response));
    };
    expect(await refused()).toBe('DIGEST_MISMATCH');
  });

  it('is refused in the middle of a blob: the rest is not sent', async () => {
    registry.fallback = (request, response) => {
      if (request.method !== 'PUT') return memory.reply(request, response);
      request.once('data', () =>
        send(413, '{"errors":[{"code":"SIZE_INVALID"}]}', { connection: 'close' })(request, response),
      );
    };
    expect(['REGISTRY_PROTOCOL', 'REGISTRY_UNREACHABLE']).toContain(await refused());
  });

  it.each(['takes nothing', 'never answers'])('ends where the registry %s', async (how) => {
    registry.fallback = (request, response) => {
      if (request.method !== 'PUT') return memory.reply(request, response);
      if (how === 'takes nothing') request.pause();
      else request.resume();
    };
    const start = performance.now();
    expect(await refused({ timing: { ...TIMING, idle: 300 } })).toBe('REGISTRY_UNREACHABLE');
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  it('one failing blob of many ends the others', async () => {
    const many = make({
      layers: Array.from({ length: 12 }, (_, i) => ({ files: [{ path: `f${i}`, data: String(i) }] })),
    });
    await importImage(store, many.directory, { name: 'app' });
    registry.routes.set(`HEAD ${registry.blobPath(many.layers[5]?.digest ?? '')}`, send(403, ''));
    registry.routes.set(`HEAD ${registry.blobPath(many.layers[6]?.digest ?? '')}`, () => {});
    expect(await refused({ timing: { ...TIMING, idle: 60_000 } })).toBe('REGISTRY_DENIED');
  });

  it('sends nothing of a store that is damaged', async () => {
    const path = store.paths.blob(layer);
    const data = readFileSync(path);
    writeFileSync(path, Buffer.alloc(data.length));
    expect(await refused()).toBe('STORE_CORRUPT');
    writeFileSync(path, data.subarray(1));
    expect(await refused()).toBe('STORE_CORRUPT');
    rmSync(path);
    expect(await refused()).toBe('STORE_CORRUPT');
    expect(blobs()).not.toContain(layer);
  });
});
