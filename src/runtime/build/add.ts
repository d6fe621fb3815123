// SPDX-License-Identifier: Apache-2.0
// What ADD does beyond COPY: files from the network, and archives that are unpacked.
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, constants as zlib, zstdDecompressSync } from 'node:zlib';
import { readBodyBounded } from '../../bounded.ts';
import { SecureError } from '../../errors.ts';
import { Tree } from '../images/layer/tree.ts';
import { type ArchiveCompression, archiveCompression, decompressTo } from '../images/sources/decompress.ts';
import type { Stage } from '../images/stage.ts';
import { type Copying, type Inline, inline } from './copy.ts';
import { failed } from './problems.ts';
import type { Shared } from './shared.ts';
import { findSources, type SourceTree } from './sources.ts';

const DOWNLOAD_LIMIT = 256 << 20;
const TIMEOUT_MS = 10 * 60_000;
const HEAD = 64 << 10;

export const isUrl = (word: string): boolean => /^https?:\/\//i.test(word);
/** What BuildKit takes for a repository to clone. */
export const isGit = (word: string): boolean => /^(?:git@|git:\/\/|ssh:\/\/)|^https?:\/\/[^#]*\.git(?:#|$)/i.test(word);

/** What a file of this address is called; undefined when that is no name. */
function fileName(url: URL): string | undefined {
  try {
    const name = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
    return /^(?!\.\.?$)[^/\0]+$/.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

/** @throws SecureError BUILD_FAILED: unreachable, an error of the server, too large, another checksum */
export async function download(
  word: string,
  checksum: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Inline> {
  const url = new URL(word);
  const name = fileName(url);
  if (name === undefined) throw failed(`ADD ${word}: the address ends in no file name`, 'give the address of a file');
  const [, algorithm, expected] = /^(sha256|sha384|sha512):([0-9a-f]+)$/.exec(checksum ?? 'sha256:0') ?? [];
  if (algorithm === undefined)
    throw failed(`ADD --checksum=${checksum}: it is sha256: and 64 hexadecimal digits`, 'correct the line');
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let data: Buffer;
  let modified = 0;
  try {
    const response = await fetch(url, { signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) });
    if (!response.ok) throw failed(`ADD ${word}: the server answers ${response.status}`, 'check the address');
    const body = await readBodyBounded(response, DOWNLOAD_LIMIT);
    if (body === undefined)
      throw failed(
        `ADD ${word}: it is larger than ${DOWNLOAD_LIMIT} bytes`,
        'fetch it in a RUN, or put it into the build context',
      );
    data = body;
    const date = Date.parse(response.headers.get('last-modified') ?? '');
    modified = Number.isNaN(date) ? 0 : Math.floor(date / 1000);
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as { code?: string }).code === 'BUILD_FAILED') throw error;
    const cause = (error as Error).cause;
    throw failed(
      `ADD ${word}: it cannot be fetched: ${cause instanceof Error ? cause.message : (error as Error).message}`,
      'check the address and the network',
    );
  }
  const file = inline(name, data, 0o600, modified);
  const found = algorithm === 'sha256' ? file.sha256 : createHash(algorithm).update(data).digest('hex');
  if (checksum !== undefined && found !== expected)
    throw failed(
      `ADD ${word}: it has the digest ${algorithm}:${found}, not ${checksum}`,
      'the file has changed: find out why before the digest is corrected',
    );
  return file;
}

const isTar = (data: Buffer) => data.subarray(257, 262).toString('latin1') === 'ustar';

/** The beginning of a file, decompressed as far as it goes. */
function beginning(data: Buffer, how: ArchiveCompression | undefined): Buffer {
  try {
    if (how === 'gzip') return gunzipSync(data, { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: 64 << 20 });
    if (how === 'zstd') return zstdDecompressSync(data, { finishFlush: zlib.ZSTD_e_flush, maxOutputLength: 64 << 20 });
    return data;
  } catch {
    return Buffer.alloc(0);
  }
}

const isBroken = (error: unknown) =>
  error instanceof SecureError && (error.code === 'ARCHIVE_INVALID' || error.code === 'ARCHIVE_TRUNCATED');

/** What the extractor does not read itself. Undefined: not a tar archive. */
async function decompressed(
  stage: Stage,
  from: { fd: number; size: number },
  how: ArchiveCompression,
  what: string,
): Promise<FileHandle | undefined> {
  const path = join(stage.directory, `archive-${randomBytes(8).toString('hex')}`);
  const plain = await open(path, 'wx+', 0o600);
  try {
    let problem: unknown;
    try {
      await decompressTo(from, plain, how, what);
    } catch (error) {
      if (!isBroken(error)) throw error;
      problem = error;
    }
    const head = Buffer.alloc(512);
    await plain.read(head, 0, head.length, 0);
    // What only begins like an archive is copied; one that is broken is not.
    if (!isTar(head)) return undefined;
    if (problem !== undefined) throw problem;
    return await open(path);
  } finally {
    await rm(path);
    await plain.close();
  }
}

/** Unpack a file when it is an archive that ADD unpacks: a tar archive, plain or compressed. By content, as the builder does. Returns where. */
async function unpackArchive(stage: Stage, fd: number, size: number, what: string): Promise<string | undefined> {
  const data = Buffer.alloc(Math.min(HEAD, Math.max(size, 512)));
  const read = data.subarray(0, readSync(fd, data, 0, data.length, 0));
  const how = archiveCompression(read);
  if (how !== 'xz' && how !== 'bzip2') return isTar(beginning(read, how)) ? stage.unpackFile(fd) : undefined;
  const plain = await decompressed(stage, { fd, size }, how, what);
  if (plain === undefined) return undefined;
  return stage.unpackFile(plain.fd).finally(() => plain.close());
}

/**
 * The words of an ADD that are no archives; each archive is unpacked into `copying`, by the extractor, which is confined.
 * @param close gets what has to be done when the layer is written
 */
export async function addArchives(
  shared: Shared,
  source: SourceTree,
  words: readonly string[],
  to: string,
  copying: Copying,
  close: (() => void)[],
): Promise<string[]> {
  const plain: string[] = [];
  for (const word of words) {
    const roots: string[] = [];
    for (const { node } of findSources(source, word)) {
      if (!node.stat.isFile()) continue;
      const fd = source.tree.openFile(node);
      try {
        const root = await unpackArchive(shared.stage, fd, node.stat.size, `ADD ${word}`);
        if (root !== undefined) roots.push(root);
      } finally {
        closeSync(fd);
      }
    }
    if (roots.length === 0) plain.push(word);
    for (const root of roots) {
      const tree = Tree.open([root]);
      close.push(() => tree.close());
      if (tree.root !== undefined) copying.fromDirectory({ tree, ignore: undefined, what: word }, tree.root, to);
    }
  }
  return plain;
}
