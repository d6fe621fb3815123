// SPDX-License-Identifier: Apache-2.0

/** When an image was built. Dates before containers are what reproducible builds write: null. */
export function buildDate(created: string | null): string | null {
  const time = Date.parse(created ?? '');
  return Number.isNaN(time) || time < Date.UTC(2013, 0) ? null : created;
}
