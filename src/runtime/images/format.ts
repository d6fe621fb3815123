// SPDX-License-Identifier: Apache-2.0

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `2.1 MB`: powers of 1000, as Docker prints sizes. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit]}`;
}
