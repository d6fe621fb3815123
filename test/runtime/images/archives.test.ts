// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { architecture, directoryEntries, ociLayout, sha256 } from '../../support/oci.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';
import { type TarEntry, tar } from '../../support/tar.ts';

const LAYER = tar([{ path: 'hello', data: 'hi\n' }]);

function write(data: Buffer): string {
  const path = join(temporaryDirectory(), 'archive.tar');
  writeFileSync(path, data);
  return path;
}

function dockerConfig(layers: readonly Buffer[]): Buffer {
  const rootfs = { type: 'layers', diff_ids: layers.map(sha256) };
  return Buffer.from(JSON.stringify({ architecture, os: 'linux', config: { Cmd: ['/hello'] }, rootfs }));
}

function dockerArchive(overrides: object = {}, extra: readonly TarEntry[] = []): string {
  const config = dockerConfig([LAYER, LAYER]);
  const image = {
    Config: 'config.json',
    RepoTags: ['app:1'],
    Layers: ['one/layer.tar', 'two/layer.tar'],
    ...overrides,
  };
  return write(
    tar([
      { path: 'config.json', data: config },
      { path: 'one/layer.tar', data: LAYER },
      // A layer that occurs twice is a link in what `docker save` writes.
      { path: 'two/layer.tar', type: '2', link: '../one/layer.tar' },
      { path: 'manifest.json', data: JSON.stringify([image]) },
      ...extra,
    ]),
  );
}

describe.skipIf(noExtractor())('docker save archives', () => {
  it('are taken with their name, and with the same digest every time', async () => {
    const store = await openStore();
    const record = await importImage(store, dockerArchive());
    expect(record.reference).toBe('docker.io/library/app:1');
    expect((await importImage(store, dockerArchive(), { name: 'b' })).digest).toBe(record.digest);
    const facts = await store.imageFacts('docker.io/library/app:1');
    expect(facts.config.cmd).toEqual(['/hello']);
    expect(facts.layers.map(({ diffId }) => diffId)).toEqual([sha256(LAYER), sha256(LAYER)]);
  });

  it.each([
    ['a layer that is not there', { Layers: ['one/layer.tar', 'three'] }, 'LAYOUT_INVALID'],
    ['a config outside', { Config: '../../../../etc/passwd' }, 'LAYOUT_INVALID'],
    ['fewer layers than diff ids', { Layers: ['one/layer.tar'] }, 'CONFIG_CORRUPT'],
    ['a layer with another content', { Layers: ['config.json', 'one/layer.tar'] }, 'DIGEST_MISMATCH'],
    ['a name that is none', { RepoTags: ['../x'] }, 'REFERENCE_INVALID'],
  ])('with %s are refused', async (_, overrides, code) => {
    expect(await codeOf(importImage(await openStore(), dockerArchive(overrides)))).toBe(code);
  });

  it('with two files of one name are refused: readers would disagree', async () => {
    const path = dockerArchive({}, [{ path: './config.json', data: dockerConfig([]) }]);
    expect(await codeOf(importImage(await openStore(), path))).toBe('ARCHIVE_INVALID');
  });

  it('with a link that leads to itself are refused', async () => {
    const path = dockerArchive({ Config: 'loop' }, [{ path: 'loop', type: '2', link: 'loop' }]);
    expect(await codeOf(importImage(await openStore(), path))).toBe('ARCHIVE_INVALID');
  });
});

describe.skipIf(noExtractor())('root file systems', () => {
  it('become an image of one layer', async () => {
    const store = await openStore();
    const settings = { cmd: ['/hello'], env: ['A=b'], exposedPorts: ['80/tcp'], user: '7' };
    const record = await importImage(store, write(gzipSync(LAYER)), { name: 'base', settings });
    const facts = await store.imageFacts('base');
    expect(facts.config).toMatchObject({ cmd: ['/hello'], user: '7', exposedPorts: ['80/tcp'] });
    expect(facts.config.env).toEqual([expect.stringMatching(/^PATH=/), 'A=b']);
    // Compressed.
    expect(record.size).toBeLessThan(LAYER.length / 10);
    expect(readFileSync(join(facts.layers[0]?.path ?? '', 'hello'), 'utf8')).toBe('hi\n');
  });

  it('may look like something else', async () => {
    const path = dockerArchive();
    const store = await openStore();
    await importImage(store, path, { name: 'base', rootfs: true });
    const [layer] = (await store.imageFacts('base')).layers;
    expect(readFileSync(join(layer?.path ?? '', 'one/layer.tar')).equals(LAYER)).toBe(true);
  });
});

describe('damaged and hostile archives', () => {
  const layout = () => tar(directoryEntries(ociLayout(join(temporaryDirectory(), 'l'), { layers: [] }).directory));
  const refuse = async (data: Buffer) => codeOf(importImage(await openStore(), write(data), { name: 'x' }));

  it('are told apart', async () => {
    expect(await refuse(Buffer.alloc(0))).toBe('ARCHIVE_TRUNCATED');
    expect(await refuse(Buffer.from('hello'))).toBe('ARCHIVE_TRUNCATED');
    expect(await refuse(Buffer.alloc(4096, 'x'))).toBe('ARCHIVE_INVALID');
    expect(await refuse(Buffer.alloc(4096))).toBe('ARCHIVE_INVALID');
    expect(await refuse(gzipSync(layout()).subarray(0, 100))).toBe('ARCHIVE_TRUNCATED');
    const broken = gzipSync(layout());
    broken.fill(0xff, 20, 60);
    expect(await refuse(broken)).toBe('ARCHIVE_INVALID');
  });

  it('may end anywhere', async () => {
    const data = layout();
    for (const end of [513, 700, 1024, 1536]) expect(await refuse(data.subarray(0, end))).toBe('ARCHIVE_TRUNCATED');
  });

  it.each([
    [
      'a wrong checksum',
      tar([
        { path: 'a', data: 'x' },
        { path: 'b', data: 'y' },
      ]).fill(1, 1024 + 148, 1024 + 154),
      'ARCHIVE_INVALID',
    ],
    ['a size beyond the end', tar([{ path: 'a', data: 'x', size: 8 ** 10 }]), 'ARCHIVE_TRUNCATED'],
    ['a PAX size beyond the end', tar([{ path: 'a', data: 'x', pax: { size: '99999999' } }]), 'ARCHIVE_TRUNCATED'],
    ['a negative PAX size', tar([{ path: 'a', data: 'x', pax: { size: '-1' } }]), 'ARCHIVE_INVALID'],
    ['a huge PAX header', tar([{ path: 'a', data: '', pax: { comment: 'x'.repeat(2 << 20) } }]), 'LIMIT_EXCEEDED'],
  ])('%s', async (_, data, code) => expect(await refuse(data)).toBe(code));

  it('a FIFO does not block', async () => {
    const path = join(temporaryDirectory(), 'fifo');
    execFileSync('mkfifo', [path]);
    expect(await codeOf(importImage(await openStore(), path, { name: 'x' }))).toBe('ARCHIVE_INVALID');
  });

  it('a file that is not there', async () => {
    expect(await codeOf(importImage(await openStore(), '/nonexistent', { name: 'x' }))).toBe('INVALID_VALUE');
  });
});
