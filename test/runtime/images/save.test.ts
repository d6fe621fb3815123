// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { loadImages } from '../../../src/runtime/images/import/load.ts';
import { SAVE_FORMATS, type SaveFormat, saveImages } from '../../../src/runtime/images/save/save.ts';
import type { ImageStore } from '../../../src/runtime/images/store.ts';
import { tagImage } from '../../../src/runtime/images/tag.ts';
import { directoryEntries, type Layout, ociLayout } from '../../support/oci.ts';
import { snapshot } from '../../support/registry.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';
import { tar } from '../../support/tar.ts';

const image = (content: string, name?: string): Layout =>
  ociLayout(join(temporaryDirectory(), 'l'), {
    layers: [
      { files: [{ path: 'shared', data: 'all images have this layer' }], compression: 'gzip' },
      { files: [{ path: 'own', data: content }], compression: 'zstd' },
    ],
    ...(name === undefined ? {} : { name }),
  });

async function filled(...names: readonly string[]): Promise<ImageStore> {
  const store = await openStore();
  for (const name of names) await importImage(store, image(name).directory, { name });
  return store;
}

const listing = (path: string) =>
  execFileSync('tar', ['-tf', path], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '' && !name.endsWith('/'));
const configs = async (store: ImageStore) =>
  (await store.list()).map((record) => [record.reference, record.configDigest]);
const digests = async (store: ImageStore) => (await store.list()).map((record) => [record.reference, record.digest]);

describe.skipIf(noExtractor())('saveImages', () => {
  it.each(SAVE_FORMATS)('as %s is what loadImages brings in again', async (format) => {
    const store = await filled('a', 'b');
    await tagImage(store, 'a', ['docker.io/team/a:2']);
    const to = join(temporaryDirectory(), 'saved');
    const saved = await saveImages(store, ['a', 'b', 'team/a:2', 'a'], { format, to });
    expect(saved.map(({ reference }) => reference)).toEqual([
      'docker.io/team/a:2',
      'localhost/a:latest',
      'localhost/b:latest',
    ]);
    const other = await openStore();
    const loaded = await loadImages(other, to);
    expect(loaded.map(({ origin }) => origin)).toEqual(['imported', 'imported', 'imported']);
    expect(await configs(other)).toEqual(await configs(store));
    if (format !== 'docker-archive') expect(await digests(other)).toEqual(await digests(store));
    expect((await other.imageFacts('b')).layers.map(({ diffId }) => diffId)).toEqual(
      (await store.imageFacts('b')).layers.map(({ diffId }) => diffId),
    );
  });

  it.each(['docker-archive', 'oci-archive'] as const)(
    '%s has a shared layer once, and the same bytes each time',
    async (format) => {
      const store = await filled('a', 'b');
      const directory = temporaryDirectory();
      const save = async (from: ImageStore, texts: readonly string[], name: string) => {
        await saveImages(from, texts, { format, to: join(directory, name) });
        return readFileSync(join(directory, name));
      };
      const first = await save(store, ['a', 'b'], '1');
      expect(first.equals(await save(store, ['b', 'a', 'a'], '2'))).toBe(true);
      // Whether a layer is unpacked, and when an image came in, is no part of it.
      rmSync(store.paths.layers, { recursive: true });
      expect(first.equals(await save(store, ['a', 'b'], '3'))).toBe(true);
      expect(first.equals(await save(await filled('b', 'a'), ['a', 'b'], '4'))).toBe(true);
      const names = listing(join(directory, '1'));
      expect(new Set(names).size).toBe(names.length);
      // Two configs and three layers; a list, or the marker, the index and two manifests.
      expect(names.length).toBe(format === 'docker-archive' ? 6 : 9);
      const chunks: Buffer[] = [];
      await saveImages(store, ['a', 'b'], { format, to: (chunk) => void chunks.push(Buffer.from(chunk)) });
      expect(first.equals(Buffer.concat(chunks))).toBe(true);
    },
  );

  it('writes a file that only its owner reads, and into a device', async () => {
    const store = await filled('a');
    const to = join(temporaryDirectory(), 'x');
    writeFileSync(to, 'before', { mode: 0o644 });
    await saveImages(store, ['a'], { format: 'oci-archive', to });
    expect(statSync(to).mode & 0o777).toBe(0o600);
    await saveImages(store, ['a'], { format: 'oci-archive', to: '/dev/null' });
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it.each(SAVE_FORMATS)('as %s leaves nothing but what was there when a blob is damaged', async (format) => {
    const to = join(temporaryDirectory(), 'saved');
    if (format === 'oci-dir') mkdirSync(to);
    else writeFileSync(to, 'before');
    const before = snapshot(join(to, '..'));
    const changes: ((path: string) => void)[] = [
      (path) => rmSync(path),
      (path) => appendFileSync(path, 'x'),
      (path) => writeFileSync(path, Buffer.alloc(statSync(path).size)),
    ];
    for (const change of changes) {
      const store = await filled('a');
      const { manifest } = await store.inspect('a');
      change(store.paths.blob(manifest.layers[1]?.digest ?? ''));
      expect(await codeOf(saveImages(store, ['a'], { format, to }))).toBe('STORE_CORRUPT');
      expect(snapshot(join(to, '..'))).toEqual(before);
    }
  });

  it('leaves nothing when it is aborted', async () => {
    const store = await filled('a');
    const directory = temporaryDirectory();
    for (const format of SAVE_FORMATS) {
      const signal = AbortSignal.abort(new Error('no more'));
      await expect(saveImages(store, ['a'], { format, to: join(directory, 'x'), signal })).rejects.toThrow('no more');
      expect(readdirSync(directory)).toEqual([]);
    }
  });

  it.each<[SaveFormat, string, string[]]>([
    ['oci-archive', '.', ['a']],
    ['oci-archive', 'missing/x', ['a']],
    ['oci-dir', '.', ['a']],
    ['oci-dir', 'file', ['a']],
  ])('%s to %s is refused', async (format, name, texts) => {
    const store = await filled('a');
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'file'), '');
    expect(await codeOf(saveImages(store, texts, { format, to: join(directory, name) }))).toBe('OUTPUT_REFUSED');
    expect(readdirSync(directory)).toEqual(['file']);
  });
});

