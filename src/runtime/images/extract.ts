// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { ExitCode, SecureError } from '../../errors.ts';
import { extractorBinary } from '../binary.ts';
import { inInitialNamespace } from '../rootless/identity.ts';
import type { Room } from './room.ts';

/** What `secure-extract` reports. */
export interface Extracted {
  readonly diffId: string;
  /** Bytes of file content. */
  readonly bytes: number;
  readonly entries: number;
  /** Paths of set-user-id and set-group-id files. */
  readonly setid: readonly string[];
  /** The layer hides everything below it, which overlayfs cannot express for a root directory. */
  readonly opaqueRoot: boolean;
}

/** Members of one layer. The extractor's own limit would refuse a million files in directories. */
const ENTRIES = 2_000_000;

// The runtime prints one JSON line; a layer with a great many set-id files makes it long.
const OUTPUT_LIMIT = 16 << 20;

function failure(stderr: string, status: string, what: string): SecureError {
  const line = stderr.trimEnd().split('\n').at(-1) ?? '';
  try {
    const { code, message, hint } = JSON.parse(line) as Record<string, unknown>;
    if (typeof code === 'string' && typeof message === 'string') {
      const options = typeof hint === 'string' && hint !== '' ? { hint } : {};
      return new SecureError(code, `${what}: ${message}`, options);
    }
  } catch {
    // Not an error of ours: the process was killed or could not start properly.
  }
  return new SecureError('RUNTIME_FAILED', `${what}: the extractor ${status}: ${line.slice(0, 500)}`, {
    exitCode: ExitCode.internal,
  });
}

/** A layer that is being unpacked. */
export interface Extraction {
  /** Hand over a part of the layer; waits until the extractor has room for it. What nobody reads any more is dropped. */
  write(chunk: Buffer): Promise<void>;
  /**
   * The layer is complete; resolves when it is unpacked.
   * @throws SecureError what the extractor reports (PATH_ESCAPE, DIGEST_MISMATCH, NO_SPACE ...), RUNTIME_MISSING, RUNTIME_FAILED
   */
  finish(): Promise<Extracted>;
  /** Stop it; resolves when it has ended. */
  cancel(): Promise<void>;
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < OUTPUT_LIMIT) text += chunk;
  });
  return () => text;
}

/** Starts `secure-extract`; `layer` is an open file, or `pipe`. */
function start(
  layer: number | 'pipe',
  target: string,
  diffId: string | undefined,
  keep: readonly number[],
  left?: Room['left'],
) {
  const form = inInitialNamespace() ? [] : ['--userxattr'];
  const expected = diffId === undefined ? [] : ['--diff-id', diffId];
  const words = [
    '--error-format',
    'json',
    '--max-entries',
    String(Math.min(left?.entries ?? ENTRIES, ENTRIES)),
    ...(left === undefined ? [] : ['--max-bytes', String(Math.floor(left.bytes))]),
    ...form,
    '--target',
    target,
    ...expected,
    '-',
  ];
  const child = spawn(extractorBinary(), words, {
    stdio: [layer, 'pipe', 'pipe', ...keep],
    env: {},
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const what = diffId === undefined ? 'the layer' : `layer ${diffId}`;
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', (cause) => {
      reject(
        new SecureError('RUNTIME_MISSING', 'secure-extract cannot be started', { cause, exitCode: ExitCode.internal }),
      );
    });
    child.on('close', (code, signal) => resolve(signal === null ? `exited with ${code}` : `was killed by ${signal}`));
  });
  const result = ended.then((status) => {
    if (status !== 'exited with 0') throw failure(stderr(), status, what);
    try {
      return JSON.parse(stdout()) as Extracted;
    } catch {
      throw failure(stderr(), 'printed no result', what);
    }
  });
  return { child, result };
}

/**
 * Unpack a layer, plain or compressed, into an existing empty directory. A native process confined to that directory is the
 * only thing that ever writes image content. `layer` is an open file, read from its current position;
 * `keep` are further descriptors (locks) that live as long as the process does; `left` is less than any layer may have.
 * @throws SecureError as `Extraction.finish`
 */
export function extractLayer(
  layer: number,
  target: string,
  diffId: string | undefined,
  keep: readonly number[] = [],
  left?: Room['left'],
): Promise<Extracted> {
  return start(layer, target, diffId, keep, left).result;
}

/**
 * The same for a layer that arrives in parts. Nothing of it was verified when it is unpacked: that the target is thrown away
 * unless everything turns out to be right is the caller's part.
 */
export function startExtraction(target: string, diffId: string | undefined, keep: readonly number[]): Extraction {
  const { child, result } = start('pipe', target, diffId, keep);
  const { stdin } = child;
  // Its end is asked for later, and may come before that.
  result.catch(() => {});
  stdin?.on('error', () => {});
  return {
    write: (chunk) =>
      new Promise((resolve) => {
        // An extractor that has ended says why when it is asked to finish.
        if (stdin?.writable) stdin.write(chunk, () => resolve());
        else resolve();
      }),
    finish() {
      stdin?.end();
      return result;
    },
    async cancel() {
      child.kill('SIGKILL');
      await result.catch(() => {});
    },
  };
}
