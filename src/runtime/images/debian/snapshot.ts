// SPDX-License-Identifier: Apache-2.0
// The archives as they were at a moment: https://snapshot.debian.org, or a mirror that keeps them in the same way.
import { SecureError } from '../../../errors.ts';
import type { AptSource } from './sources.ts';

const DEFAULT = 'http://snapshot.debian.org/archive';
const TIMESTAMP = /^\d{8}T\d{6}Z$/;
/** PREFIX/ARCHIVE/TIMESTAMP */
const SHAPE = /^((?:https?:\/\/[A-Za-z0-9.-]+(?::\d+)?|file:\/\/)(?:\/[A-Za-z0-9._~-]+)*)\/debian\/(\d{8}T\d{6}Z)\/?$/;

export interface Snapshot {
  /** What the names of the archives are appended to. */
  readonly prefix: string;
  readonly timestamp: string;
}

/** A timestamp, or the address of the archive `debian` at one. @throws SecureError INVALID_VALUE */
export function parseSnapshot(text: string): Snapshot {
  const [, prefix, timestamp] = TIMESTAMP.test(text) ? ['', DEFAULT, text] : (SHAPE.exec(text) ?? []);
  if (prefix !== undefined && timestamp !== undefined && isTime(timestamp)) return { prefix, timestamp };
  throw new SecureError(
    'INVALID_VALUE',
    `${JSON.stringify(text.slice(0, 200))} is not a snapshot of Debian's archives`,
    {
      hint: 'write a time such as 20250520T000000Z, or an address such as https://mirror.example/archive/debian/20250520T000000Z',
    },
  );
}

function isTime(text: string): boolean {
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6.000Z');
  const time = new Date(iso);
  return !Number.isNaN(time.getTime()) && time.toISOString() === iso;
}

/** Security updates are an archive of their own, which is told by the address and by the suite. */
const isSecurity = ({ uris, suites }: AptSource) =>
  uris.every((uri) => /\/debian-security\/?$/.test(uri)) ||
  suites.every((suite) => /[-/]security$|\/updates$/.test(suite));

/** The same suites and components at that moment. Their lists were valid then; that they have expired does not count. */
export function atSnapshot(sources: readonly AptSource[], { prefix, timestamp }: Snapshot): AptSource[] {
  return sources.map((entry) => ({
    ...entry,
    uris: [`${prefix}/${isSecurity(entry) ? 'debian-security' : 'debian'}/${timestamp}`],
    past: true,
  }));
}
