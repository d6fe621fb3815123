// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import type { ImageStore } from '../../../src/runtime/images/store.ts';
import { directoryEntries, type Layout, type LayoutSpec, ociLayout } from '../../support/oci.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';
import { tar } from '../../support/tar.ts';

const FILES = [{ path: 'etc/' }, { path: 'etc/passwd', data: 'root:x:0:0::/root:/bin/sh\n' }];
const make = (spec: Partial<LayoutSpec> = {}) =>
  ociLayout(join(temporaryDirectory(), 'layout'), { layers: [{ files: FILES }], ...spec });

/** Everything that the store shows to others. */
function visible({ paths }: ImageStore): string[] {
  const names = (path: string) => readdirSync(path, { recursive: true, encoding: 'utf8' });
  return [...names(paths.blobs), ...names(paths.layers), ...names(paths.references), ...names(paths.tmp)]
    .filter((name) => name !== 'lock' && !/^sha(256|512)$/.test(name))
    .sort();
}

async function refused(layout: Layout, options = {}): Promise<string> {
  const store = await openStore();
  const code = await codeOf(importImage(store, layout.directory, { name: 'x', ...options }));
  expect(visible(store)).toEqual([]);
  return code;
}

describe.skipIf(noExtractor())('importImage, a layout', () => {
  it.each([undefined, 'gzip', 'zstd'] as const)('takes a layout with layers packed by %s', async (compression) => {
    const layout = make({
      layers: [{ files: FILES, ...(compression && { compression }) }],
      config: { User: '1', Cmd: ['/a'] },
    });
    const store = await openStore();
    const record = await importImage(store, layout.directory, { name: 'app' });
    expect(record).toMatchObject({ reference: 'localhost/app:latest', digest: layout.digest, origin: 'imported' });
    const facts = await store.imageFacts('app');
    expect(facts.config).toMatchObject({ user: '1', cmd: ['/a'], entrypoint: [], env: [] });
    expect(readFileSync(join(facts.layers[0]?.path ?? '', 'etc/passwd'), 'utf8')).toContain('root:x:0');
  });

  it('takes a tar of a layout, plain and compressed', async () => {
    const layout = make();
    const archive = tar(directoryEntries(layout.directory));
    const store = await openStore();
    for (const data of [archive, gzipSync(archive), zstdCompressSync(archive)]) {
      const path = join(temporaryDirectory(), 'layout.tar');
      writeFileSync(path, data);
      expect((await importImage(store, path, { name: 'app' })).digest).toBe(layout.digest);
    }
  });

  it('stores nothing twice', async () => {
    const store = await openStore();
    await importImage(store, make().directory, { name: 'a' });
    const before = visible(store).length;
    await importImage(store, make().directory, { name: 'b' });
    expect(visible(store)).toHaveLength(before + 1);
  });

  it('replaces a damaged blob of the store', async () => {
    const layout = make();
    const store = await openStore();
    await importImage(store, layout.directory, { name: 'a' });
    writeFileSync(store.paths.blob(layout.configDigest), 'damaged');
    expect(await codeOf(store.imageFacts('a'))).toBe('STORE_CORRUPT');
    await importImage(store, layout.directory, { name: 'a' });
    expect(await codeOf(store.imageFacts('a'))).toBe('no error');
  });
});

