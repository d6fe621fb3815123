// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are, reading them ends in a value or a SecureError.
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SecureError } from '../../../src/errors.ts';
import { readConfig } from '../../../src/runtime/images/oci/config.ts';
import { readIndex, readManifest } from '../../../src/runtime/images/oci/manifest.ts';
import { INDEX, MANIFEST } from '../../../src/runtime/images/oci/mediatypes.ts';
import { readAll } from '../../../src/runtime/images/sources/bytes.ts';
import { openTar } from '../../../src/runtime/images/sources/tar.ts';
import { type Random, random } from '../../support/random.ts';
import { temporaryDirectory } from '../../support/store.ts';
import { tar } from '../../support/tar.ts';

const HEX = 'a'.repeat(64);
const descriptor = (mediaType: string) => ({
  mediaType,
  digest: `sha256:${HEX}`,
  size: 7,
  platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
});
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const CONFIG = 'application/vnd.oci.image.config.v1+json';

const DOCUMENTS = {
  manifest: { schemaVersion: 2, mediaType: MANIFEST, config: descriptor(CONFIG), layers: [descriptor(LAYER)] },
  index: { schemaVersion: 2, manifests: [descriptor(MANIFEST)], annotations: { a: 'b' } },
  config: {
    architecture: 'arm',
    os: 'linux',
    config: { Env: ['A=b'], Cmd: ['x'], Volumes: { '/v': {} }, Labels: { l: 'm' }, StopSignal: 'SIGTERM', User: '0:0' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${HEX}`] },
  },
};
const READERS = {
  manifest: (bytes: Buffer) => readManifest(bytes, MANIFEST, 'it'),
  index: (bytes: Buffer) => readIndex(bytes, INDEX, 'it'),
  config: (bytes: Buffer) => readConfig(bytes, 1, 'it'),
};
const JUNK = [null, true, -1, 1e300, '', '\0', [], [[]], {}, { __proto__: 1 }, 'x'.repeat(300)];

/** Replace one value somewhere in a document. */
function alter(value: unknown, { int, pick }: Random): unknown {
  if (typeof value !== 'object' || value === null || int(4) === 0) return pick(JUNK);
  const entries = Object.entries(value);
  if (entries.length === 0) return pick(JUNK);
  const chosen = int(entries.length);
  const changed = entries.map(
    ([key, inner], i) => [key, i === chosen ? alter(inner, { int, pick, seed: 0 }) : inner] as const,
  );
  return Array.isArray(value) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed);
}

it.each(['manifest', 'index', 'config'] as const)('a %s with anything in it', (name) => {
  const source = random();
  let refused = 0;
  expect(() => READERS[name](Buffer.from(JSON.stringify(DOCUMENTS[name])))).not.toThrow();
  for (let i = 0; i < 3000; i++) {
    const document = JSON.stringify(alter(DOCUMENTS[name], source));
    try {
      READERS[name](Buffer.from(document));
    } catch (error) {
      expect(error, `seed ${source.seed}: ${document}`).toBeInstanceOf(SecureError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(500);
});

it('a document nested without end', () => {
  for (const text of ['['.repeat(1 << 20), '{"a":'.repeat(1 << 18)]) {
    expect(() => readConfig(Buffer.from(text), 0, 'it')).toThrow(SecureError);
  }
});

it('an archive with bytes changed, cut or repeated', async () => {
  const whole = tar([
    { path: 'a', data: 'x'.repeat(700) },
    { path: 'pax', data: 'y', pax: { path: 'long/name', size: '1' } },
    { path: 'link', type: '2', link: 'a' },
    { path: 'dir/' },
    { path: 'b', data: 'z' },
  ]);
  const source = random();
  const path = join(temporaryDirectory(), 'x.tar');
  for (let i = 0; i < 500; i++) {
    const data = Buffer.from(whole.subarray(0, source.int(3) === 0 ? source.int(whole.length) : whole.length));
    for (let n = source.int(4); n > 0 && data.length > 0; n--)
      data.writeUInt8(source.int(256), source.int(data.length));
    writeFileSync(path, data);
    const handle = await open(path);
    try {
      const archive = await openTar(handle, 'it');
      for (const name of ['a', 'long/name', 'link', 'b', 'dir', '']) {
        const found = await archive.find(name);
        if (found !== undefined) await readAll(found, 1 << 20, name);
      }
    } catch (error) {
      expect(error, `seed ${source.seed}, round ${i}`).toBeInstanceOf(SecureError);
    } finally {
      await handle.close();
    }
  }
}, 30_000);
