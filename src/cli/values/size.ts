// SPDX-License-Identifier: Apache-2.0
import { invalidValue } from '../read.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};
const EXPECTED = 'a size such as 512m, 1g or 1.5GiB (powers of 1024)';

/**
 * Bytes, at least 1. `k`, `kb` and `KiB` all mean 1024, as in docker. 0 is refused: docker reads it as "no limit".
 * @throws SecureError INVALID_VALUE
 */
export function parseSize(flag: string, text: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,9})?) ?(?:([kmgtp])(?:i?b)?|b?)$/i.exec(text);
  const bytes =
    match === null ? Number.NaN : Math.floor(Number(match[1]) * (UNITS[match[2]?.toLowerCase() ?? ''] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw invalidValue(flag, text, EXPECTED);
  return bytes;
}

/** Bytes, or -1 for no limit. @throws SecureError INVALID_VALUE */
export function parseSizeOrUnlimited(flag: string, text: string): number {
  return text === '-1' ? -1 : parseSize(flag, text);
}
