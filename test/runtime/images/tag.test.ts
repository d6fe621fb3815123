// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { imageHistory } from '../../../src/runtime/images/history.ts';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { lockFile } from '../../../src/runtime/images/lock.ts';
import type { ImageStore } from '../../../src/runtime/images/store.ts';
import { tagImage } from '../../../src/runtime/images/tag.ts';
import { type Layout, ociLayout } from '../../support/oci.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

const image = (content: string, history?: unknown): Layout =>
  ociLayout(join(temporaryDirectory(), 'l'), {
    layers: ['low', 'high'].map((name) => ({ files: [{ path: name, data: content }], compression: 'gzip' })),
    alterConfig: (config) => (history === undefined ? config : { ...config, history }),
  });

async function stored(
  content: string,
  name: string,
  history?: unknown,
): Promise<{ store: ImageStore; layout: Layout }> {
  const store = await openStore();
  const layout = image(content, history);
  await importImage(store, layout.directory, { name });
  return { store, layout };
}

const names = async (store: ImageStore) => (await store.list()).map(({ reference }) => reference);

describe.skipIf(noExtractor())('tagImage', () => {
  it('gives names that stay when the first one goes', async () => {
    const { store, layout } = await stored('a', 'a');
    const before = (await store.resolve('a')).record;
    const records = await tagImage(store, 'a', ['b:2', 'docker.io/team/c', 'b:2']);
    expect(records).toEqual([
      { ...before, reference: 'localhost/b:2' },
      { ...before, reference: 'docker.io/team/c:latest' },
    ]);
    await store.remove(['a']);
    for (const text of ['b:2', 'team/c']) expect((await store.imageFacts(text)).digest).toBe(layout.digest);
    const index = JSON.parse(readFileSync(join(store.paths.images, 'index.json'), 'utf8'));
    expect(index.manifests).toHaveLength(2);
  });

  it('takes a name from another image', async () => {
    const { store } = await stored('a', 'a');
    const other = image('b');
    await importImage(store, other.directory, { name: 'b' });
    await tagImage(store, 'b', ['a']);
    expect((await store.imageFacts('a')).digest).toBe(other.digest);
  });

  it('gives none where one cannot be given', async () => {
    const { store } = await stored('a', 'a');
    for (const bad of ['B', `b@sha256:${'0'.repeat(64)}`, '../b', '', 'b:'])
      expect(await codeOf(tagImage(store, 'a', ['good', bad])), bad).toBe('REFERENCE_INVALID');
    expect(await codeOf(tagImage(store, 'nothing', ['good']))).toBe('IMAGE_NOT_FOUND');
    expect(await names(store)).toEqual(['localhost/a:latest']);
  });

  it('waits for a removal, and then the image is gone', async () => {
    const { store } = await stored('a', 'a');
    const lock = await lockFile(store.paths.lock, true);
    const tagged = codeOf(tagImage(store, 'a', ['b']));
    await delay(100);
    expect(await names(store)).toEqual(['localhost/a:latest']);
    const removed = store.remove(['a']);
    lock.release();
    const [code] = await Promise.all([tagged, removed]);
    // Whoever comes first: what is there afterwards is whole.
    if (code === 'no error') expect(await codeOf(store.imageFacts('b'))).toBe('no error');
    else expect([code, await names(store)]).toEqual(['IMAGE_NOT_FOUND', []]);
  });
});

describe.skipIf(noExtractor())('imageHistory', () => {
  const step = (created_by: string, more = {}) => ({ created: '2024-01-02T03:04:05Z', created_by, ...more });

  it('is newest first, with the layers of the steps that made some', async () => {
    const { store, layout } = await stored('a', 'a', [
      step('low'),
      step('ENV', { empty_layer: true, comment: 'c', author: 'me' }),
      step('high'),
    ]);
    const { history } = await imageHistory(store, 'a');
    const [low, high] = layout.layers;
    expect(history.map(({ createdBy, layer }) => [createdBy, layer?.diffId, layer?.digest])).toEqual([
      ['high', high?.diffId, high?.digest],
      ['ENV', undefined, undefined],
      ['low', low?.diffId, low?.digest],
    ]);
    expect(history[1]).toEqual({
      created: '2024-01-02T03:04:05Z',
      createdBy: 'ENV',
      author: 'me',
      comment: 'c',
      layer: null,
    });
    // A header, a block of content, the end.
    expect(history[0]?.layer?.unpacked).toBe(2048);
  });

  it('leaves no layer out, whatever it says', async () => {
    for (const [given, expected] of [
      [undefined, ['', '']],
      [[step('x', { empty_layer: true })], ['', '', 'x']],
      [
        [step('1'), step('2'), step('3')],
        ['3', '2', '1'],
      ],
    ] as const) {
      const { store, layout } = await stored('a', 'a', given);
      const { history } = await imageHistory(store, 'a');
      expect(history.map(({ createdBy }) => createdBy)).toEqual(expected);
      const found = history.flatMap(({ layer }) => (layer === null ? [] : [layer.diffId]));
      expect(found).toEqual(layout.layers.map(({ diffId }) => diffId).reverse());
    }
  });

  it.each([['x'], [[1]], [[{ created_by: 1 }]], [[{ empty_layer: 'yes' }]], [[{ comment: 'a\0b' }]]])(
    'refuses %j',
    async (history) => {
      const { store } = await stored('a', 'a', history);
      expect(await codeOf(imageHistory(store, 'a'))).toBe('CONFIG_CORRUPT');
    },
  );
});
