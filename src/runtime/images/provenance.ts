// SPDX-License-Identifier: Apache-2.0
import { ExitCode, SecureError } from '../../errors.ts';
import { keptContent } from './artifacts/kept.ts';
import { lockFile } from './lock.ts';
import type { ImageRecord } from './records.ts';
import type { ImageStore } from './store.ts';

/** in-toto statements (github.com/in-toto/attestation, "Statement layer"). */
export const IN_TOTO = 'application/vnd.in-toto+json';

/**
 * How an image of the store was built, as it was written then: an in-toto statement, JSON.
 * @throws SecureError IMAGE_NOT_FOUND, also when nothing is known; STORE_CORRUPT
 */
export async function imageProvenance(
  store: ImageStore,
  reference: string,
): Promise<{ record: ImageRecord; text: string }> {
  const lock = await lockFile(store.paths.lock, false);
  try {
    const { record } = await store.resolve(reference);
    const content = await keptContent(store.paths, record.digest, IN_TOTO);
    if (content !== undefined) return { record, text: content.toString('utf8') };
    throw new SecureError('IMAGE_NOT_FOUND', `how ${record.reference} was built is not known`, {
      hint: 'it is written by `secure image build`; of an image of a registry see `secure image verify`',
      exitCode: ExitCode.findings,
    });
  } finally {
    lock.release();
  }
}
