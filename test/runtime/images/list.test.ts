// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nameFilter } from '../../../src/runtime/images/filter.ts';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import type { ImageRecord } from '../../../src/runtime/images/records.ts';
import { tagImage } from '../../../src/runtime/images/tag.ts';
import { ociLayout } from '../../support/oci.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const record = (reference: string, of = digest('a')): ImageRecord => ({
  reference,
  digest: of,
  index: digest('c'),
  configDigest: digest('d'),
  origin: 'pulled',
  created: '',
  size: 0,
});

describe('nameFilter', () => {
  const all = [
    record('docker.io/library/nginx:1'),
    record('docker.io/library/nginx:latest', digest('b')),
    record('docker.io/team/nginx:1'),
    record('localhost/nginx:latest'),
    record('registry.example:5000/nginx:1'),
    record(`registry.example:5000/nginx@${digest('a')}`),
  ];

  it.each([
    ['nginx', [0, 1, 3]],
    ['nginx:1', [0]],
    ['nginx:latest', [1, 3]],
    ['localhost/nginx', [3]],
    ['docker.io/nginx', [0, 1]],
    ['team/nginx', [2]],
    ['registry.example:5000/nginx', [4, 5]],
    ['registry.example:5000/nginx:1', [4]],
    [`nginx@${digest('b')}`, [1]],
    [`nginx:1@${digest('c')}`, [0]],
    ['ngin', []],
  ])('%s means its images', (text, expected) => {
    expect(all.filter(nameFilter(text)).map((one) => all.indexOf(one))).toEqual(expected);
  });

  it('refuses what is no name', async () => {
    for (const text of ['', 'A', 'a:', '*'])
      expect(await codeOf(() => nameFilter(text)), text).toBe('REFERENCE_INVALID');
  });
});

describe.skipIf(noExtractor())('pruneAll', () => {
  it('removes every image that no container was made from, and what only those needed', async () => {
    const store = await openStore();
    for (const name of ['a', 'b', 'c']) {
      const layers = ['shared', name].map((data) => ({ files: [{ path: data, data }] }));
      await importImage(store, ociLayout(join(temporaryDirectory(), 'l'), { layers }).directory, { name });
    }
    await tagImage(store, 'a', ['a:2']);
    const { digest, layers } = await store.imageFacts('a');
    const directory = join(store.paths.containers, 'c1');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'config.json'), JSON.stringify({ secure: { image: { digest }, layers } }));
    const { references, swept } = await store.pruneAll();
    expect(references).toEqual(['localhost/b:latest', 'localhost/c:latest']);
    // A manifest, a config and a layer of each.
    expect([swept.blobs.length, swept.layers.length]).toEqual([6, 2]);
    expect((await store.list()).map(({ reference }) => reference)).toEqual(['localhost/a:2', 'localhost/a:latest']);
    expect(await codeOf(store.imageFacts('a'))).toBe('no error');
    writeFileSync(join(directory, 'config.json'), '{"secure":{"layers":"x"}}');
    expect(await codeOf(store.pruneAll())).toBe('STORE_CORRUPT');
    expect(await store.list()).toHaveLength(2);
  });
});
