// SPDX-License-Identifier: Apache-2.0
// What is kept of each layer gives the same packages as a walk over all layers at once, which is how overlayfs merges them.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkStore } from '../../../src/runtime/images/check/check.ts';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { keptLanguages } from '../../../src/runtime/images/sbom/kept.ts';
import { readInventory } from '../../../src/runtime/images/sbom/read.ts';
import type { ImageStore } from '../../../src/runtime/images/store.ts';
import { ociLayout } from '../../support/oci.ts';
import { random as numbers } from '../../support/random.ts';
import { noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';
import type { TarEntry } from '../../support/tar.ts';

async function imported(store: ImageStore, layers: readonly TarEntry[][]) {
  const layout = ociLayout(join(temporaryDirectory(), 'l'), { layers: layers.map((files) => ({ files })) });
  await importImage(store, layout.directory, { name: 'x' });
  return (await store.imageFacts('x')).layers;
}
const installed = (path: string, version: string, name = 'one'): TarEntry => ({
  path: `${path}/node_modules/${name}/package.json`,
  data: JSON.stringify({ name, version, license: 'MIT' }),
});
const walked = (layers: readonly { path: string }[]) => readInventory(layers.map(({ path }) => path)).packages;
const kept = async (store: ImageStore, layers: Awaited<ReturnType<typeof imported>>) =>
  readInventory(
    layers.map(({ path }) => path),
    await keptLanguages(store.paths, layers),
  ).packages;
const versions = (packages: readonly { name: string; version: string }[]) =>
  packages.map(({ name, version }) => `${name} ${version}`);

describe.skipIf(noExtractor())('packages of languages that are kept by layer', () => {
  it('are those that a container sees, whatever layers hide and replace', { timeout: 60_000 }, async () => {
    const random = numbers();
    const places = ['a', 'a/b', 'a/b/c', 'd', 'node_modules/x'];
    const entry = (): TarEntry => {
      const place = random.pick(places);
      switch (random.int(9)) {
        case 0:
          return { path: `${place}/.wh.node_modules`, data: '' };
        case 1:
          return { path: `${place}/.wh..wh..opq`, data: '' };
        case 2:
          return { path: `.wh.${random.pick(['a', 'd'])}`, data: '' };
        case 3:
          return { path: `${place}/node_modules/one/.wh.package.json`, data: '' };
        case 4:
          return { path: `${place}/node_modules`, type: '2', link: '/a' };
        case 5:
          return { path: `${place}/node_modules/two`, data: 'a file' };
        case 6:
          return { path: random.int(8) === 0 ? '.wh..wh..opq' : 'other', data: '' };
        default:
          return installed(place, `${random.int(9)}.0.0`, random.pick(['one', 'two', 'three']));
      }
    };
    let packages = 0;
    for (let i = 0; i < 40; i += 1) {
      const layers = Array.from({ length: 1 + random.int(4) }, () => {
        // A path once in each layer, and no file where another one needs a directory: archives like that are refused.
        const taken: TarEntry[] = [];
        for (let k = random.int(7); k > 0; k -= 1) {
          const one = entry();
          const clashes = ({ path }: TarEntry) =>
            path === one.path || path.startsWith(`${one.path}/`) || one.path.startsWith(`${path}/`);
          if (!taken.some(clashes)) taken.push(one);
        }
        return taken;
      });
      const store = await openStore();
      const facts = await imported(store, layers);
      const expected = walked(facts);
      packages += expected.length;
      const seed = `seed ${random.seed}, image ${i}: ${JSON.stringify(layers)}`;
      expect(await kept(store, facts), seed).toEqual(expected);
      expect(await kept(store, facts), seed).toEqual(expected);
    }
    expect(packages).toBeGreaterThan(20);
  });

  it('are made again where what was kept is damaged, of another version or gone', async () => {
    const store = await openStore();
    const facts = await imported(store, [[installed('app', '1.0.0')], [installed('app', '2.0.0', 'two')]]);
    const expected = ['one 1.0.0', 'two 2.0.0'];
    expect(versions(await kept(store, facts))).toEqual(expected);
    const directory = join(store.paths.state, 'languages');
    const names = readdirSync(directory);
    expect(names).toHaveLength(2);
    const file = join(directory, names[0] ?? '');
    const text = readFileSync(file, 'utf8');
    const damaged = [
      '',
      text.slice(0, -5),
      'null',
      '[]',
      text.replace('"version":1', '"version":0'),
      text.replace('"npm"', '"deb"'),
      text.replace('"npm"', '7'),
      text.replace('[["', '[[7,"'),
    ];
    for (const content of damaged) {
      writeFileSync(file, content);
      expect(versions(await kept(store, facts)), content).toEqual(expected);
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
    rmSync(directory, { recursive: true });
    expect(versions(await kept(store, facts))).toEqual(expected);
    expect(readdirSync(directory)).toEqual(names);
  });

  it('go with their layer, also when it is found damaged', async () => {
    const store = await openStore();
    const facts = await imported(store, [[installed('app', '1.0.0')], [installed('app', '2.0.0', 'two')]]);
    await kept(store, facts);
    const names = () => readdirSync(join(store.paths.state, 'languages'));
    const [low] = facts;
    rmSync(low?.path ?? '', { recursive: true });
    expect((await checkStore(store)).findings.map(({ kind }) => kind)).toContain('layer-damaged');
    expect(names()).toHaveLength(2);
    await checkStore(store, { repair: true });
    expect(names()).toHaveLength(1);
    await store.remove(['x']);
    expect(names()).toEqual([]);
  });
});
