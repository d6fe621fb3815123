// SPDX-License-Identifier: Apache-2.0

/** A limit of a control group as its file shows it; null: none. Version 1 writes a number near 2^63 for none. */
export function cgroupLimit(text: string): number | null {
  if (!/^\d{1,20}$/.test(text)) return null;
  const value = Number(text);
  return value > 0 && value < 2 ** 62 ? value : null;
}
