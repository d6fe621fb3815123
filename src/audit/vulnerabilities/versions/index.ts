// SPDX-License-Identifier: Apache-2.0
// Which of two versions is the later one, by the rules of who gives them.
import * as pep440 from '@renovatebot/pep440';
import semver from 'semver';
import { compareApk } from './apk.ts';
import { compareDeb } from './deb.ts';
import { compareRpm } from './rpm.ts';

export type Kind = 'deb' | 'apk' | 'rpm' | 'npm' | 'pypi' | 'golang' | 'cargo';

/** Semantic versions, with the `v` that Go puts before them and without the builds that mean nothing (semver.org, 10). */
function compareSemantic(left: string, right: string): number | undefined {
  const [a, b] = [left, right].map((text) => semver.parse(text.trim().replace(/^v/, ''), { loose: true }));
  return a === null || a === undefined || b === null || b === undefined ? undefined : semver.compare(a, b);
}

/** Advisories write `1.2` and `0` where three numbers belong. */
const padded = (text: string): string =>
  text.replace(
    /^(v?)(\d+)(?:\.(\d+))?(?=$|[-+])/,
    (_, v: string, major: string, minor = '0') => `${v}${major}.${minor}.0`,
  );

function comparePython(left: string, right: string): number | undefined {
  if (pep440.valid(left.trim()) === null || pep440.valid(right.trim()) === null) return undefined;
  return pep440.compare(left.trim(), right.trim());
}

const COMPARE: Readonly<Record<Kind, (a: string, b: string) => number | undefined>> = {
  deb: compareDeb,
  apk: compareApk,
  rpm: compareRpm,
  npm: (a, b) => compareSemantic(padded(a), padded(b)),
  cargo: (a, b) => compareSemantic(padded(a), padded(b)),
  golang: (a, b) => compareSemantic(padded(a), padded(b)),
  pypi: comparePython,
};

/** No ecosystem has longer ones; what is longer is there to be slow. */
const LONGEST = 256;

/** Below, at or above 0; undefined: one of them is no version of that kind. */
export const compareVersions = (kind: Kind, a: string, b: string): number | undefined =>
  a.length > LONGEST || b.length > LONGEST ? undefined : COMPARE[kind](a, b);
