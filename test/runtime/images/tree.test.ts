// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { imageTree } from '../../../src/runtime/images/tree.ts';
import { ociLayout } from '../../support/oci.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';
import type { TarEntry } from '../../support/tar.ts';

const file = (path: string, size = 1, more: Partial<TarEntry> = {}): TarEntry => ({
  path,
  data: 'x'.repeat(size),
  ...more,
});
const gone = (path: string): TarEntry => ({ path, data: '' });

async function tree(...layers: readonly TarEntry[][]) {
  const store = await openStore();
  const layout = ociLayout(join(temporaryDirectory(), 'l'), { layers: layers.map((files) => ({ files })) });
  await importImage(store, layout.directory, { name: 'x' });
  const { layers: found, complete } = await imageTree(store, 'x');
  expect(complete).toBe(true);
  return found;
}

/** `A d/x` and so on, by layer. */
const marks = async (...layers: readonly TarEntry[][]) =>
  (await tree(...layers)).map(({ paths }) => paths.map(({ path, mark }) => `${mark} ${path}`).sort());

describe.skipIf(noExtractor())('imageTree', () => {
  it('says who added, changed and deleted what, and what is wasted by it', async () => {
    const [low, middle, high] = await tree(
      [file('d/a', 100), file('d/b', 10), file('keep', 5)],
      [file('d/a', 20), gone('d/.wh.b'), file('new', 3)],
      [file('other', 1)],
    );
    expect(low).toMatchObject({ added: 4, changed: 0, deleted: 0, bytes: 115, wasted: 0 });
    expect(middle).toMatchObject({ added: 1, changed: 1, deleted: 1, bytes: 23, wasted: 110 });
    expect(high).toMatchObject({ added: 1, changed: 0, deleted: 0, bytes: 1, wasted: 0 });
    expect(middle?.paths.map(({ path, mark }) => `${mark} ${path}`)).toEqual(['C d/a', 'D d/b', 'A new']);
  });

  it('counts what goes with a directory, however it goes', async () => {
    const low = [file('d/e/a', 10), file('d/b', 1)];
    const deleted = ['D d', 'D d/b', 'D d/e', 'D d/e/a'];
    expect((await marks(low, [gone('.wh.d')]))[1]).toEqual(deleted);
    expect((await marks(low, [file('d')]))[1]).toEqual(['C d', ...deleted.slice(1)]);
    expect((await marks(low, [gone('d/.wh..wh..opq'), file('d/b')]))[1]).toEqual(['C d/b', 'D d/e', 'D d/e/a']);
    expect((await marks(low, [gone('.wh..wh..opq'), file('z')]))[1]).toEqual(['A z', ...deleted]);
    // What was gone already goes no second time, and comes back as new.
    expect(await marks(low, [gone('.wh.d')], [gone('.wh.d')], [file('d/b')])).toEqual([
      ['A d', 'A d/b', 'A d/e', 'A d/e/a'],
      deleted,
      [],
      ['A d', 'A d/b'],
    ]);
  });

  it('takes another mode or owner of a directory for a change, its presence alone for none', async () => {
    const directory = (more: Partial<TarEntry>) => ({ path: 'd', type: '5', mode: 0o755, ...more });
    expect(
      await marks([directory({})], [directory({})], [directory({ mode: 0o700 })], [directory({ mode: 0o700, uid: 5 })]),
    ).toEqual([['A d'], [], ['C d'], ['C d']]);
  });

  it('names set-id files and files with capabilities, and counts a file with two names once', async () => {
    const capability = Buffer.alloc(20);
    capability.writeUInt32LE(0x02000001);
    capability.writeUInt32LE(1 << 10, 4);
    const [layer] = await tree([
      file('su', 7, { mode: 0o4755 }),
      { path: 'hard', type: '1', link: 'su' },
      file('ping', 5, { pax: { 'SCHILY.xattr.security.capability': capability.toString('latin1') } }),
    ]);
    expect(layer).toMatchObject({ setid: ['su'], capabilities: ['ping'], bytes: 12 });
  });

  it('follows no link, opens no pipe, and has a limit for what it lists', async () => {
    const many = Array.from({ length: 1200 }, (_, i) => file(`d/${i}`));
    const [low, high] = await tree(many, [
      { path: 'd', type: '2', link: '/etc' },
      { path: 'p', type: '6' },
      file('\u001b[2J'),
    ]);
    expect([low?.added, low?.paths.length]).toEqual([1201, 1000]);
    expect(high).toMatchObject({ added: 2, changed: 1, deleted: 1200, wasted: 1200 });
    expect(await codeOf(imageTree(await openStore(), 'nothing'))).toBe('IMAGE_NOT_FOUND');
  });
});
