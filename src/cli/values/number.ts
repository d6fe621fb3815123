// SPDX-License-Identifier: Apache-2.0
import { invalidValue } from '../read.ts';

/** A decimal integer within bounds; no sign, no exponent, no hexadecimal. @throws SecureError INVALID_VALUE */
export function parseInteger(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw invalidValue(flag, text, `a whole number from ${least} to ${most}`);
  return value;
}

/** The kernel takes no quota below 1 ms of its 100 ms period; more cores than this exist nowhere. */
const CORES = { least: 0.01, most: 8192 } as const;

/** Fractions of a core. @throws SecureError INVALID_VALUE */
export function parseCores(flag: string, text: string): number {
  const value = /^(?:\d{1,5}(?:\.\d{0,9})?|\.\d{1,9})$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= CORES.least && value <= CORES.most)) {
    throw invalidValue(flag, text, `a number of cores such as 0.5 or 2, at least ${CORES.least}`);
  }
  return value;
}

const LAST_CPU = 8191;

/** A list of processors as in cpuset(7): `0-3,7`. @throws SecureError INVALID_VALUE */
export function parseCpuset(flag: string, text: string): string {
  const ranges = /^\d{1,4}(?:-\d{1,4})?(?:,\d{1,4}(?:-\d{1,4})?)*$/.test(text) ? text.split(',') : [];
  const sound = ranges.map((range) => range.split('-').map(Number)).every(([a = 0, b = a]) => a <= b && b <= LAST_CPU);
  if (ranges.length === 0 || !sound) throw invalidValue(flag, text, 'processors such as 0-3 or 0,2');
  return text;
}
