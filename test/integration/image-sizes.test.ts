// SPDX-License-Identifier: Apache-2.0
// Sizes that hurt: through a registry, in bounded memory, and gone without a rest. With SECURE_SIZES=all, which takes minutes and
// 8 GB of disk, a layer has 2 GiB and another one a million files; else a tenth of that. Ten thousand tags: registry-search.test.ts.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { architecture, ociLayout, sha256 } from '../support/oci.ts';
import { cannotRun } from '../support/secure.ts';
import { serveLayout } from '../support/serve-layout.ts';
import { temporaryDirectory } from '../support/store.ts';
import { tarHeader } from '../support/tar.ts';

const ALL = process.env.SECURE_SIZES === 'all';
const BYTES = ALL ? 2 ** 31 : 200 << 20;
const FILES = ALL ? 1_000_000 : 50_000;
/** Of the largest process, in KiB. */
const MEMORY = 250 * 1024;
const MINUTES = 60_000;

import { CLI } from '../support/cli.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Highest resident set of any of its processes, KiB. */
  readonly peak: number;
  readonly seconds: number;
}

function children(pid: number): number[] {
  try {
    const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    return [pid, ...own.flatMap(children)];
  } catch {
    return [];
  }
}

function residentPeak(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The command line on a store, and what it needed. */
async function secure(state: string, ...args: string[]): Promise<Ended> {
  const since = performance.now();
  const env = { ...process.env, SECURE_STATE_ROOT: state, SECURE_RUN_ROOT: `${state}-run` };
  const child = spawn(process.execPath, ['--', CLI, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => (out.stdout += String(data)));
  child.stderr.on('data', (data) => (out.stderr += String(data)));
  let peak = 0;
  const timer = setInterval(() => {
    for (const pid of children(child.pid ?? 0)) peak = Math.max(peak, residentPeak(pid));
  }, 50);
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)));
  clearInterval(timer);
  return { code, ...out, peak, seconds: (performance.now() - since) / 1000 };
}

/** Digest of what is written, and a file of that name. */
async function blobOf(directory: string, write: (path: string) => Promise<void>) {
  const path = join(directory, 'new');
  await write(path);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  const digest = `sha256:${hash.digest('hex')}`;
  renameSync(path, join(directory, digest.slice(7)));
  return { digest, size: statSync(join(directory, digest.slice(7))).size };
}

/** An image of one layer; `write` says what its diff id is, unless it is the digest. */
async function layoutOf(mediaType: string, write: (path: string) => Promise<string | undefined>): Promise<string> {
  const directory = join(temporaryDirectory(), 'layout');
  const blobs = join(directory, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (value: object) => {
    const data = Buffer.from(JSON.stringify(value));
    const digest = sha256(data);
    writeFileSync(join(blobs, digest.slice(7)), data);
    return { digest, size: data.length };
  };
  let diffId: string | undefined;
  const layer = await blobOf(blobs, async (path) => {
    diffId = await write(path);
  });
  const rootfs = { type: 'layers', diff_ids: [diffId ?? layer.digest] };
  const config = put({ architecture, os: 'linux', config: {}, rootfs });
  const manifest = put({
    schemaVersion: 2,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType, ...layer }],
  });
  const mediaTypeOf = 'application/vnd.oci.image.manifest.v1+json';
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: mediaTypeOf, ...manifest }] }),
  );
  return directory;
}

const LAYER = 'application/vnd.oci.image.layer.v1.tar';

