// SPDX-License-Identifier: Apache-2.0
// A registry that lies. Each lie is one error, and the store is byte for byte as it was.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import type { ImageStore } from '../../../src/runtime/images/store.ts';
import { type Layout, type LayoutSpec, ociLayout, sha256 } from '../../support/oci.ts';
import { FakeRegistry, INDEX, MANIFEST, type Reply, send, snapshot, TIMING } from '../../support/registry.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

const file = (data: string) => [{ files: [{ path: 'file', data }] }];
const make = (spec: Partial<LayoutSpec> = {}) =>
  ociLayout(join(temporaryDirectory(), 'layout'), { layers: file('content'), ...spec });

describe.skipIf(noExtractor())('a registry that', () => {
  let registry: FakeRegistry;
  let store: ImageStore;
  let layout: Layout;
  let manifest: Buffer;
  let layer = '';
  beforeEach(async () => {
    [registry, store, layout] = [await FakeRegistry.start(), await openStore(), make()];
    // Something that could get lost.
    await importImage(store, make({ layers: file('before') }).directory, { name: 'before' });
    registry.publish(layout);
    manifest = readFileSync(layout.blob(layout.digest));
    layer = layout.layers[0]?.digest ?? '';
  });

  async function refused(text?: string): Promise<string> {
    const before = snapshot(store.paths.state);
    const code = await codeOf(registry.pull(store, text));
    expect(snapshot(store.paths.state)).toEqual(before);
    return code;
  }
  const blob = (digest: string, reply: Reply) => registry.routes.set(registry.blobPath(digest), reply);
  const altered = (data: Buffer) => {
    const copy = Buffer.from(data);
    copy.writeUInt8(copy.readUInt8(copy.length - 2) ^ 1, copy.length - 2);
    return copy;
  };

  it('sends another blob', async () => {
    blob(layer, send(200, altered(readFileSync(layout.blob(layer)))));
    expect(await refused()).toBe('DIGEST_MISMATCH');
  });

  it('sends another config', async () => {
    blob(layout.configDigest, send(200, altered(readFileSync(layout.blob(layout.configDigest)))));
    expect(await refused()).toBe('DIGEST_MISMATCH');
  });

  it('sends another manifest than the digest asks for', async () => {
    registry.manifest(layout.digest, `${manifest} `, MANIFEST);
    expect(await refused(`team/app@${layout.digest}`)).toBe('DIGEST_MISMATCH');
  });

  it.each([
    ['lies in Docker-Content-Digest', sha256('something else'), 'DIGEST_MISMATCH'],
    ['has no digest in Docker-Content-Digest', '../../etc', 'REGISTRY_PROTOCOL'],
  ])('%s', async (_, digest, code) => {
    registry.manifest('1', manifest, MANIFEST, { 'docker-content-digest': digest });
    expect(await refused()).toBe(code);
  });

  it.each([
    ['announces a shorter body', (body: Buffer) => send(200, body.subarray(1))],
    ['announces a longer body', (body: Buffer) => send(200, Buffer.concat([body, body]))],
    [
      'ends a body early',
      (body: Buffer): Reply =>
        (_, response) => {
          response.write(body.subarray(9));
          response.end();
        },
    ],
    [
      'never ends a body',
      (): Reply => (_, response) => {
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(1 << 16)));
        };
        response.on('drain', more);
        more();
      },
    ],
  ])('%s', async (_, reply) => {
    blob(layer, reply(readFileSync(layout.blob(layer))));
    expect(await refused()).toBe('DIGEST_MISMATCH');
  });

  it('announces another length: not even the connection is waited for', async () => {
    blob(layer, (_, response) => response.writeHead(200, { 'content-length': '1' }).flushHeaders());
    expect(await refused()).toBe('DIGEST_MISMATCH');
  });

  it('sends another index than the digest asks for', async () => {
    const entry = { mediaType: MANIFEST, digest: layout.digest, size: manifest.length };
    const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [entry] });
    const asked = sha256(`${index} `);
    registry.manifest(asked, index, INDEX);
    expect(await refused(`team/app@${asked}`)).toBe('DIGEST_MISMATCH');
  });

  it('has the image for another machine only', async () => {
    registry.publish(make({ architecture: 's390x' }));
    expect(await refused()).toBe('PLATFORM_MISSING');
  });

  it('never ends a manifest', async () => {
    let sent = 0;
    registry.routes.set(registry.manifestPath('1'), (_, response) => {
      response.writeHead(200, { 'content-type': MANIFEST });
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 16, ' '))) sent += 1 << 16;
      };
      response.on('drain', more);
      more();
    });
    expect(await refused()).toBe('LIMIT_EXCEEDED');
    expect(sent).toBeLessThan(32 << 20);
  });

  it('never ends an error', async () => {
    registry.routes.set(registry.manifestPath('1'), (_, response) => {
      response.writeHead(404);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 16, ' ')));
      };
      response.on('drain', more);
      more();
    });
    expect(await refused()).toBe('MANIFEST_UNKNOWN');
  });

  it('gives one blob two sizes', async () => {
    layout = make({ layers: [...file('content'), ...file('content')] });
    registry.publish(layout);
    const document = JSON.parse(readFileSync(layout.blob(layout.digest), 'utf8'));
    document.layers[0].size = 7;
    registry.manifest('1', JSON.stringify(document), MANIFEST);
    expect(await refused()).toBe('DIGEST_MISMATCH');
  });

  it('claims a config that is too large to be one', async () => {
    const document = JSON.parse(String(manifest));
    document.config.size = 5 << 20;
    registry.manifest('1', JSON.stringify(document), MANIFEST);
    expect(await refused()).toBe('LIMIT_EXCEEDED');
  });

  it('nests indexes without end', async () => {
    let [inner, type] = [manifest, MANIFEST];
    for (let depth = 0; depth < 8; depth++) {
      const manifests = [{ mediaType: type, digest: sha256(inner), size: inner.length }];
      inner = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
      type = INDEX;
      registry.manifest(sha256(inner), inner, INDEX);
    }
    registry.manifest('1', inner, INDEX);
    expect(await refused()).toBe('LAYOUT_INVALID');
    expect(registry.paths.length).toBeLessThan(6);
  });

  it('answers every digest with one index that names itself', async () => {
    const self = { mediaType: INDEX, digest: `sha256:${'0'.repeat(64)}`, size: 300 };
    const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [self] }).padEnd(300);
    for (const name of ['1', self.digest]) registry.manifest(name, index, INDEX);
    expect(await refused()).toBe('DIGEST_MISMATCH');
  });

  it.each([
    ['one entry too large', { size: 1 }],
    ['a type that its document is not', { mediaType: 'application/vnd.docker.distribution.manifest.v2+json' }],
  ])('has an index with %s', async (_, wrong) => {
    const right = { mediaType: MANIFEST, digest: layout.digest, size: manifest.length };
    const index = { schemaVersion: 2, mediaType: INDEX, manifests: [{ ...right, ...wrong }] };
    registry.manifest('1', JSON.stringify(index), INDEX);
    expect(['DIGEST_MISMATCH', 'REGISTRY_PROTOCOL']).toContain(await refused());
  });

  it.each([
    ['an index where the header says manifest', MANIFEST, { mediaType: INDEX, manifests: [] }, 'LAYOUT_INVALID'],
    ['a manifest where the header says index', INDEX, { mediaType: MANIFEST, layers: [] }, 'LAYOUT_INVALID'],
    ['both at once', MANIFEST, { manifests: [], config: {}, layers: [] }, 'LAYOUT_INVALID'],
    ['both at once, called an index', INDEX, { manifests: [], config: {}, layers: [] }, 'LAYOUT_INVALID'],
    ['a page', 'text/html; charset=utf-8', {}, 'MEDIA_TYPE_UNSUPPORTED'],
    ['no type', '', {}, 'MEDIA_TYPE_UNSUPPORTED'],
    ['schema 1', 'application/vnd.docker.distribution.manifest.v1+prettyjws', {}, 'MEDIA_TYPE_UNSUPPORTED'],
    ['schema 1 under a false type', MANIFEST, { schemaVersion: 1, fsLayers: [] }, 'MEDIA_TYPE_UNSUPPORTED'],
    ['what is no JSON', MANIFEST, undefined, 'LAYOUT_INVALID'],
  ])('sends %s', async (_, type, document, code) => {
    registry.manifest('1', document === undefined ? '{' : JSON.stringify({ schemaVersion: 2, ...document }), type);
    expect(await refused()).toBe(code);
  });

  it.each([
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
  ])('sends to elsewhere for a layer of type %s', async (mediaType) => {
    const document = JSON.parse(String(manifest));
    document.layers[0] = { ...document.layers[0], mediaType, urls: [`http://${registry.host}/elsewhere`] };
    registry.manifest('1', JSON.stringify(document), MANIFEST);
    expect(await refused()).toBe('MEDIA_TYPE_UNSUPPORTED');
    expect(registry.paths).not.toContain('/elsewhere');
  });

  it('lacks what its manifest lists, and says why in a message of its own', async () => {
    blob(layer, send(404, '{"errors":[{"code":"BLOB_UNKNOWN","message":"gone\\u001b[2J"}]}'));
    expect(await refused()).toBe('BLOB_UNKNOWN');
  });

  it.each([
    [403, 'REGISTRY_DENIED'],
    [404, 'MANIFEST_UNKNOWN'],
    [204, 'REGISTRY_PROTOCOL'],
    [400, 'REGISTRY_PROTOCOL'],
  ])('answers %i', async (status, code) => {
    registry.routes.set(registry.manifestPath('1'), send(status, ''));
    expect(await refused()).toBe(code);
  });

  it('fails one of many layers: the others end, and none is kept', async () => {
    const layers = Array.from({ length: 12 }, (_, i) => file(`layer ${i}`)).flat();
    layout = make({ layers });
    registry.publish(layout);
    blob(layout.layers[5]?.digest ?? '', send(404, ''));
    blob(layout.layers[6]?.digest ?? '', () => {});
    const before = snapshot(store.paths.state);
    // Longer than a test may take: the layer that never comes is not waited for.
    const timing = { ...TIMING, idle: 60_000 };
    expect(await codeOf(registry.pull(store, 'team/app:1', { timing }))).toBe('BLOB_UNKNOWN');
    expect(snapshot(store.paths.state)).toEqual(before);
  });
});
