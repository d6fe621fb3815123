// SPDX-License-Identifier: Apache-2.0
// What a plan was made from. Every look-up goes through here, the ones that found nothing too: the plan may be used
// again only while all of it is unchanged (docs/plan.md, "Inputs").
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { readBounded } from '../bounded.ts';
import { ExitCode, SecureError } from '../errors.ts';
import type { PlanInputRecord } from './plan/types.ts';

const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

export const isMissing = (error: unknown): boolean => MISSING.has((error as NodeJS.ErrnoException).code ?? '');

export interface ReadFile {
  readonly data: Buffer;
  readonly uid: number;
  readonly mode: number;
}

export class Inputs {
  readonly #records: PlanInputRecord[] = [];

  get records(): readonly PlanInputRecord[] {
    return this.#records;
  }

  add(...records: readonly PlanInputRecord[]): void {
    this.#records.push(...records);
  }

  /** A variable of the environment. */
  env(name: string): string | undefined {
    const value = process.env[name];
    this.add({ kind: 'env', name, value: value ?? null });
    return value;
  }

  /**
   * A file's content, or undefined when there is none. Never blocks: a FIFO is opened without waiting and refused, as
   * is everything that is no regular file.
   * @throws SecureError INVALID_VALUE: too long, not a regular file, not readable.
   */
  read(path: string, limit: number): ReadFile | undefined {
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch (cause) {
      if (!isMissing(cause)) throw unreadable(path, (cause as Error).message, cause);
      this.add({ kind: 'absent', path });
      return undefined;
    }
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) throw unreadable(path, 'it is not a regular file');
      const data = readBounded(fd, limit);
      if (data === undefined) throw unreadable(path, `it is longer than ${limit} bytes`);
      this.add({ kind: 'content', path, sha256: createHash('sha256').update(data).digest('hex') });
      return { data, uid: stat.uid, mode: stat.mode };
    } finally {
      closeSync(fd);
    }
  }

  /** Identity of a file or directory, or undefined when there is none. Symlinks were resolved by the caller. */
  stat(path: string): { isDirectory: boolean } | undefined {
    try {
      const stat = statSync(path, { bigint: true });
      this.add({
        kind: 'file',
        path,
        dev: Number(stat.dev),
        ino: Number(stat.ino),
        size: Number(stat.size),
        mtimeNs: String(stat.mtimeNs),
        ctimeNs: String(stat.ctimeNs),
      });
      return { isDirectory: stat.isDirectory() };
    } catch (cause) {
      if (!isMissing(cause)) throw unreadable(path, (cause as Error).message, cause);
      this.add({ kind: 'absent', path });
      return undefined;
    }
  }
}

function unreadable(path: string, why: string, cause?: unknown): SecureError {
  return new SecureError('INVALID_VALUE', `cannot read ${path}: ${why}`, {
    exitCode: ExitCode.usage,
    ...(cause === undefined ? {} : { cause }),
  });
}
