// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { readMerged } from '../../../src/runtime/images/merged.ts';
import { ociLayout } from '../../support/oci.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';
import type { TarEntry } from '../../support/tar.ts';

const passwd = (content: string): TarEntry => ({ path: 'etc/passwd', data: content });

/** What the merged /etc/passwd of layers is, lowest first, unpacked by the real extractor. */
async function merged(...layers: TarEntry[][]): Promise<string> {
  const store = await openStore();
  const layout = ociLayout(join(temporaryDirectory(), 'l'), { layers: layers.map((files) => ({ files })) });
  await importImage(store, layout.directory, { name: 'x' });
  return (await store.imageFacts('x')).passwd;
}

describe.skipIf(noExtractor())('/etc/passwd of merged layers', () => {
  it('is the topmost one', async () => {
    expect(await merged([passwd('low')], [passwd('high')], [{ path: 'etc/other', data: '' }])).toBe('high');
    expect(await merged([{ path: 'etc/other', data: '' }])).toBe('');
  });

  it('is gone when it, its directory or everything was deleted above', async () => {
    for (const path of ['etc/.wh.passwd', '.wh.etc', 'etc/.wh..wh..opq', '.wh..wh..opq']) {
      expect(await merged([passwd('low')], [{ path, data: '' }]), path).toBe('');
      expect(await merged([passwd('low')], [{ path, data: '' }], [passwd('new')]), path).toBe('new');
    }
  });

  it('is not what a link names, wherever the link is', async () => {
    expect(await merged([passwd('low')], [{ path: 'etc/passwd', type: '2', link: '/etc/passwd' }])).toBe('');
    expect(await merged([passwd('low')], [{ path: 'etc', type: '2', link: '/etc' }])).toBe('');
    expect(await merged([passwd('low')], [{ path: 'etc', data: 'a file' }])).toBe('');
  });

  it('does not block on a FIFO', async () => {
    expect(await merged([passwd('low')], [{ path: 'etc/passwd', type: '6' }])).toBe('');
  });

  it('has a limit', async () => {
    expect((await merged([passwd('x'.repeat(1 << 20))])).length).toBe(1 << 20);
    expect(await codeOf(merged([passwd('x'.repeat((1 << 20) + 1))]))).toBe('LIMIT_EXCEEDED');
  });
});

describe('readMerged', () => {
  const layer = () => {
    const path = temporaryDirectory();
    mkdirSync(join(path, 'etc'));
    return path;
  };

  it('reads no device and no link out of the layer', () => {
    const [low, high] = [layer(), layer()];
    writeFileSync(join(low, 'etc/passwd'), 'low');
    symlinkSync('/proc/self/environ', join(high, 'etc/passwd'));
    expect(readMerged([low, high], 'etc/passwd', 100)).toBe('');
    expect(readMerged([high, low], 'etc/passwd', 100)).toBe('low');
  });

  it.skipIf(process.geteuid?.() !== 0)('takes only 0:0 for a whiteout, and reads no other device', () => {
    const [low, high] = [layer(), layer()];
    writeFileSync(join(low, 'etc/passwd'), 'low');
    execFileSync('mknod', [join(high, 'etc/passwd'), 'c', '1', '5']);
    expect(readMerged([low, high], 'etc/passwd', 100)).toBe('');
  });
});
