// SPDX-License-Identifier: Apache-2.0
// The image store under several processes, sudden death and a full disk.
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { importImage } from '../../src/runtime/images/import/import.ts';
import type { ImageStore } from '../../src/runtime/images/store.ts';
import { type Layout, ociLayout, sha256 } from '../support/oci.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../support/store.ts';

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

function child(store: ImageStore, path: string, name: string) {
  const script = join(import.meta.dirname, '../support/import-child.ts');
  const env = { ...process.env, SECURE_STATE_ROOT: store.paths.state };
  const started = spawn(process.execPath, [script, path, name], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  return { started, done: new Promise<number | null>((resolve) => started.on('close', resolve)) };
}

describe.skipIf(noExtractor())('several processes', () => {
  it('may import the same and other images at once', async () => {
    const store = await openStore();
    const images = [image('a', 200), image('b', 200)];
    const children = Array.from({ length: 6 }, (_, i) => child(store, images[i % 2]?.directory ?? '', `n${i}`));
    expect(await Promise.all(children.map(({ done }) => done))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(count(store)).toEqual({ blobs: 7, layers: 3, temporary: 0 });
    const [a, b] = images.map(({ digest }) => digest);
    expect((await store.list()).map(({ digest }) => digest)).toEqual([a, b, a, b, a, b]);
    const index = JSON.parse(readFileSync(join(store.paths.images, 'index.json'), 'utf8'));
    expect(index.manifests).toHaveLength(6);
  }, 60_000);

  it('may be killed at any moment: what is there is whole, and prune removes the rest', async () => {
    const store = await openStore();
    const { directory, digest } = image('a', 2000);
    let completed = 0;
    for (let wait = 40; wait <= 700 && completed < 2; wait += 60) {
      const { started, done } = child(store, directory, 'a');
      const timer = setTimeout(() => started.kill('SIGKILL'), wait);
      if ((await done) === 0) completed++;
      clearTimeout(timer);
      const code = await codeOf(store.imageFacts('a'));
      expect(['no error', 'IMAGE_NOT_FOUND']).toContain(code);
      if (code === 'no error') expect((await store.imageFacts('a')).digest).toBe(digest);
      // The extractor may outlive its parent for a moment; it holds the lock of its directory as long.
      for (let i = 0; i < 50 && count(store).temporary > 0; i++) {
        await store.prune();
        await delay(20);
      }
      expect(count(store).temporary).toBe(0);
      if (code === 'no error') await store.remove(['a']);
      expect(count(store)).toEqual({ blobs: 0, layers: 0, temporary: 0 });
    }
  }, 120_000);
});

describe.skipIf(noExtractor())('a full disk', () => {
  it('is reported, and the store stays as it was', async () => {
    const mount = temporaryDirectory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', mount]);
    onTestFinished(() => {
      execFileSync('umount', [mount]);
    });
    const store = await openStore(join(mount, 'state'));
    await importImage(store, image('a').directory, { name: 'a' });
    const before = count(store);
    // The first is too large as a blob, the second only once it is unpacked.
    const random = Array.from({ length: 90_000 }, (_, i) => sha256(String(i)).slice(0, 20)).join('');
    expect(await codeOf(importImage(store, image(random).directory, { name: 'b' }))).toBe('NO_SPACE');
    const zeros = ociLayout(join(temporaryDirectory(), 'l'), {
      layers: [{ files: [{ path: 'x', data: 'x'.repeat(4 << 20) }], compression: 'gzip' }],
    });
    expect(await codeOf(importImage(store, zeros.directory, { name: 'b' }))).toBe('NO_SPACE');
    expect(count(store)).toEqual(before);
    expect(await codeOf(store.imageFacts('a'))).toBe('no error');
  }, 60_000);
});
