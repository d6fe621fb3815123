// SPDX-License-Identifier: Apache-2.0
// subuid(5) and subgid(5): which ids a user may have besides their own.
import type { IdMap } from './identity.ts';

/** (uid_t)-1 is no id. */
const IDS = 0xffff_ffff;
/** UID_GID_MAP_MAX_EXTENTS of the kernel is 340, one of which is the user's own id. */
const RANGES = 339;

export interface Range {
  readonly first: number;
  readonly count: number;
}

const NUMBER = /^\d{1,10}$/;

/**
 * The ranges of an owner, in the order of the file. Lines that cannot be read count for nothing, as for newuidmap(1).
 * A range with id 0 in it is left out: root of the machine is nobody's to give away.
 * @param owners the user's name, if there is one, and number
 */
export function parseSubids(text: string, owners: ReadonlySet<string>): Range[] {
  const found: Range[] = [];
  for (const line of text.split('\n')) {
    const [owner = '', first = '', count = '', ...more] = line.split(':');
    if (!owners.has(owner) || more.length > 0 || !NUMBER.test(first) || !NUMBER.test(count.trim())) continue;
    const range = { first: Number(first), count: Number(count) };
    if (range.first > 0 && range.count > 0 && range.first + range.count <= IDS) found.push(range);
  }
  return found;
}

const overlap = (a: Range, b: Range) => a.first < b.first + b.count && b.first < a.first + a.count;

/**
 * Root inside is the user, and from 1 on come the ranges one after the other: the order in which podman has them as well.
 * One that overlaps what is there already is left out, since the kernel would refuse all of it.
 */
export function mapOf(own: number, ranges: readonly Range[]): IdMap[] {
  const taken: Range[] = [{ first: own, count: 1 }];
  const map: IdMap[] = [{ inside: 0, outside: own, count: 1 }];
  let next = 1;
  for (const range of ranges) {
    if (map.length > RANGES || taken.some((other) => overlap(range, other)) || next + range.count > IDS) continue;
    taken.push(range);
    map.push({ inside: next, outside: range.first, count: range.count });
    next += range.count;
  }
  return map;
}
