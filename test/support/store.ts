// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SecureError } from '../../src/errors.ts';
import { extractorBinary } from '../../src/runtime/binary.ts';
import { ImageStore } from '../../src/runtime/images/store.ts';

/** A directory that is gone when the test is over. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'secure-image-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function openStore(directory = join(temporaryDirectory(), 'state')): Promise<ImageStore> {
  return ImageStore.open({ state: directory, run: `${directory}-run` });
}

/** True without the native extractor, where tests of image content are skipped; with SECURE_MUST_WORK=1 they fail instead. */
export function noExtractor(): boolean {
  if (process.env.SECURE_MUST_WORK === '1') return false;
  try {
    extractorBinary();
    return process.geteuid?.() !== 0;
  } catch {
    return true;
  }
}

/** Code of the SecureError that a promise or call fails with; anything else is rethrown. */
export async function codeOf(action: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof action === 'function' ? action() : action);
  } catch (error) {
    if (error instanceof SecureError) return error.code;
    throw error;
  }
  return 'no error';
}
