// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { lockFile, tryLock } from '../../../src/runtime/images/lock.ts';
import type { ImageStore } from '../../../src/runtime/images/store.ts';
import { type Layout, ociLayout, sha256 } from '../../support/oci.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

const image = (content: string, files = 1): Layout =>
  ociLayout(join(temporaryDirectory(), 'l'), {
    layers: [
      { files: [{ path: 'shared', data: 'all images have this layer' }] },
      { files: Array.from({ length: files }, (_, i) => ({ path: `file${i}`, data: content })) },
    ],
  });

const count = ({ paths }: ImageStore) => ({
  blobs: readdirSync(paths.blobs, { recursive: true }).filter((name) => name !== 'sha256').length,
  layers: readdirSync(paths.layers).length,
  temporary: readdirSync(paths.tmp).length,
});

/** As `secure-runtime launch` leaves a container behind. */
async function container(store: ImageStore, id: string, text: string): Promise<void> {
  const { digest, layers } = await store.imageFacts(text);
  mkdirSync(join(store.paths.containers, id), { recursive: true });
  writeFileSync(
    join(store.paths.containers, id, 'config.json'),
    JSON.stringify({ secure: { image: { digest }, layers } }),
  );
}

describe('ImageStore.open', () => {
  it('makes private directories', async () => {
    const { paths } = await openStore();
    const modes = execFileSync('stat', ['-c', '%a', paths.state, paths.images, paths.layers, paths.tmp], {
      encoding: 'utf8',
    });
    expect(modes).toBe('700\n700\n700\n700\n');
  });

  it('refuses a directory that others may write to', async () => {
    const path = temporaryDirectory();
    execFileSync('chmod', ['777', path]);
    expect(await codeOf(openStore(path))).toBe('STORE_CORRUPT');
  });

  it('says that an image is not there', async () => {
    expect(await codeOf((await openStore()).imageFacts('nginx'))).toBe('IMAGE_NOT_FOUND');
  });

  it('tells which records would have come first', async () => {
    const store = await openStore();
    if (noExtractor()) return;
    await importImage(store, image('a').directory, { name: 'docker.io/library/nginx' });
    const { record, absent } = await store.resolve('nginx');
    expect(record.reference).toBe('docker.io/library/nginx:latest');
    expect(absent).toEqual([join(store.paths.references, `${sha256('localhost/nginx:latest').slice(7)}.json`)]);
  });
});

describe.skipIf(noExtractor())('remove', () => {
  it('takes away what only that image needed', async () => {
    const store = await openStore();
    await importImage(store, image('a').directory, { name: 'a' });
    await importImage(store, image('b').directory, { name: 'b' });
    expect(count(store)).toEqual({ blobs: 7, layers: 3, temporary: 0 });
    const { references, swept } = await store.remove(['a']);
    expect(references).toEqual(['localhost/a:latest']);
    expect([swept.blobs.length, swept.layers.length]).toEqual([3, 1]);
    expect(await codeOf(store.imageFacts('b'))).toBe('no error');
    await store.remove(['b']);
    expect(count(store)).toEqual({ blobs: 0, layers: 0, temporary: 0 });
    expect(JSON.parse(readFileSync(join(store.paths.images, 'index.json'), 'utf8')).manifests).toEqual([]);
  });

  it('leaves everything when one of several is not there', async () => {
    const store = await openStore();
    await importImage(store, image('a').directory, { name: 'a' });
    expect(await codeOf(store.remove(['a', 'b']))).toBe('IMAGE_NOT_FOUND');
    expect(await codeOf(store.resolve('a'))).toBe('no error');
  });

  it('refuses an image with containers, and keeps their layers when forced', async () => {
    const store = await openStore();
    await importImage(store, image('a').directory, { name: 'a' });
    await container(store, 'c1', 'a');
    expect(await codeOf(store.remove(['a']))).toBe('IMAGE_IN_USE');
    await store.remove(['a'], { force: true });
    expect(count(store)).toEqual({ blobs: 0, layers: 2, temporary: 0 });
    rmSync(join(store.paths.containers, 'c1'), { recursive: true });
    await store.prune();
    expect(count(store).layers).toBe(0);
  });

  it('removes nothing while a container cannot be understood', async () => {
    const store = await openStore();
    await importImage(store, image('a').directory, { name: 'a' });
    mkdirSync(join(store.paths.containers, 'c1'), { recursive: true });
    for (const text of ['', 'null', '{"secure":{"layers":[{}]}}', '{"secure":{"layers":"x"}}']) {
      writeFileSync(join(store.paths.containers, 'c1', 'config.json'), text);
      expect(await codeOf(store.remove(['a'], { force: true })), text).toBe('STORE_CORRUPT');
    }
    expect(await codeOf(store.imageFacts('a'))).toBe('no error');
  });

  it('waits for whoever is mounting layers', async () => {
    const store = await openStore();
    await importImage(store, image('a').directory, { name: 'a' });
    const lock = await lockFile(store.paths.lock, false);
    const removal = store.remove(['a']);
    await delay(150);
    expect(count(store).layers).toBe(2);
    lock.release();
    await removal;
    expect(count(store).layers).toBe(0);
  });
});

describe.skipIf(noExtractor())('prune', () => {
  it('removes leftovers, but none that somebody works on', async () => {
    const store = await openStore();
    await importImage(store, image('a').directory, { name: 'a' });
    const outside = temporaryDirectory();
    writeFileSync(join(outside, 'precious'), '');
    for (const name of ['dead', 'alive']) mkdirSync(join(store.paths.tmp, name, 'root'), { recursive: true });
    symlinkSync(outside, join(store.paths.tmp, 'dead', 'link'));
    writeFileSync(join(store.paths.references, '.x.json.0000'), 'half');
    const lock = tryLock(join(store.paths.tmp, 'alive'));
    const swept = await store.prune();
    lock?.release();
    expect(swept.temporary.toSorted()).toEqual(['.x.json.0000', 'dead']);
    expect(readdirSync(store.paths.tmp)).toEqual(['alive']);
    expect(existsSync(join(outside, 'precious'))).toBe(true);
  });

  it('removes trees that are too deep for a path, and names that are no text', async () => {
    const store = await openStore();
    const deep = join(store.paths.tmp, 'dead');
    mkdirSync(deep);
    execFileSync(
      'bash',
      ['-c', 'for i in $(seq 40); do mkdir x$1 && cd x$1; done; touch $(printf "\\xff")', '-', 'y'.repeat(200)],
      { cwd: deep },
    );
    await store.prune();
    expect(readdirSync(store.paths.tmp)).toEqual([]);
  });

  it('touches nothing when an image cannot be read', async () => {
    const store = await openStore();
    const { digest } = await importImage(store, image('a').directory, { name: 'a' });
    writeFileSync(store.paths.blob(digest), 'damaged');
    expect(await codeOf(store.prune())).toBe('STORE_CORRUPT');
    expect(count(store).layers).toBe(2);
  });
});
