// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Stage } from '../../../src/runtime/images/stage.ts';
import { serial } from '../../../src/runtime/parallel.ts';
import { noExtractor, openStore } from '../../support/store.ts';

describe.skipIf(noExtractor())('a change of the store', () => {
  it('keeps what is gathered while other things become visible', { timeout: 60_000 }, async () => {
    const { paths } = await openStore();
    const stage = await Stage.open(paths, () => undefined);
    const exclusively = serial();
    const missing: string[] = [];
    // As stages of a build: layers are made side by side, and each becomes visible in its turn.
    const chain = async (name: string) => {
      for (let i = 0; i < 25; i += 1) {
        const data = Buffer.from(`${name} ${i}`);
        const member = {
          path: Buffer.from(`${name}-${i}`),
          type: '0',
          mode: 0o644,
          uid: 0,
          gid: 0,
          mtime: 0,
          size: data.length,
          data,
        } as const;
        const layer = await stage.newLayer([member], 'gzip');
        await exclusively(() => stage.commit());
        if (layer === undefined || !existsSync(paths.layer(layer.diffId)) || !existsSync(paths.blob(layer.digest)))
          missing.push(`${name} ${i}`);
      }
    };
    try {
      await Promise.all(['a', 'b', 'c', 'd'].map(chain));
    } finally {
      await stage.close();
    }
    expect(missing).toEqual([]);
  });
});
