// SPDX-License-Identifier: Apache-2.0
import { invalidValue } from '../read.ts';

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of `1h30m`, `10s`, `500ms`; undefined when it is no duration. */
function duration(text: string): number | undefined {
  if (!/^(?:\d{1,9}(?:\.\d{1,3})?(?:ms|[dhms]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g))
    total += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  return total;
}

/** Milliseconds of a duration such as `30s`, at most a day. @throws SecureError INVALID_VALUE */
export function parseDuration(flag: string, text: string): number {
  const value = text === '0' ? 0 : duration(text);
  if (value === undefined || !Number.isInteger(value) || value > LONGEST_STOP * 1000)
    throw invalidValue(flag, text, 'a duration such as 500ms, 30s or 1m30s, at most a day');
  return value;
}

/** What secure-runtime can wait for: a day. */
const LONGEST_STOP = 86_400;

/** Whole seconds, as `10` or `10s`, at most a day. @throws SecureError INVALID_VALUE */
export function parseSeconds(flag: string, text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : (duration(text) ?? Number.NaN) / 1000;
  if (!Number.isInteger(seconds) || seconds > LONGEST_STOP) {
    throw invalidValue(flag, text, `whole seconds such as 10, 10s or 1m, at most ${LONGEST_STOP}`);
  }
  return seconds;
}

/**
 * A moment in milliseconds since the epoch: RFC 3339, `2026-01-31`, seconds since the epoch, or a duration before `now`.
 * @throws SecureError INVALID_VALUE
 */
export function parseMoment(flag: string, text: string, now: number): number {
  const ago = duration(text);
  if (ago !== undefined) return now - ago;
  if (/^\d{1,12}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  const absolute = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(absolute)) {
    throw invalidValue(flag, text, 'a moment such as 2026-01-31T12:00:00Z, or a time ago such as 10m or 1h30m');
  }
  return absolute;
}
