// SPDX-License-Identifier: Apache-2.0
// Days of policies, `2027-01-31` in UTC, and how long exceptions hold.
import type { Exception } from './types.ts';

export const DAY = 24 * 3600_000;
/** Days before it expires that an exception is spoken of. */
const SOON_DAYS = 14;

/** A day as a number of milliseconds; NaN: there is no such day. */
export function dayOf(text: string): number {
  const time = Date.parse(`${text}T00:00:00Z`);
  return new Date(time).toISOString().startsWith(text) ? time : Number.NaN;
}

export const isDay = (text: string): boolean => {
  try {
    return !Number.isNaN(dayOf(text));
  } catch {
    return false;
  }
};

/** Whether an exception holds, to the end of its last day. @param now milliseconds */
export function stateOf({ expires }: Pick<Exception, 'expires'>, now: number): 'holds' | 'ends-soon' | 'expired' {
  const left = dayOf(expires) + DAY - now;
  // Of no day nothing holds.
  if (!(left > 0)) return 'expired';
  return left <= SOON_DAYS * DAY ? 'ends-soon' : 'holds';
}
