// SPDX-License-Identifier: Apache-2.0
// Files of a TUF mirror. A mirror proves nothing by itself: everything is bounded, and signed by somebody else.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fetcher } from 'tuf-js';
import { DownloadHTTPError, DownloadLengthMismatchError } from 'tuf-js/dist/error.js';
import { readBodyBounded, readBounded } from '../../../../bounded.ts';
import { errnoOf } from '../../durable.ts';

/** Of one file, whatever length the metadata promises. */
const FILE_LIMIT = 8 << 20;
/** Of one file, the body included: a body that trickles ends, too. */
const TIMEOUT_MS = 30_000;
/** Of one update. A mirror may have a new root after each root. */
const REQUEST_LIMIT = 300;

const tooLong = (url: string) => new DownloadLengthMismatchError(`${url} is longer than it may be`);

function fromFile(url: string, limit: number): Buffer {
  let fd: number;
  try {
    fd = openSync(fileURLToPath(url), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw new DownloadHTTPError('there is no such file', 404);
    throw error;
  }
  try {
    if (!fstatSync(fd).isFile()) throw new Error('it is no regular file');
    const data = readBounded(fd, limit);
    if (data === undefined) throw tooLong(url);
    return data;
  } finally {
    closeSync(fd);
  }
}

async function fromServer(url: string, limit: number, timeout: number): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: 'error' });
  if (!response.ok) {
    await response.body?.cancel();
    throw new DownloadHTTPError(`it answers ${response.status}`, response.status);
  }
  const data = await readBodyBounded(response, limit);
  if (data === undefined) throw tooLong(url);
  return data;
}

export class MirrorFetcher implements Fetcher {
  readonly #directory: string;
  readonly #timeout: number;
  #count = 0;
  /** Why a file could not be had at all, which tuf-js tells as text only. */
  failure: { readonly url: string; readonly error: Error } | undefined;

  /** @param directory for a file while it is checked; the caller removes it */
  constructor(directory: string, timeout = TIMEOUT_MS) {
    [this.#directory, this.#timeout] = [directory, timeout];
  }

  async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    try {
      this.#count += 1;
      if (this.#count > REQUEST_LIMIT) throw new Error(`more than ${REQUEST_LIMIT} files`);
      const limit = Math.min(maxLength, FILE_LIMIT);
      return url.startsWith('file:') ? fromFile(url, limit) : await fromServer(url, limit, this.#timeout);
    } catch (error) {
      if (!(error instanceof DownloadLengthMismatchError)) this.failure = { url, error: error as Error };
      throw error;
    }
  }

  async downloadFile<T>(url: string, maxLength: number, handler: (file: string) => Promise<T>): Promise<T> {
    const path = join(this.#directory, 'download');
    await writeFile(path, await this.downloadBytes(url, maxLength), { mode: 0o600 });
    return handler(path);
  }
}