/** Pull, look, check, remove: what is left is an empty store. */
async function comesAndGoes(
  directory: string,
  look: (root: (i: number) => string) => void,
  use: (state: string, reference: string) => Promise<void> = async () => {},
) {
  const { host } = await serveLayout(directory);
  const state = join(temporaryDirectory(), 'state');
  const pulled = await secure(state, 'image', 'pull', '-q', `${host}/team/app:1`);
  expect(pulled).toMatchObject({ code: 0, stderr: '' });
  console.log(`pulled in ${pulled.seconds.toFixed(1)} s, ${Math.round(pulled.peak / 1024)} MiB at most`);
  expect(pulled.peak).toBeLessThan(MEMORY);
  const layers = readdirSync(join(state, 'layers'));
  look((i) => join(state, 'layers', layers[i] ?? '', 'root'));
  await use(state, `${host}/team/app:1`);
  const checked = await secure(state, 'system', 'check');
  expect(checked).toMatchObject({ code: 0 });
  expect(checked.peak).toBeLessThan(MEMORY);
  const removed = await secure(state, 'image', 'rm', `${host}/team/app:1`);
  console.log(`removed in ${removed.seconds.toFixed(1)} s, ${Math.round(removed.peak / 1024)} MiB at most`);
  expect(removed).toMatchObject({ code: 0 });
  expect(removed.peak).toBeLessThan(MEMORY);
  for (const place of ['layers', 'tmp', 'images/blobs/sha256']) expect(readdirSync(join(state, place))).toEqual([]);
}

describe.skipIf(cannotRun())('sizes that hurt', () => {
  it(
    'a large layer',
    async () => {
      const directory = await layoutOf(LAYER, async (path) => {
        const file = await open(path, 'wx');
        const block = Buffer.alloc(1 << 20, 'not zero, and not the same everywhere.');
        await file.write(tarHeader({ path: 'large', type: '0' }, BYTES));
        for (let done = 0; done < BYTES; done += block.length) {
          block.writeDoubleLE(done, 0);
          await file.write(block);
        }
        await file.write(Buffer.alloc(1024));
        await file.close();
        return undefined;
      });
      await comesAndGoes(directory, (root) => expect(statSync(join(root(0), 'large')).size).toBe(BYTES));
    },
    20 * MINUTES,
  );

  it(
    'a layer of many files',
    async () => {
      const plain = createHash('sha256');
      const directory = await layoutOf(`${LAYER}+gzip`, async (path) => {
        const file = await open(path, 'wx');
        await pipeline(
          function* () {
            for (let i = 0; i < FILES; i++) {
              const entry = tarHeader({ path: `d${i >> 10}/f${i}`, type: '0' }, 0);
              plain.update(entry);
              yield entry;
            }
            const end = Buffer.alloc(1024);
            plain.update(end);
            yield end;
          },
          createGzip({ level: 1 }),
          file.createWriteStream(),
        );
        return `sha256:${plain.digest('hex')}`;
      });
      await comesAndGoes(directory, (root) => {
        const directories = readdirSync(root(0));
        expect(directories).toHaveLength(Math.ceil(FILES / 1024));
        const files = directories.map((name) => readdirSync(join(root(0), name)).length).reduce((a, b) => a + b);
        expect(files).toBe(FILES);
      });
    },
    20 * MINUTES,
  );

  it(
    'an image of 127 layers, which runs, and none of 128',
    async () => {
      const busybox = { path: 'bin/busybox', data: readFileSync('/bin/busybox'), mode: 0o755 };
      const places = ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'].map((path) => ({ path, type: '5', mode: 0o755 }));
      const layers = (count: number) =>
        Array.from({ length: count }, (_, i) => ({
          files: i === 0 ? [...places, busybox] : [{ path: `f${i}`, data: `${i}` }],
          compression: 'gzip' as const,
        }));
      const { directory } = ociLayout(join(temporaryDirectory(), 'layout'), { layers: layers(127) });
      await comesAndGoes(
        directory,
        (root) => expect(Array.from({ length: 127 }, (_, i) => readdirSync(root(i))).flat()).toHaveLength(126 + 6),
        async (state, reference) => {
          const ran = await secure(state, 'run', '--rm', reference, '/bin/busybox', 'ls', '/');
          expect([ran.code, ran.stdout.match(/^f\d+$/gm)?.length]).toEqual([0, 126]);
        },
      );
      const more = ociLayout(join(temporaryDirectory(), 'layout'), { layers: layers(128) });
      const { host } = await serveLayout(more.directory);
      const state = join(temporaryDirectory(), 'state');
      const { code, stderr } = await secure(state, 'image', 'pull', '-q', `${host}/team/app:1`);
      expect(code).not.toBe(0);
      expect(stderr).toContain('LAYOUT_INVALID');
      expect(readdirSync(join(state, 'layers'))).toEqual([]);
    },
    5 * MINUTES,
  );
});