describe.skipIf(noExtractor())('importImage refuses, and leaves the store as it was', () => {
  it('a blob with another content', async () => {
    const layout = make();
    const path = layout.blob(layout.layers[0]?.digest ?? '');
    const data = readFileSync(path);
    data.writeUInt8(data.readUInt8(600) ^ 1, 600);
    writeFileSync(path, data);
    expect(await refused(layout)).toBe('DIGEST_MISMATCH');
  });

  it('a blob that is shorter than its descriptor says', async () => {
    const layout = make();
    truncateSync(layout.blob(layout.layers[0]?.digest ?? ''), 512);
    expect(await refused(layout)).toBe('DIGEST_MISMATCH');
  });

  it('a missing blob, a link in its place, and a layout below a link', async () => {
    for (const level of ['blob', 'blobs']) {
      const layout = make();
      const elsewhere = make();
      const path = level === 'blob' ? layout.blob(layout.digest) : join(layout.directory, 'blobs');
      rmSync(path, { recursive: true });
      expect(await refused(layout)).toBe('LAYOUT_INVALID');
      symlinkSync(level === 'blob' ? elsewhere.blob(layout.digest) : join(elsewhere.directory, 'blobs'), path);
      expect(await refused(layout)).toBe('LAYOUT_INVALID');
    }
  });

  it('a layer that is not what the config says', async () => {
    const alterConfig = (config: object) => ({
      ...config,
      rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] },
    });
    expect(await refused(make({ alterConfig }))).toBe('DIGEST_MISMATCH');
  });

  it.each([
    ['not JSON', () => Buffer.from('{')],
    ['not UTF-8', () => Buffer.from('{"a":"\xff"}', 'latin1')],
    ['no diff ids', (config: object) => ({ ...config, rootfs: { type: 'layers', diff_ids: [] } })],
    [
      'a diff id that is a path',
      (config: object) => ({ ...config, rootfs: { type: 'layers', diff_ids: ['sha256:../x'] } }),
    ],
    ['no architecture', ({ architecture: _, ...config }: Record<string, unknown>) => config],
    ['a list as environment entry', (config: object) => ({ ...config, config: { Env: [['A=1']] } })],
    ['an environment entry without name', (config: object) => ({ ...config, config: { Env: ['=1'] } })],
    ['NUL in a word', (config: object) => ({ ...config, config: { Cmd: ['a\0b'] } })],
    ['a text as command', (config: object) => ({ ...config, config: { Cmd: '/bin/sh' } })],
  ])('a config with %s', async (_, alterConfig) => expect(await refused(make({ alterConfig }))).toBe('CONFIG_CORRUPT'));

  it.each([
    ['a foreign layer', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'],
    ['an encrypted layer', 'application/vnd.oci.image.layer.v1.tar+encrypted'],
    ['an unknown layer', ''],
  ])('%s', async (_, mediaType) => {
    const alterManifest = (manifest: Record<string, unknown>) => ({
      ...manifest,
      layers: (manifest.layers as object[]).map((layer) => ({ ...layer, mediaType })),
    });
    expect(await refused(make({ alterManifest }))).toBe('MEDIA_TYPE_UNSUPPORTED');
  });

  it('an artifact', async () => {
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: `sha256:${'0'.repeat(64)}`, size: 2 };
    expect(await refused(make({ alterManifest: (manifest) => ({ ...manifest, config }) }))).toBe(
      'MEDIA_TYPE_UNSUPPORTED',
    );
  });

  it('a document that is a manifest and an index at once', async () => {
    const alterManifest = (manifest: object) => ({ ...manifest, manifests: [] });
    expect(await refused(make({ alterManifest }))).toBe('LAYOUT_INVALID');
  });

  it.each([-1, 1.5, 2 ** 60, '1'])('a descriptor of %s bytes', async (size) => {
    const alterManifest = (manifest: Record<string, unknown>) => ({
      ...manifest,
      config: { ...(manifest.config as object), size },
    });
    expect(await refused(make({ alterManifest }))).toBe('LAYOUT_INVALID');
  });

  it('a document above the limit', async () => {
    const alterConfig = (config: object) => ({ ...config, config: { Labels: { a: 'x'.repeat(5 << 20) } } });
    expect(await refused(make({ alterConfig }))).toBe('LIMIT_EXCEEDED');
  });

  it('a path that leaves the layer, whatever the store unpacked before it', async () => {
    const outside = temporaryDirectory();
    const hostile = [
      { files: [{ path: '../../../../escaped', data: 'x' }] },
      {
        files: [
          { path: 'a', type: '2', link: outside },
          { path: 'a/escaped', data: 'x' },
        ],
      },
      { files: [{ path: 'a', type: '1', link: '/etc/passwd' }] },
    ];
    for (const layer of hostile) {
      expect(await refused(make({ layers: [{ files: FILES }, layer] }))).toBe('PATH_ESCAPE');
      expect(readdirSync(outside)).toEqual([]);
    }
  });
});

