// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkStore } from '../../../src/runtime/images/check/check.ts';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { lockFile, tryLock } from '../../../src/runtime/images/lock.ts';
import { recordPath } from '../../../src/runtime/images/records.ts';
import type { ImageStore } from '../../../src/runtime/images/store.ts';
import { type Layout, ociLayout } from '../../support/oci.ts';
import { snapshot } from '../../support/registry.ts';
import { noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

const image = (content: string): Layout =>
  ociLayout(join(temporaryDirectory(), 'l'), {
    layers: [
      { files: [{ path: 'shared', data: 'all images have this layer' }] },
      {
        files: [
          { path: 'd/', mode: 0o755 },
          { path: 'd/file', data: content },
          { path: 'd/hard', type: '1', link: 'd/file' },
          { path: 'd/soft', type: '2', link: 'file' },
          { path: 'gone/.wh..wh..opq', data: '' },
          { path: '.wh.removed', data: '' },
        ],
        compression: 'gzip',
      },
    ],
  });

interface Setup {
  readonly store: ImageStore;
  readonly a: Layout;
  readonly top: string;
  readonly blob: string;
}

/** Two images; `a` is the one that is going to be damaged. */
async function setup(): Promise<Setup> {
  const store = await openStore();
  const a = image('a');
  await importImage(store, a.directory, { name: 'a' });
  await importImage(store, image('b').directory, { name: 'b' });
  const { digest = '', diffId = '' } = a.layers[1] ?? {};
  return { store, a, top: store.paths.layer(diffId), blob: store.paths.blob(digest) };
}

function container(store: ImageStore, value: unknown): void {
  mkdirSync(join(store.paths.containers, 'c1'), { recursive: true });
  writeFileSync(join(store.paths.containers, 'c1', 'config.json'), JSON.stringify(value));
}

const kinds = async (store: ImageStore, options = {}) =>
  (await checkStore(store, options)).findings.map(({ kind }) => kind).sort();

type Damage = (setup: Setup) => void;
const overwrite = (path: string) => writeFileSync(path, Buffer.alloc(readFileSync(path).length));

describe.skipIf(noExtractor())('checkStore', () => {
  it('finds nothing in a store that is whole, and changes nothing', async () => {
    const { store } = await setup();
    const before = snapshot(store.paths.state);
    expect(await checkStore(store, { deep: true, repair: true })).toEqual({
      findings: [],
      verified: { blobs: 7, bytes: expect.any(Number), records: 2, layers: 3, compared: 3 },
      incomparable: [],
      leftovers: { blobs: 0, layers: 0, temporary: 0, index: 0 },
    });
    expect(await checkStore(await openStore())).toMatchObject({ findings: [], verified: { blobs: 0 } });
    expect(snapshot(store.paths.state)).toEqual(before);
  });

  it.each<[string, Damage, string[]]>([
    ['a layer blob of another content', ({ blob }) => overwrite(blob), ['blob-damaged', 'blob-missing']],
    ['a layer blob that grew', ({ blob }) => appendFileSync(blob, 'x'), ['blob-damaged', 'blob-missing']],
    ['a layer blob that is a link', ({ blob }) => relink(blob), ['blob-damaged', 'blob-missing']],
    ['no layer blob', ({ blob }) => rmSync(blob), ['blob-missing']],
    ['neither blob nor layer', ({ blob, top }) => remove(blob, top), ['image-unusable']],
    ['no layer.json', ({ top }) => rmSync(join(top, 'layer.json')), ['layer-damaged']],
    ['a layer.json of another layer', ({ top }) => overwriteId(top), ['layer-damaged']],
    ['no root', ({ top }) => rmSync(join(top, 'root'), { recursive: true }), ['layer-damaged']],
    [
      'a manifest of another content',
      (s) => overwrite(s.store.paths.blob(s.a.digest)),
      ['blob-damaged', 'image-unusable'],
    ],
    ['no config', (s) => rmSync(s.store.paths.blob(s.a.configDigest)), ['image-unusable']],
    ['half a record', (s) => writeFileSync(record(s), '{"reference":'), ['record-damaged']],
    ['the record of another name', (s) => appendFileSync(swap(s), ''), ['record-damaged']],
    ['an index that is none', (s) => writeFileSync(join(s.store.paths.images, 'index.json'), '{}'), ['index-damaged']],
  ])('finds %s, and repairs it so that an import brings it again', async (_, damage, expected) => {
    const found = await setup();
    const { store, a } = found;
    damage(found);
    const whole = snapshot(join(store.paths.layers));
    expect(await kinds(store)).toEqual(expected);
    expect(snapshot(join(store.paths.layers))).toEqual(whole);
    const { findings } = await checkStore(store, { repair: true });
    expect(findings.filter(({ repaired }) => !repaired).map(({ kind }) => kind)).toEqual(
      expected.filter((kind) => kind === 'blob-missing'),
    );
    // The other image was never touched.
    expect((await store.imageFacts('b')).layers).toHaveLength(2);
    await importImage(store, a.directory, { name: 'a' });
    expect(await kinds(store, { deep: true })).toEqual([]);
    expect((await store.imageFacts('a')).digest).toBe(a.digest);
    expect((await store.prune()).temporary).toEqual([]);
  });

  it.each<[string, string]>([
    ['content', 'printf y > d/file'],
    ['mode', 'chmod 4755 d/file'],
    ['owner', 'chown -h 1 d/soft'],
    ['a time', 'touch -d @5 d/file'],
    ['a file less', 'rm d/hard'],
    ['a file more', 'mkdir -m 755 zzz'],
    ['a link that leads elsewhere', 'ln -sfn /etc d/soft; touch -h -d @0 d/soft; touch -d @0 d'],
    ['no whiteout', 'rm removed'],
    ['no opaque directory', 'rmdir gone; mkdir -m 755 gone; touch -d @0 gone'],
    ['a pipe for a file', 'rm d/file d/hard; mkfifo d/file'],
    ['the root', 'chmod 700 .'],
  ])('deep finds what is another in the files: %s', async (_, script) => {
    const { store, a, top } = await setup();
    execFileSync('sh', ['-ec', script], { cwd: join(top, 'root') });
    expect(await kinds(store)).toEqual([]);
    expect(await kinds(store, { deep: true })).toEqual(['layer-damaged']);
    await checkStore(store, { deep: true, repair: true });
    expect(existsSync(top)).toBe(false);
    expect((await store.imageFacts('a')).digest).toBe(a.digest);
    expect(await kinds(store, { deep: true })).toEqual([]);
  });

  it('takes no layer from a container, and says when one is missing', async () => {
    const { store, a, top, blob } = await setup();
    const layers = a.layers.map(({ diffId }) => ({ diffId }));
    container(store, { secure: { image: { digest: a.digest }, layers } });
    writeFileSync(join(top, 'root/d/file'), 'changed');
    const { findings } = await checkStore(store, { deep: true, repair: true });
    expect(findings.map(({ repaired }) => repaired)).toEqual([false]);
    expect(existsSync(top)).toBe(true);
    rmSync(top, { recursive: true });
    expect(await kinds(store)).toEqual(['layer-missing']);
    rmSync(blob);
    expect(await kinds(store)).toEqual(['image-unusable', 'layer-missing']);
    container(store, { secure: { layers: 'x' } });
    expect(await kinds(store)).toContain('container-unreadable');
  });

  it('says what cannot be compared, and that leftovers are no damage', async () => {
    const { store, a } = await setup();
    container(store, { secure: { image: { digest: a.digest }, layers: a.layers.map(({ diffId }) => ({ diffId })) } });
    await store.remove(['a'], { force: true });
    rmSync(recordPath(store.paths, 'localhost/b:latest'));
    rmSync(join(store.paths.images, 'index.json'));
    mkdirSync(join(store.paths.tmp, 'dead'));
    mkdirSync(join(store.paths.tmp, 'alive'));
    writeFileSync(join(store.paths.references, '.half'), '');
    const lock = tryLock(join(store.paths.tmp, 'alive'));
    const checked = await checkStore(store, { deep: true, repair: true });
    lock?.release();
    expect(checked).toMatchObject({ findings: [], leftovers: { blobs: 4, layers: 1, temporary: 2 } });
    expect(checked.incomparable).toHaveLength(3);
    expect(readdirSync(store.paths.tmp).sort()).toEqual(['alive', 'dead']);
  });

  it.each(['missing', 'old'])(
    'takes an index that is %s for what a killed process left, and prune writes it again',
    async (how) => {
      const { store } = await setup();
      const path = join(store.paths.images, 'index.json');
      const current = readFileSync(path, 'utf8');
      if (how === 'missing') rmSync(path);
      else writeFileSync(path, JSON.stringify({ ...JSON.parse(current), manifests: [] }));
      expect(await checkStore(store)).toMatchObject({ findings: [], leftovers: { index: 1 } });
      await store.prune();
      expect(readFileSync(path, 'utf8')).toBe(current);
      expect(await checkStore(store)).toMatchObject({ findings: [], leftovers: { index: 0 } });
    },
  );

  it('goes on beside pulls and runs, and repairs when they have ended', async () => {
    const { store, blob } = await setup();
    overwrite(blob);
    const run = await lockFile(store.paths.lock, false);
    expect(await kinds(store)).toEqual(['blob-damaged', 'blob-missing']);
    const repairing = checkStore(store, { repair: true });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(existsSync(blob)).toBe(true);
    // Whoever replaces it meanwhile has replaced it.
    const { store: other, blob: good } = await setup();
    writeFileSync(blob, readFileSync(good));
    run.release();
    await repairing;
    expect(existsSync(blob)).toBe(true);
    expect(await kinds(store)).toEqual([]);
    expect(await kinds(other)).toEqual([]);
  });
});

function relink(blob: string): void {
  rmSync(blob);
  symlinkSync('/etc/passwd', blob);
}

function remove(blob: string, top: string): void {
  rmSync(blob);
  rmSync(top, { recursive: true });
}

function overwriteId(top: string): void {
  const path = join(top, 'layer.json');
  const layer = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...layer, diffId: `sha256:${'0'.repeat(64)}` }));
}

function record({ store }: Setup): string {
  return recordPath(store.paths, 'localhost/a:latest');
}

function swap(setup: Setup): string {
  const path = record(setup);
  writeFileSync(path, readFileSync(recordPath(setup.store.paths, 'localhost/b:latest')));
  return path;
}