describe.skipIf(noExtractor())('loadImages', () => {
  /** The archive of a directory's files. */
  const archive = (directory: string) => {
    const path = join(temporaryDirectory(), 'x.tar');
    writeFileSync(path, tar(directoryEntries(directory)));
    return path;
  };
  /** A layout with the images of several, each entry altered. */
  const together = (layouts: readonly Layout[], alter: (entry: object, i: number) => object = (entry) => entry) => {
    const target = join(temporaryDirectory(), 'l');
    const manifests = layouts.map(({ directory }, i) => {
      execFileSync('cp', ['-rT', directory, target]);
      return alter(JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')).manifests[0], i);
    });
    writeFileSync(join(target, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    return target;
  };
  const named = (name: string) => ({ annotations: { 'org.opencontainers.image.ref.name': name } });

  it('takes no name from another image unless told to', async () => {
    const store = await filled('a');
    const path = archive(together([image('x', 'localhost/b:1'), image('y', 'localhost/a:latest')]));
    const before = snapshot(store.paths.state);
    expect(await codeOf(loadImages(store, path))).toBe('REFERENCE_TAKEN');
    expect(snapshot(store.paths.state)).toEqual(before);
    expect((await loadImages(store, path, { force: true })).map(({ reference }) => reference)).toEqual([
      'localhost/b:1',
      'localhost/a:latest',
    ]);
    // What is here already is no other image.
    expect(await codeOf(loadImages(store, path))).toBe('no error');
  });

  it('brings in all or none', async () => {
    const store = await openStore();
    const damaged = image('y', 'localhost/b:1');
    writeFileSync(damaged.blob(damaged.layers[1]?.digest ?? ''), 'something else');
    const before = snapshot(store.paths.state);
    expect(await codeOf(loadImages(store, archive(together([image('x', 'localhost/a:1'), damaged]))))).toBe(
      'DIGEST_MISMATCH',
    );
    expect(snapshot(store.paths.state)).toEqual(before);
  });

  it('leaves out what has no name beside what has one, and takes no image without a name', async () => {
    const store = await openStore();
    const mixed = together([image('x', 'localhost/a:1'), image('y')]);
    expect((await loadImages(store, mixed)).map(({ reference }) => reference)).toEqual(['localhost/a:1']);
    for (const name of [undefined, 'latest', 'app:1', `localhost/a@sha256:${'0'.repeat(64)}`])
      expect(await codeOf(loadImages(store, image('z', name).directory)), name).toBe('MISSING_ARGUMENT');
  });

  it('chooses by platform among images of one name', async () => {
    const store = await openStore();
    const own = image('x');
    const platform = (architecture: string) => ({ platform: { os: 'linux', architecture } });
    const here = process.arch === 'x64' ? 'amd64' : process.arch;
    const path = together([image('y'), own], (entry, i) => ({
      ...entry,
      ...named('localhost/a:1'),
      ...platform(i === 1 ? here : 's390x'),
    }));
    expect((await loadImages(store, path)).map(({ digest }) => digest)).toEqual([own.digest]);
    const two = together([image('1'), image('2')], (entry) => ({ ...entry, ...named('localhost/b:1') }));
    expect(await codeOf(loadImages(store, two))).toBe('LAYOUT_INVALID');
  });

  it('refuses two images of one name in the form of docker, and what holds no image', async () => {
    const store = await filled('a', 'b');
    const directory = temporaryDirectory();
    await saveImages(store, ['a', 'b'], { format: 'docker-archive', to: join(directory, 'x.tar') });
    mkdirSync(join(directory, 'x'));
    execFileSync('tar', ['-xf', join(directory, 'x.tar'), '-C', join(directory, 'x')]);
    const list = JSON.parse(readFileSync(join(directory, 'x/manifest.json'), 'utf8'));
    const other = await openStore();
    const before = snapshot(other.paths.state);
    const load = (value: unknown) => {
      writeFileSync(join(directory, 'x/manifest.json'), JSON.stringify(value));
      return codeOf(loadImages(other, archive(join(directory, 'x'))));
    };
    expect(await load(list.map((entry: object) => ({ ...entry, RepoTags: ['same'] })))).toBe('LAYOUT_INVALID');
    expect(await load(list.map((entry: object) => ({ ...entry, RepoTags: null })))).toBe('MISSING_ARGUMENT');
    expect(await load([])).toBe('LAYOUT_INVALID');
    expect(await load({ Config: 'x' })).toBe('LAYOUT_INVALID');
    expect(await codeOf(loadImages(other, archive(temporaryDirectory())))).toBe('ARCHIVE_INVALID');
    rmSync(join(directory, 'x/manifest.json'));
    expect(await codeOf(loadImages(other, archive(join(directory, 'x'))))).toBe('LAYOUT_INVALID');
    expect(await codeOf(loadImages(other, join(directory, 'none')))).toBe('INVALID_VALUE');
    expect(snapshot(other.paths.state)).toEqual(before);
  });
});
