// SPDX-License-Identifier: Apache-2.0
// The only file access of the policy language, behind an interface: the rest is pure.
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import { readBounded } from '../bounded.ts';
import { SecureError } from '../errors.ts';
import type { SignatureRule } from './types.ts';

/** What was read, in the plan's vocabulary of inputs. */
export type PolicyInput =
  | { kind: 'content'; path: string; sha256: string }
  | { kind: 'absent'; path: string }
  | { kind: 'directory'; path: string; entries: readonly string[] };

export interface PolicyText {
  readonly text: string;
  /** The same for two names of one file, so that a cycle through a link is seen. */
  readonly identity: string;
}
export interface PolicyIo {
  /** Absolute; relative arguments start here. */
  readonly cwd: string;
  /** Milliseconds since 1970: what is expired. Undefined: now. */
  readonly now?: number;
  /** @throws SecureError POLICY_UNREADABLE */
  read(path: string): PolicyText;
  /** Names of the policies in a directory, in their order; undefined: it is none. */
  directory?(path: string): readonly string[] | undefined;
  /**
   * The policy of a registry, its digest checked, and its signatures by all that is required.
   * @param reference `registry/repository@sha256:…`
   * @throws SecureError REGISTRY_*, MANIFEST_UNKNOWN, DIGEST_MISMATCH, SIGNATURE_*, POLICY_UNREADABLE: it is none
   */
  remote?(reference: string, required: readonly SignatureRule[]): Promise<PolicyText>;
  /** What a reference means now, for hints. */
  digestOf?(reference: string): Promise<string | undefined>;
}

const MAX_BYTES = 1 << 20;

function unreadable(path: string, why: string, cause?: unknown): SecureError {
  return new SecureError('POLICY_UNREADABLE', `${path} ${why}`, {
    hint: `give the path of a YAML file of at most ${MAX_BYTES / 1024} KiB, or the name of a built-in policy`,
    position: { file: path },
    cause,
  });
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read',
  EISDIR: 'is a directory',
  ENOTDIR: 'lies below something that is not a directory',
  ELOOP: 'has too many symbolic links',
  ENXIO: 'is not a regular file',
};

/** Reads real files; every read, and every file that is not there, is appended to `inputs`. */
export function fileIo(inputs: PolicyInput[], cwd: string = process.cwd()): PolicyIo {
  return {
    cwd,
    directory(path) {
      let entries: string[];
      try {
        entries = readdirSync(path).sort();
      } catch {
        // It is none, or cannot be listed: reading it says which.
        return undefined;
      }
      inputs.push({ kind: 'directory', path, entries });
      return entries.filter((name) => /^[^.].*\.ya?ml$/.test(name));
    },
    read(path) {
      let fd: number;
      try {
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? '';
        if (code === 'ENOENT') inputs.push({ kind: 'absent', path });
        throw unreadable(path, WHY[code] ?? `cannot be opened (${code})`, error);
      }
      try {
        const stat = fstatSync(fd, { bigint: true });
        if (!stat.isFile()) throw unreadable(path, stat.isDirectory() ? 'is a directory' : 'is not a regular file');
        const bytes = readBounded(fd, MAX_BYTES);
        if (bytes === undefined) throw unreadable(path, `is larger than ${MAX_BYTES / 1024} KiB`);
        const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        inputs.push({ kind: 'content', path, sha256: createHash('sha256').update(bytes).digest('hex') });
        return { text, identity: `${stat.dev}:${stat.ino}` };
      } catch (error) {
        if (error instanceof SecureError) throw error;
        throw unreadable(path, error instanceof TypeError ? 'is not UTF-8 text' : 'cannot be read', error);
      } finally {
        closeSync(fd);
      }
    },
  };
}