describe.skipIf(noExtractor())('importImage, several platforms', () => {
  const platform = (os: string, architecture: string, variant?: string) => ({
    os,
    architecture,
    ...(variant && { variant }),
  });
  const indexed = (...platforms: object[]) =>
    make({
      architecture: 'arm64',
      alterIndex: (index) => ({
        ...index,
        manifests: platforms.map((platform) => ({ ...(index.manifests as object[])[0], platform })),
      }),
    });

  it('takes the one that was asked for', async () => {
    const layout = indexed(
      platform('unknown', 'unknown'),
      platform('linux', 's390x'),
      platform('linux', 'arm64', 'v8'),
    );
    const store = await openStore();
    const record = await importImage(store, layout.directory, { name: 'x', platform: platform('linux', 'arm64') });
    expect(record.digest).toBe(layout.digest);
  });

  it('says what there is', async () => {
    expect(await refused(indexed(platform('linux', 's390x')), { platform: platform('linux', 'arm64') })).toBe(
      'PLATFORM_MISSING',
    );
    expect(await refused(make({ architecture: 's390x' }))).toBe('PLATFORM_MISSING');
  });

  it('does not guess between images of one layout', async () => {
    const alterIndex = (index: Record<string, unknown>) => ({
      ...index,
      manifests: [...(index.manifests as object[]), ...(index.manifests as object[])],
    });
    expect(await refused(make({ alterIndex }))).toBe('LAYOUT_INVALID');
  });

  it('ends on an index that holds itself', async () => {
    const layout = make();
    const index = readFileSync(join(layout.directory, 'index.json'), 'utf8');
    const looped = index.replace('image.manifest.v1', 'image.index.v1');
    writeFileSync(join(layout.directory, 'index.json'), looped);
    expect(await refused(layout)).toBe('LAYOUT_INVALID');
  });
});

describe.skipIf(noExtractor())('importImage, names', () => {
  it('needs one', async () => {
    const store = await openStore();
    expect(await codeOf(importImage(store, make().directory))).toBe('MISSING_ARGUMENT');
    expect(await codeOf(importImage(store, make({ name: 'latest' }).directory))).toBe('MISSING_ARGUMENT');
    expect((await importImage(store, make({ name: 'r.example/app:1' }).directory)).reference).toBe('r.example/app:1');
  });

  it('does not let an archive take the name of another image by itself', async () => {
    const store = await openStore();
    const first = await importImage(store, make().directory, { name: 'localhost/app' });
    const other = make({ name: 'localhost/app:latest', config: { User: '0' } });
    expect(await codeOf(importImage(store, other.directory))).toBe('REFERENCE_TAKEN');
    expect((await store.resolve('app')).record.digest).toBe(first.digest);
    await importImage(store, other.directory, { name: 'localhost/app' });
    expect((await store.resolve('app')).record.digest).toBe(other.digest);
  });

  it('finds an image by digest, with and without its tag', async () => {
    const store = await openStore();
    const { digest } = await importImage(store, make().directory, { name: 'app:1' });
    expect((await store.resolve(`app@${digest}`)).record.reference).toBe('localhost/app:1');
    expect(await codeOf(store.resolve(`app:2@${digest}`))).toBe('IMAGE_NOT_FOUND');
    expect(await codeOf(store.resolve(`app@sha256:${'0'.repeat(64)}`))).toBe('IMAGE_NOT_FOUND');
    expect(await codeOf(store.resolve('docker.io/library/app:1'))).toBe('IMAGE_NOT_FOUND');
  });
});
