// SPDX-License-Identifier: Apache-2.0
import type { Origin } from '../plan/types.ts';

/** What an image stands on, or has files of. */
export interface Base {
  readonly origin: Origin;
  /** A signature of it was verified for this build. */
  readonly signed: boolean;
}

const FROM_FAR: readonly Origin[] = ['pulled', 'imported'];

/**
 * The origin of an image that is made here: that of the least trusted of its bases whose signature nobody looked at. Else a policy that refuses what was
 * pulled would accept the same files after `FROM`.
 */
export function originOf(bases: Iterable<Base>): Origin {
  const unsigned = [...bases].filter(({ signed }) => !signed);
  return FROM_FAR.find((far) => unsigned.some(({ origin }) => origin === far)) ?? 'built';
}
