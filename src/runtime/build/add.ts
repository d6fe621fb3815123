// SPDX-License-Identifier: Apache-2.0
// What ADD does beyond COPY: files from the network, and archives that are unpacked.
import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { gunzipSync, constants as zlib, zstdDecompressSync } from 'node:zlib';
import { readBodyBounded } from '../../bounded.ts';
import { readChunk } from '../images/layer/read-chunk.ts';
import { Tree } from '../images/layer/tree.ts';
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

const MAGIC = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  bzip2: [0x42, 0x5a, 0x68],
} as const;
const isTar = (data: Buffer) => data.subarray(257, 262).toString('latin1') === 'ustar';

function head(decompress: () => Buffer): Buffer {
  try {
    return decompress();
  } catch {
    return Buffer.alloc(0);
  }
}

/** Whether a file is an archive that ADD unpacks: a tar archive, plain or compressed. By content, as the builder does. */
function archiveKind(data: Buffer): 'archive' | 'unknown' | undefined {
  const starts = (magic: readonly number[]) => magic.every((byte, i) => data[i] === byte);
  if (isTar(data)) return 'archive';
  if (starts(MAGIC.gzip))
    return isTar(head(() => gunzipSync(data, { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: 64 << 20 })))
      ? 'archive'
      : undefined;
  if (starts(MAGIC.zstd))
    return isTar(head(() => zstdDecompressSync(data, { finishFlush: zlib.ZSTD_e_flush, maxOutputLength: 64 << 20 })))
      ? 'archive'
      : undefined;
  return starts(MAGIC.xz) || starts(MAGIC.bzip2) ? 'unknown' : undefined;
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
    const archives = [];
    for (const { node } of findSources(source, word)) {
      if (!node.stat.isFile()) continue;
      const fd = source.tree.openFile(node);
      const kind = archiveKind(readChunk(fd, Math.min(HEAD, Math.max(node.stat.size, 1))));
      closeSync(fd);
      if (kind === 'unknown')
        throw failed(
          `ADD ${word}: archives of xz and bzip2 are not unpacked`,
          'compress it with gzip or zstd, or use COPY if it is to stay as it is',
        );
      if (kind === 'archive') archives.push(node);
    }
    if (archives.length === 0) plain.push(word);
    for (const node of archives) {
      const fd = source.tree.openFile(node);
      const root = await shared.stage.unpackFile(fd).finally(() => closeSync(fd));
      const tree = Tree.open([root]);
      close.push(() => tree.close());
      if (tree.root !== undefined) copying.fromDirectory({ tree, ignore: undefined, what: word }, tree.root, to);
    }
  }
  return plain;
}
