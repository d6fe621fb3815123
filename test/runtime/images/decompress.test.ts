// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type ArchiveCompression,
  archiveCompression,
  decompressTo,
} from '../../../src/runtime/images/sources/decompress.ts';

const root = mkdtempSync(join(tmpdir(), 'secure-decompress-'));
afterAll(() => rmSync(root, { recursive: true }));

/** By the tool itself. */
const pack = (how: ArchiveCompression, data: Buffer, ...options: string[]): Buffer =>
  execFileSync(how, ['-c', ...options], { input: data, maxBuffer: 1 << 30, stdio: ['pipe', 'pipe', 'ignore'] });

async function unpack(how: ArchiveCompression, data: Buffer, free?: number): Promise<Buffer> {
  const [input, output] = [join(root, 'in'), join(root, 'out')];
  writeFileSync(input, data);
  const [from, to] = [await open(input, 'r'), await open(output, 'w')];
  try {
    await decompressTo({ fd: from.fd, size: data.length }, to, how, 'it', free);
  } finally {
    await from.close();
    await to.close();
  }
  return readFileSync(output);
}

const KINDS = ['gzip', 'zstd', 'xz', 'bzip2'] as const;
const text = Buffer.from('the quick brown fox\n'.repeat(60_000));
const noise = randomBytes(1_000_000);

describe.each(KINDS)('%s', { timeout: 60_000 }, (how) => {
  it('gives back what the tool packed', async () => {
    for (const data of [text, noise, Buffer.from('x'), Buffer.concat([text, noise, text])]) {
      const packed = pack(how, data);
      expect(archiveCompression(packed.subarray(0, 512))).toBe(how);
      expect((await unpack(how, packed)).equals(data)).toBe(true);
    }
  });

  it('is refused where it ends early, at any place', async () => {
    const packed = pack(how, noise.subarray(0, 300_000));
    for (const length of [15, 100, packed.length >> 1, packed.length - 300, packed.length - 1])
      expect([length, await code(unpack(how, packed.subarray(0, length)))]).toEqual([
        length,
        expect.stringMatching(/^ARCHIVE_(?:TRUNCATED|INVALID)$/),
      ]);
  });

  it('is refused where a bit is another one', async () => {
    const packed = pack(
      how,
      Buffer.concat([noise.subarray(0, 50_000), text.subarray(0, 50_000)]),
      ...(how === 'zstd' ? ['--check'] : []),
    );
    for (let i = 0; i < 12; i += 1) {
      const bent = Buffer.from(packed);
      const at = 20 + Math.floor(((packed.length - 40) * i) / 12);
      bent[at] = (bent[at] as number) ^ 0x10;
      expect([at, await code(unpack(how, bent))]).toEqual([at, expect.stringMatching(/^ARCHIVE_/)]);
    }
  });

  it('is refused when it is a bomb', async () => {
    const bomb = pack(how, Buffer.alloc(20 << 20));
    expect(await code(unpack(how, bomb, 10 << 20))).toBe(bomb.length * 200 < 20 << 20 ? 'LIMIT_EXCEEDED' : undefined);
    expect(await code(unpack(how, bomb, 21 << 20))).toBe(undefined);
  });
});

it('several streams of bzip2 and gzip in one file are one', { timeout: 60_000 }, async () => {
  for (const how of ['bzip2', 'gzip'] as const) {
    const packed = Buffer.concat([pack(how, text), pack(how, noise)]);
    expect((await unpack(how, packed)).equals(Buffer.concat([text, noise]))).toBe(true);
  }
});

async function code(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );
}
