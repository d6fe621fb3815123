// SPDX-License-Identifier: Apache-2.0
// Facts from a file instead of from here, and into one.
import { readTextFile } from '../../audit/read-file.ts';
import {
  auditCollected,
  auditRecorded,
  type Collected,
  MAX_BYTES,
  parseRecords,
  type RecordedTarget,
  recordText,
} from '../../audit/recorded.ts';
import type { Audited } from '../../audit/types.ts';
import { SecureError } from '../../errors.ts';
import { asTyped, valueFlag } from '../definitions.ts';
import { check, writePrivate } from './outputs.ts';

export const FACTS_FLAGS = {
  facts: valueFlag(asTyped, {
    description: 'Judge what was collected elsewhere and written by --save-facts.',
    helpValue: 'FILE',
  }),
  'save-facts': valueFlag(asTyped, {
    description: 'Write what was collected into this file: environments of containers and images are in it.',
    helpValue: 'FILE',
  }),
};
export interface FactsFlags {
  readonly facts?: string | undefined;
  readonly 'save-facts'?: string | undefined;
}

/**
 * What is here, or what `--facts` has of these targets.
 * @throws SecureError USAGE: both; AUDIT_UNREADABLE; OUTPUT_REFUSED
 */
export async function auditFacts(
  flags: FactsFlags,
  targets: readonly RecordedTarget[],
  collect: () => Promise<readonly Collected[]>,
): Promise<Audited[]> {
  const { facts: file, 'save-facts': saved } = flags;
  if (file !== undefined && saved !== undefined) {
    throw new SecureError('USAGE', '--facts and --save-facts cannot be used together', {
      hint: 'a file of facts is copied with cp',
    });
  }
  if (saved !== undefined) check(saved);
  if (file === undefined) {
    const collected = await collect();
    if (saved !== undefined) writePrivate(saved, recordText(collected));
    return auditCollected(collected);
  }
  const found = parseRecords(readTextFile(file, MAX_BYTES), file).filter(({ target }) => targets.includes(target));
  if (found.length > 0) return auditRecorded(found, file);
  throw new SecureError('AUDIT_UNREADABLE', `${file} has no facts of ${targets.join(', ')}`, {
    hint: "'secure audit host' and 'secure audit engine' each write and read their own",
  });
}
